"""How the demo begins and ends."""

from __future__ import annotations

import os
import shutil
import signal
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest

from tools.demo.__main__ import main
from tools.local import processes
from tools.local.stack import PROCESSES, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "test-demo-running"


@pytest.fixture
def folder() -> Iterator[Path]:
    path = ROOT / "build" / NAME
    path.mkdir(parents=True, exist_ok=True)
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield path
    finally:
        signal.signal(signal.SIGTERM, before)
        shutil.rmtree(path)


def test_a_demo_leaves_alone_what_another_one_has_started(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ours = processes.Background("aws", os.getpid(), processes.born(os.getpid()))
    processes.save(folder / PROCESSES, [ours])

    assert main(["--stack", NAME]) == 1

    assert f"error: make demo: the stack {NAME} is up" in capsys.readouterr().err
    assert processes.is_alive(ours)
    assert [asdict(ours)] == [asdict(each) for each in processes.load(folder / PROCESSES)]


def test_without_terraform_the_demo_ends_with_one_sentence_and_leaves_nothing_running(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(folder))

    assert main(["--stack", NAME]) == 1

    assert "Terraform is not on PATH: see developer.hashicorp.com" in capsys.readouterr().err
    assert processes.load(folder / PROCESSES) == []
