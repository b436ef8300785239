from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tools.attribute_order import ROOT, main, ordered

if TYPE_CHECKING:
    from pathlib import Path

UNSORTED = """resource "aws_sqs_queue" "events" {
  count = 1

  name = "a"
  delay_seconds = {
    b = 1
    a = 2
  }
  # A comment keeps its place.
  url = "x"
  tags = <<-EOT
    z = 1
    a = 2
  EOT

  redrive {
    zone = "a"
    arn  = "b"
  }
}

locals {
  second = 1
  first  = 2
}
"""
SORTED = """resource "aws_sqs_queue" "events" {
  count = 1

  delay_seconds = {
    a = 2
    b = 1
  }
  name = "a"
  # A comment keeps its place.
  tags = <<-EOT
    z = 1
    a = 2
  EOT
  url = "x"

  redrive {
    arn  = "b"
    zone = "a"
  }
}

locals {
  second = 1
  first  = 2
}
"""


def test_each_group_of_attributes_is_sorted_and_nothing_is_lost() -> None:
    assert ordered(UNSORTED) == SORTED


def test_sorting_twice_changes_nothing() -> None:
    assert ordered(SORTED) == SORTED


def test_what_a_block_is_about_stays_first() -> None:
    block = 'module "a" {\n  source   = "./a"\n  for_each = {}\n  name     = "b"\n  alias    = "c"\n}\n'

    assert ordered(block) == block.replace(
        '  name     = "b"\n  alias    = "c"\n', '  alias    = "c"\n  name     = "b"\n'
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "terraform").mkdir()
    (tmp_path / "terraform" / "main.tf").write_text(UNSORTED)
    (tmp_path / "terraform" / "variables.tf").write_text('variable "a" {\n  type = string\n  default = "x"\n}\n')
    return tmp_path


def test_check_names_the_file_and_changes_nothing(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"], root) == 1
    assert "terraform/main.tf" in capsys.readouterr().err
    assert (root / "terraform" / "main.tf").read_text() == UNSORTED


def test_a_variables_file_keeps_the_order_that_people_expect(root: Path) -> None:
    before = (root / "terraform" / "variables.tf").read_text()

    assert main([], root) == 0
    assert main(["--check"], root) == 0
    assert (root / "terraform" / "variables.tf").read_text() == before


def test_the_projects_own_files_are_sorted() -> None:
    assert main(["--check"], ROOT) == 0
