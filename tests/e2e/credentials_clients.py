"""Unmodified AWS clients, installed once from locked files, and the programs that they run."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tools.local.stack import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

CLIENTS = ROOT / "build" / "clients"
LOCKED = ROOT / "tests" / "e2e" / "clients"
STAMP = "installed.sha256"
OLDEST_NODE = 20
TRIES = 3
PAUSE_SECONDS = 5.0
INSTALL_SECONDS = 180
RUN_SECONDS = 60
LAST_WORDS = 5

JAVASCRIPT_PROGRAM = """
import { STSClient, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
const client = new STSClient({ endpoint: process.argv[2], region: "us-east-1" });
const found = [];
const now = Date.now;
for (const minutes of [0, 30, 57]) {  // the last time the session seems to have three minutes left: it is refreshed
  Date.now = () => now() + minutes * 60000;
  const credentials = await client.config.credentials();
  Date.now = now;
  const identity = await client.send(new GetCallerIdentityCommand({}));
  found.push({ key: credentials.accessKeyId, arn: identity.Arn });
}
console.log(JSON.stringify(found));
"""

PYTHON_PROGRAM = """
import datetime, json, sys
import boto3
client = boto3.Session(region_name="us-east-1").client("sts", endpoint_url=sys.argv[1])
credentials = client._request_signer._credentials
found = []
for minutes in (0, 30, 50):  # the last time the session seems to have ten minutes left: botocore refreshes it
    now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
    real, credentials._time_fetcher = credentials._time_fetcher, lambda: now
    key = credentials.get_frozen_credentials().access_key
    credentials._time_fetcher = real
    found.append({"key": key, "arn": client.get_caller_identity()["Arn"], "method": credentials.method})
print(json.dumps(found))
"""


class InstallError(Exception):
    """A client could not be installed; the message says why, and what to do."""


@dataclass(frozen=True)
class Client:
    """A client, the files that lock it, and the command that installs it.

    Args:
        folder: where it is installed.
        locks: what it is installed from.
        command: installs it into the folder.
        needs_copies: whether the command is run in that folder and wants copies of the locks there.
    """

    folder: Path
    locks: Sequence[str]
    command: Sequence[str]
    needs_copies: bool = False

    @property
    def fingerprint(self) -> str:
        """What the installation depends on."""
        parts = [(LOCKED / name).read_bytes() for name in self.locks]
        return hashlib.sha256(b"\n".join([*parts, repr(self.command).encode()])).hexdigest()


AWS_CLI = Client(
    CLIENTS / "aws-cli",
    ("awscli.txt",),
    (sys.executable, str(ROOT / "tools" / "venv.py"), str(CLIENTS / "aws-cli"), str(LOCKED / "awscli.txt")),
)
JAVASCRIPT = Client(
    CLIENTS / "javascript",
    ("package.json", "package-lock.json"),
    ("npm", "ci", "--ignore-scripts", "--loglevel=error", "--no-audit", "--no-fund"),
    needs_copies=True,
)


def install(
    client: Client,
    run: Callable[..., Any] = subprocess.run,
    pause: Callable[[float], object] = time.sleep,
) -> None:
    """Install a client unless it is there; the registry gets a few tries, each of a bounded time.

    Raises:
        InstallError: none of them succeeded.
    """
    with alone(client):
        stamp = client.folder / STAMP
        if stamp.is_file() and stamp.read_text(encoding="ascii") == client.fingerprint:
            return
        words = ""
        for attempt in range(TRIES):
            pause(attempt * PAUSE_SECONDS)
            try:
                attempt_install(client, run)
            except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
                words = last_words(error)
            else:
                stamp.write_text(client.fingerprint, encoding="ascii")
                return
    raise InstallError(f"{client.folder} could not be installed in {TRIES} tries: is its registry reachable?\n{words}")


@contextmanager
def alone(client: Client) -> Iterator[None]:
    """Let one process at a time install a client."""
    client.folder.parent.mkdir(parents=True, exist_ok=True)
    with client.folder.with_suffix(".lock").open("w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def attempt_install(client: Client, run: Callable[..., Any]) -> None:
    """Install a client into an empty folder, with whatever registries the user's own settings name."""
    shutil.rmtree(client.folder, ignore_errors=True)
    client.folder.mkdir(parents=True)
    for name in client.locks if client.needs_copies else ():
        shutil.copy(LOCKED / name, client.folder)
    run(
        list(client.command),
        check=True,
        cwd=client.folder if client.needs_copies else ROOT,
        stderr=subprocess.STDOUT,
        stdout=subprocess.PIPE,
        text=True,
        timeout=INSTALL_SECONDS,
    )


def last_words(error: subprocess.CalledProcessError | subprocess.TimeoutExpired) -> str:
    """Return how an installation ended."""
    said = error.output or ""
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    return "\n".join([str(error), *text.strip().splitlines()[-LAST_WORDS:]])


def aws_cli() -> list[str]:
    """Return the command of the AWS CLI."""
    install(AWS_CLI)
    return [str(AWS_CLI.folder / "bin" / "python"), "-m", "awscli"]


def javascript(folder: Path) -> list[str]:
    """Return the command of a program that uses the JavaScript SDK; skip the test where there is no Node.js."""
    version = node_version()
    if version < OLDEST_NODE or shutil.which("npm") is None:
        found = f"found Node.js {version}" if version else "found none"
        pytest.skip(f"the JavaScript SDK needs Node.js {OLDEST_NODE} or newer with npm ({found}); it is optional here")
    install(JAVASCRIPT)
    program = folder / "client.mjs"
    program.write_text(JAVASCRIPT_PROGRAM, encoding="utf-8")
    (folder / "node_modules").symlink_to(JAVASCRIPT.folder / "node_modules")
    return ["node", str(program)]


def node_version() -> int:
    """Return the major version of the installed Node.js; 0 without one."""
    if shutil.which("node") is None:
        return 0
    said = subprocess.run(["node", "--version"], capture_output=True, check=False, text=True, timeout=RUN_SECONDS)
    major = said.stdout.strip().removeprefix("v").partition(".")[0]
    return int(major) if major.isdigit() else 0


def job_environment(variables: Mapping[str, str], home: Path) -> dict[str, str]:
    """Return the environment of a CI job: what GitLab was told to set, and nothing else of AWS."""
    neutral = {"HOME": str(home), "NO_PROXY": "127.0.0.1", "PATH": os.environ["PATH"], "no_proxy": "127.0.0.1"}
    return {**neutral, **variables}


def run(command: list[str], environment: Mapping[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a client and return how it ended."""
    return subprocess.run(
        command, capture_output=True, check=False, cwd=folder, env=dict(environment), text=True, timeout=RUN_SECONDS
    )


def succeeded(ended: subprocess.CompletedProcess[str]) -> Any:
    """Return the JSON that a client printed; what went wrong if it failed."""
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)
