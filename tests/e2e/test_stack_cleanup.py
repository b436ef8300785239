"""Nothing of the stack stays behind when something goes wrong."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tools.local import processes, stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.e2e

TERRAFORM = """#!{python}
import pathlib, sys, time
folder = pathlib.Path({folder!r})
command = sys.argv[1]
if command == "version":
    print('{{"terraform_version": "1.11.0"}}')
elif command == "apply":
    (folder / "applying").touch()
    if {hangs}:
        time.sleep(60)
    print("Error: no such thing")
    sys.exit(1)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return the folder of a stack of its own; whatever a test leaves running is stopped."""
    path = stack.ROOT / "build" / f"cleanup-{os.getpid()}"
    yield path
    for process in processes.load(path / stack.PROCESSES):
        processes.stop(process)
    shutil.rmtree(path, ignore_errors=True)


def start(folder: Path, tmp_path: Path, *, hangs: bool) -> subprocess.Popen[str]:
    """Start make up's command with a Terraform that fails, or never ends."""
    fake = tmp_path / "terraform"
    fake.write_text(TERRAFORM.format(python=sys.executable, folder=str(tmp_path), hangs=hangs))
    fake.chmod(0o755)
    return subprocess.Popen(
        [sys.executable, "-m", "tools.local", "up", "--stack", folder.name],
        cwd=stack.ROOT,
        env={**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def started_processes(folder: Path, tmp_path: Path) -> list[processes.Background]:
    """Wait until Terraform applies, and return the processes that run by then."""
    deadline = time.monotonic() + 60
    while not (tmp_path / "applying").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    known: list[dict[str, object]] = json.loads((folder / stack.PROCESSES).read_text())
    return [processes.Background(**entry) for entry in known]  # type: ignore[arg-type]


def assert_nothing_is_left(folder: Path, known: list[processes.Background]) -> None:
    assert {process.name for process in known} == {"aws", "gitlab"}
    assert [process for process in known if processes.is_alive(process)] == []
    assert sorted(path.name for path in folder.iterdir() if not path.name.endswith(".log")) == []


def test_a_failed_apply_says_why_and_leaves_no_process_and_no_state(folder: Path, tmp_path: Path) -> None:
    with start(folder, tmp_path, hangs=False) as process:
        known = started_processes(folder, tmp_path)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "terraform apply failed" in said
    assert "no such thing" in said
    assert_nothing_is_left(folder, known)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_no_process_and_no_state(
    folder: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    with start(folder, tmp_path, hangs=True) as process:
        known = started_processes(folder, tmp_path)
        process.send_signal(number)
        process.communicate(timeout=60)
    assert code == process.returncode
    assert_nothing_is_left(folder, known)


def test_a_missing_token_for_another_gitlab_is_named(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "GITLAB_TOKEN"}
    answer = subprocess.run(
        [sys.executable, "-m", "tools.local", "up", "--stack", "other", "--gitlab-url", "https://gitlab.example.com"],
        capture_output=True,
        check=False,
        cwd=stack.ROOT,
        env=environment,
        text=True,
    )
    assert answer.returncode == 1
    assert "GITLAB_URL needs GITLAB_TOKEN" in answer.stderr
    assert "Traceback" not in answer.stderr
