"""What make examples does when examples fail, or when it is stopped, with a Terraform of our own."""

from __future__ import annotations

import os
import sys
import time
from queue import SimpleQueue
from typing import TYPE_CHECKING

import pytest

from tools.local import examples
from tools.local.examples import Outcome
from tools.local.terraform import RUNNING, Terraform, TerraformError

if TYPE_CHECKING:
    from pathlib import Path

TERRAFORM = """#!{python}
import os, pathlib, sys, time
command, folder = sys.argv[1], pathlib.Path.cwd()
if command == "version":
    print('{{"terraform_version": "1.11.0"}}')
elif command == "output":
    print("{{}}")
elif command == "show":
    update = [{{"address": "a.b", "change": {{"actions": ["update"]}}}}] if folder.name == "arm64" else []
    print('{{"resource_changes": %s}}' % str(update).replace("'", '"'))
elif (command, folder.name) == ("apply", "webhook"):
    print("Error: no such thing")
    sys.exit(1)
elif (command, folder.name) == ("apply", "groups"):
    time.sleep(60)
"""


@pytest.fixture
def free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> examples.Terraforms:
    """Two Terraforms that apply nothing: webhook fails, arm64 changes with a second plan, groups hangs."""
    fake = tmp_path / "terraform"
    fake.write_text(TERRAFORM.format(python=sys.executable))
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    queue: examples.Terraforms = SimpleQueue()
    for _ in range(2):
        queue.put(Terraform(tmp_path, {"PATH": os.environ["PATH"]}))
    return queue


def test_a_failed_example_is_told_and_the_others_go_on(free: examples.Terraforms, tmp_path: Path) -> None:
    said: list[str] = []
    outcomes = examples.all_outcomes(["webhook", "minimal", "arm64"], free, said.append)
    assert [outcome.name for outcome in outcomes] == ["arm64", "minimal", "webhook"]
    changed, fine, failed = (outcome.error for outcome in outcomes)
    assert "a second plan has changes: a.b: ['update']" in changed
    assert fine == ""
    assert "no such thing" in failed
    assert sorted(["[1/3]", "[2/3]", "[3/3]"]) == sorted(text.split()[0] for text in said)
    assert (tmp_path / "webhook" / "terraform.log").is_file()
    assert not (tmp_path / "minimal").exists()


def test_a_stop_interrupts_what_runs_and_starts_no_more(free: examples.Terraforms, tmp_path: Path) -> None:
    def stop(_: str) -> None:
        raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        examples.all_outcomes(["groups", "minimal", "custom-image", "shell-executor", "spot-diversified"], free, stop)
    assert time.monotonic() - started < 30
    assert set() == RUNNING
    assert not (tmp_path / "spot-diversified").exists()


def test_the_table_has_a_line_for_each_example_and_then_the_reasons() -> None:
    lines = list(examples.table([Outcome("arm64", 61.4), Outcome("webhook", 5, "terraform apply failed")]))
    assert [text.split() for text in lines[:2]] == [["arm64", "61", "s", "ok"], ["webhook", "5", "s", "failed"]]
    assert lines[2:] == ["\nexamples/webhook: terraform apply failed"]


def test_an_unknown_example_is_refused_with_the_names_of_those_there_are() -> None:
    with pytest.raises(TerraformError, match=r"no such example: nothing; there are .*minimal.*webhook"):
        examples.chosen(["minimal", "nothing"])


def test_all_examples_are_applied_unless_some_are_named() -> None:
    assert examples.chosen(["webhook"]) == ["webhook"]
    everything = examples.chosen([])
    assert len(everything) > 10
    assert not set(everything) & examples.LEFT_OUT
