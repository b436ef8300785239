from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tools.local.gitlab.__main__ import is_gone, main

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[4]
COMMAND = [sys.executable, "-m", "tools.local.gitlab", "--port", "0"]


@contextmanager
def stand_in(ready: Path, *options: str) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    command = [*COMMAND, "--ready-file", str(ready), *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while not ready.exists():
            assert process.poll() is None, "it ended before it was ready"
            assert time.monotonic() < deadline, "it was not ready within twenty seconds"
            time.sleep(0.01)
        yield process, json.loads(ready.read_text())
    finally:
        process.kill()
        process.wait()


def test_the_ready_file_says_where_and_with_what_to_ask_and_is_ours_alone(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    with stand_in(ready) as (process, content):
        request = urllib.request.Request(
            f"{content['endpoint']}/api/v4/user", headers={"PRIVATE-TOKEN": content["token"]}
        )
        with urllib.request.urlopen(request, timeout=5) as answer:
            assert json.loads(answer.read())["username"] == "fleet"
        assert (process.pid, content["url"]) == (content["pid"], f"http://127.0.0.1:{content['port']}")
        assert ready.stat().st_mode & 0o077 == 0
        process.send_signal(signal.SIGTERM)
        started = time.monotonic()
        assert process.wait(timeout=5) == 0
        assert time.monotonic() - started < 2


def test_it_stops_when_its_parent_is_gone(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        with stand_in(tmp_path / "ready", "--parent-pid", str(parent.pid)) as (process, _):
            parent.communicate(b"\n")
            assert process.wait(timeout=5) == 0
    finally:
        parent.kill()
        parent.communicate()


def test_a_process_without_a_parent_to_watch_is_never_orphaned() -> None:
    assert not is_gone(None, was_child=False)
    assert not is_gone(1, was_child=False)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--port", "70000"], "--port must be between 0 and 65535, not 70000"),
        (["--tls-cert", "c.pem"], "--tls-cert and --tls-key belong together"),
        (["--senders", "0"], "--senders must be at least 1, not 0"),
    ],
)
def test_options_that_cannot_be_are_refused_by_name(
    options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(options)
    assert words in capsys.readouterr().err


def test_a_certificate_that_is_missing_is_named(tmp_path: Path) -> None:
    options = ["--tls-cert", str(tmp_path / "c.pem"), "--tls-key", str(tmp_path / "k.pem")]
    ended = subprocess.run([*COMMAND, *options], cwd=ROOT, check=False, capture_output=True, text=True, timeout=20)
    assert ended.returncode == 2
    assert "cannot start" in ended.stderr
    assert "Traceback" not in ended.stderr
