"""Where tools find a local stack."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from tools.local.addresses import NotUpError, addresses
from tools.local.stack import OUTPUTS, PROCESSES, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ENDED = "test-ended-stack"


@pytest.fixture
def ended() -> Iterator[Path]:
    """The folder of a stack whose process is gone."""
    folder = ROOT / "build" / ENDED
    folder.mkdir(parents=True, exist_ok=True)
    (folder / OUTPUTS).write_text("{}", encoding="utf-8")
    (folder / PROCESSES).write_text(json.dumps([{"name": "aws", "pid": 1, "born": "never"}]), encoding="utf-8")
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def test_a_stack_that_is_not_up_is_one_sentence_with_both_ways_out() -> None:
    with pytest.raises(NotUpError) as caught:
        addresses("no-such-stack", "FLEET=name")

    assert str(caught.value) == (
        "the local stack no-such-stack is not up, build/no-such-stack/outputs.json does not exist: "
        "run make up STACK=no-such-stack, or give FLEET=name"
    )


def test_a_stack_whose_processes_have_ended_is_not_asked(ended: Path) -> None:
    with pytest.raises(NotUpError, match=f"{ended.name} is not up, its processes have ended"):
        addresses(ended.name, "FLEET=name")


def test_a_stack_that_is_up_has_its_addresses(ended: Path) -> None:
    (ended / PROCESSES).write_text("[]", encoding="utf-8")

    assert addresses(ended.name, "FLEET=name") == {}
