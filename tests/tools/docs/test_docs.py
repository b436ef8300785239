from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tools.docs.__main__ import BEGIN, END, ROOT, main
from tools.docs.hcl import DocsError, Field, blocks, fields
from tools.docs.render import reference

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


@pytest.fixture
def module(tmp_path: Path) -> Path:
    (tmp_path / "variables.tf").write_text(VARIABLES)
    (tmp_path / "outputs.tf").write_text(OUTPUTS)
    (tmp_path / "README.md").write_text(f"# Module\n\n{BEGIN}\nold\n{END}\n\nEnd.\n")
    return tmp_path


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


def test_the_readme_is_written_once_and_is_then_up_to_date(module: Path) -> None:
    assert main(["--check"], module) == 1
    assert main([], module) == 0
    assert main(["--check"], module) == 0
    text = (module / "README.md").read_text()
    assert text.startswith("# Module\n")
    assert text.endswith("\n\nEnd.\n")
    assert "old" not in text


def test_a_readme_without_markers_is_named(module: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (module / "README.md").write_text("# Module\n")
    assert main([], module) == 2
    assert BEGIN in capsys.readouterr().err


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


def test_the_modules_readme_is_up_to_date() -> None:
    assert main(["--check"], ROOT / "terraform") == 0
