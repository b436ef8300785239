"""Background processes are started, told apart and ended."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tools.local import processes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); open('{}', 'w').close(); time.sleep(60)"


@pytest.fixture
def started() -> Iterator[list[processes.Background]]:
    known: list[processes.Background] = []
    yield known
    for process in known:
        processes.stop(process)


def sleeper(folder: Path, started: list[processes.Background], code: str = "import time; time.sleep(60)") -> None:
    started.append(processes.start("sleeper", [sys.executable, "-c", code], folder, os.environ))


def test_a_stopped_process_is_gone(tmp_path: Path, started: list[processes.Background]) -> None:
    sleeper(tmp_path, started)
    assert processes.is_alive(started[0])
    processes.stop(started[0])
    assert not processes.is_alive(started[0])


def test_a_process_that_ignores_the_polite_signal_is_ended_for_good(
    tmp_path: Path, started: list[processes.Background], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "STOP_SECONDS", 0.2)
    ready = tmp_path / "ready"
    sleeper(tmp_path, started, STUBBORN.format(ready))
    while not ready.exists():
        assert processes.is_alive(started[0])
    processes.stop(started[0])
    assert not processes.is_alive(started[0])


def test_a_later_process_with_the_same_id_is_left_alone(tmp_path: Path, started: list[processes.Background]) -> None:
    sleeper(tmp_path, started)
    earlier = replace(started[0], born="long ago")
    processes.stop(earlier)
    assert processes.is_alive(started[0])


def test_processes_are_remembered(tmp_path: Path, started: list[processes.Background]) -> None:
    sleeper(tmp_path, started)
    processes.save(tmp_path / "known.json", started)
    assert started == processes.load(tmp_path / "known.json")
    assert processes.load(tmp_path / "missing.json") == []


def test_a_process_that_dies_before_it_is_ready_is_an_error_with_its_last_words(
    tmp_path: Path, started: list[processes.Background]
) -> None:
    sleeper(tmp_path, started, "raise SystemExit('no port is free')")
    with pytest.raises(processes.ProcessError, match="no port is free"):
        processes.wait_until_ready(started[0], tmp_path / "ready")


def test_what_the_ready_file_says_is_returned(tmp_path: Path, started: list[processes.Background]) -> None:
    ready = tmp_path / "ready"
    sleeper(tmp_path, started, f"import time; open({str(ready)!r}, 'w').write('{{\"port\": 1}}'); time.sleep(60)")
    assert processes.wait_until_ready(started[0], ready) == {"port": 1}
