"""What `make up` and `make down` say before anything is started."""

from __future__ import annotations

import subprocess
import sys
import threading

from tools.local.control import unreachable
from tools.local.gitlab.app import GitLab
from tools.local.gitlab.server import Server
from tools.local.stack import ROOT


def test_a_gitlab_that_does_not_answer_has_a_reason() -> None:
    assert "refused" in unreachable("http://127.0.0.1:9")
    assert "unknown url type" in unreachable("gitlab.example.com")


def test_a_gitlab_that_refuses_is_reachable() -> None:
    server = Server(GitLab(), 0, None)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        assert unreachable(f"{server.endpoint}/") == ""
    finally:
        server.stop()
        thread.join()


def test_a_stack_is_stopped_without_the_environments() -> None:
    # -S: without the site-packages, so with the standard library alone.
    command = [sys.executable, "-S", "-m", "tools.local", "down", "--stack", "no-such-stack"]
    ended = subprocess.run(command, capture_output=True, check=False, cwd=ROOT, text=True)

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "no-such-stack: was not up\n", "")
