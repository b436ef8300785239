from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tools.local.imds.__main__ import parse

ROOT = Path(__file__).parents[4]


def ask(url: str, method: str = "GET", **headers: str) -> str:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with urllib.request.urlopen(urllib.request.Request(url, headers=named, method=method), timeout=5) as answer:
        return str(answer.read().decode())


def test_the_program_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    command = [sys.executable, "-m", "tools.local.imds", "--ready-file", str(ready), "--instance-id", "i-1234567890"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while not (ready.exists() and ready.read_text()):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        endpoint = json.loads(ready.read_text())["endpoint"]
        token = ask(f"{endpoint}/latest/api/token", "PUT", X_aws_ec2_metadata_token_ttl_seconds="60")
        assert ask(f"{endpoint}/latest/meta-data/instance-id", X_aws_ec2_metadata_token=token) == "i-1234567890"
        with pytest.raises(urllib.error.HTTPError, match="401"):
            ask(f"{endpoint}/latest/meta-data/instance-id")
        with pytest.raises(urllib.error.HTTPError, match="404"):
            ask(f"{endpoint}/2009-04-04/meta-data/instance-id")
        assert json.loads(ask(f"{endpoint}/_control/stats"))["requests"] == 3
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()


def test_a_market_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--market", "barter"])
    assert "barter" in capsys.readouterr().err
