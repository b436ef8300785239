from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from tools.cost.model import Usage, estimate, total
from tools.docs.__main__ import REFERENCE, ROOT, TABLES, main
from tools.docs.figures import priced
from tools.docs.hcl import DocsError, Field, blocks, fields
from tools.docs.render import reference
from tools.docs.tables import tables

if TYPE_CHECKING:
    from pathlib import Path

VARIABLES = """
variable "name" {
  description = "Name of the \\"fleet\\"."
  type        = string
  default     = "ci"

  validation {
    condition     = var.name != ""
    error_message = "name must be given."
  }
}

variable "asg" {
  description = <<-EOT
    The group.
    max_size, min_size: bounds of the group.
    tags: "a" | "b", or <any>.
  EOT
  type = object({
    max_size = number
    min_size = optional(number, 0)
    tags = optional(object({
      list = optional(list(string), ["a, b"])
    }), {})
  })
}
"""
OUTPUTS = """
output "url" {
  description = "Where it is."
  value       = one(aws_thing.this[*].url)
}
"""


MAIN = """
terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100"
    }
  }
}

data "aws_region" "current" {}

resource "aws_sqs_queue" "events" {
  name = "a|b"
}

resource "terraform_data" "package" {
  input = 1
}

module "function" {
  source = "./modules/lambda"
}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    module = tmp_path / "terraform"
    module.mkdir()
    (module / "variables.tf").write_text(VARIABLES)
    (module / "outputs.tf").write_text(OUTPUTS)
    (module / "main.tf").write_text(MAIN)
    parts = "\n\n".join(f"{begin}\nold\n{end}" for begin, end in (REFERENCE, TABLES))
    (module / "README.md").write_text(f"# Module\n\n{parts}\n\nEnd.\n")
    return tmp_path


@pytest.fixture
def module(root: Path) -> Path:
    return root / "terraform"


def test_every_input_and_output_is_in_the_reference(module: Path) -> None:
    text = reference(blocks(module))
    assert '### name\n\nName of the "fleet". Default: `"ci"`.' in text
    assert "| `max_size` | `number` | required | bounds of the group. |" in text
    assert "| `min_size` | `number` | `0` | bounds of the group. |" in text
    assert (
        '| `tags` | `object({ list = optional(list(string), ["a, b"]) })` | `{}` | "a" \\| "b", or &lt;any>. |' in text
    )
    assert "| `url` | Where it is. |" in text


def test_required_inputs_come_first(module: Path) -> None:
    text = reference(blocks(module))
    assert text.index("### asg") < text.index("### name")


def test_an_optional_attribute_without_default_is_null() -> None:
    assert fields("object({\n    key = optional(string)\n  })") == [Field("key", "string", "null")]


def test_the_tables_have_terraform_docs_layout(module: Path) -> None:
    text = tables(blocks(module))
    assert '| <a name="requirement_terraform"></a> [terraform](#requirement\\_terraform) | >= 1.9 |' in text
    assert '| <a name="provider_aws"></a> [aws](#provider\\_aws) | >= 5.100 |' in text
    assert '| <a name="provider_terraform"></a> [terraform](#provider\\_terraform) | n/a |' in text
    assert '| <a name="module_function"></a> [function](#module\\_function) | ./modules/lambda | n/a |' in text
    assert "/docs/data-sources/region) | data source |" in text
    assert "/docs/resources/sqs_queue) | resource |" in text
    assert "| terraform_data.package | resource |" in text
    assert '| <a name="input_name"></a> [name](#input\\_name) | Name of the "fleet". | `string` | `"ci"` | no |' in text
    assert "<pre>object({<br/>    max_size = number<br/>" in text
    assert "n/a | yes |" in text
    assert '| <a name="output_url"></a> [url](#output\\_url) | Where it is. |' in text


def test_what_a_module_does_not_have_is_said(tmp_path: Path) -> None:
    (tmp_path / "outputs.tf").write_text(OUTPUTS)
    assert "## Modules\n\nNo modules." in tables(blocks(tmp_path))


def test_an_example_without_readme_is_named(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "examples" / "one").mkdir(parents=True)
    (root / "examples" / "one" / "main.tf").write_text(MAIN)
    assert main([], root) == 2
    assert "examples/one/README.md" in capsys.readouterr().err


def test_the_readme_is_written_once_and_is_then_up_to_date(root: Path, module: Path) -> None:
    assert main(["--check"], root) == 1
    assert main([], root) == 0
    assert main(["--check"], root) == 0
    text = (module / "README.md").read_text()
    assert text.startswith("# Module\n")
    assert text.endswith("\n\nEnd.\n")
    assert "old" not in text


def test_a_readme_without_markers_is_named(root: Path, module: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (module / "README.md").write_text("# Module\n")
    assert main([], root) == 2
    assert TABLES[0] in capsys.readouterr().err


def test_an_attribute_without_description_is_named(module: Path) -> None:
    (module / "variables.tf").write_text(VARIABLES.replace("max_size, min_size:", "max_size:"))
    with pytest.raises(DocsError, match="min_size"):
        reference(blocks(module))


def test_a_description_of_no_attribute_is_named(module: Path) -> None:
    (module / "variables.tf").write_text(VARIABLES.replace("tags: ", "labels: "))
    with pytest.raises(DocsError, match="labels"):
        reference(blocks(module))


def test_a_folder_without_terraform_is_named(tmp_path: Path) -> None:
    with pytest.raises(DocsError, match="no variables"):
        blocks(tmp_path)


def test_every_readme_is_up_to_date() -> None:
    assert main(["--check"], ROOT) == 0


def test_terraform_docs_is_used_where_it_is_installed_with_the_projects_configuration(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = root / "bin" / "terraform-docs"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >>{root}/asked\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)

    assert main([], root) == 0
    assert (root / "asked").read_text().split() == ["--config", f"{root}/.terraform-docs.yml", f"{root}/terraform"]
    assert "lockfile: false" in (ROOT / ".terraform-docs.yml").read_text()


def test_a_cost_is_the_one_that_its_command_prints() -> None:
    once = priced(
        "Idle 1.00 USD a month (`make cost`), 2.00 USD a month\n(`make cost INSTANCES=1 COST_OPTIONS='--dashboard'`)."
    )
    idle, busy = map(float, re.findall(r"\d+\.\d\d", once))
    assert f"{total(estimate(Usage())):.2f}" == f"{idle:.2f}"
    assert f"{total(estimate(Usage(instances=1, dashboard=True))):.2f}" == f"{busy:.2f}"
    assert once == priced(once)


def test_a_price_without_a_command_is_left_alone() -> None:
    assert priced("A key is 1.00 USD a month.") == "A key is 1.00 USD a month."


def test_a_wrong_cost_is_out_of_date(root: Path, module: Path) -> None:
    assert main([], root) == 0
    readme = module / "README.md"
    readme.write_text(readme.read_text().replace("End.", "0.01 USD a month (`make cost`)"))
    assert main(["--check"], root) == 1
    assert main([], root) == 0
    assert "0.01 USD" not in readme.read_text()
