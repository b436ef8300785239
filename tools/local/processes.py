"""Start the stack's background processes, and end those and no others."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PROC = Path("/proc")
READY_SECONDS = 60
STOP_SECONDS = 10
GROUP_SECONDS = 2
CHILDREN: dict[int, subprocess.Popen[bytes]] = {}
"""The processes that this one has started, to reap them when they end."""


class ProcessError(Exception):
    """A background process did not start; the message holds its last words."""


@dataclass(frozen=True)
class Background:
    """A process that was started: its id, and what tells it from a later process with the same id."""

    name: str
    pid: int
    born: str


def start(name: str, command: list[str], folder: Path, environment: Mapping[str, str]) -> Background:
    """Start a process that outlives us, in a session of its own, with its output in <folder>/<name>.log."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            env=dict(environment),
            start_new_session=True,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            stdout=log,
        )
    CHILDREN[process.pid] = process
    return Background(name, process.pid, born(process.pid))


def wait_until_ready(process: Background, ready: Path) -> dict[str, object]:
    """Wait until a process has written its ready file and return what it says.

    Raises:
        ProcessError: it ended, or took longer than a minute.
    """
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if ready.is_file() and (text := ready.read_text(encoding="utf-8")):
            answer: dict[str, object] = json.loads(text)
            return answer
        if not is_alive(process):
            break
        time.sleep(0.05)
    log = ready.parent / f"{process.name}.log"
    words = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-10:])
    raise ProcessError(f"{process.name} did not start; the end of {log}:\n{words}")


def stop(process: Background) -> None:
    """End a process and whatever it left in its session: politely first, then for good."""
    if is_alive(process):
        os.kill(process.pid, signal.SIGTERM)
        wait_for_end(process, STOP_SECONDS)
        if is_alive(process):
            signal_group(process, signal.SIGKILL)
            wait_for_end(process, GROUP_SECONDS)


def signal_group(process: Background, number: signal.Signals) -> None:
    """Signal every process of the session that a process leads; none left is fine."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def wait_for_end(process: Background, seconds: float) -> None:
    """Wait until a process has ended, at most so long."""
    deadline = time.monotonic() + seconds
    while is_alive(process) and time.monotonic() < deadline:
        time.sleep(0.05)


def is_alive(process: Background) -> bool:
    """Tell whether a process still runs; a child of ours that has ended is reaped."""
    child = CHILDREN.get(process.pid)
    if child is not None and child.poll() is not None:
        del CHILDREN[process.pid]
    return born(process.pid) == process.born != ""


def born(pid: int) -> str:
    """Return when a process started, to tell it from a later one; empty when there is none, or it awaits reaping."""
    if PROC.is_dir():
        return born_by_proc(pid)
    answer = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], check=False, capture_output=True, text=True)
    state, _, since = answer.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else since.strip()


def born_by_proc(pid: int) -> str:
    """Return a process's start in clock ticks since boot, from Linux's /proc (proc(5): fields 3 and 22 of stat)."""
    try:
        stat = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else fields[19]


def save(path: Path, processes: list[Background]) -> None:
    """Remember processes in a file."""
    path.write_text(json.dumps([asdict(process) for process in processes]), encoding="utf-8")


def load(path: Path) -> list[Background]:
    """Return the processes that a file remembers; none when there is no such file."""
    if not path.is_file():
        return []
    return [Background(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]
