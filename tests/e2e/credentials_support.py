"""Unmodified AWS clients with nothing but the two variables that a CI job gives them; what must never be found."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tools.demo.vendor import Vendor
from tools.local import control
from tools.local.stack import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CLIENTS = ROOT / "build" / "clients"
AWS_CLI = "awscli==1.45.11"
JAVASCRIPT = ("@aws-sdk/client-sts@3", "@aws-sdk/credential-provider-http@3")
SECONDS = 120

JAVASCRIPT_PROGRAM = """
import { STSClient, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
const client = new STSClient({ endpoint: process.argv[2], region: "us-east-1" });
const found = [];
for (const forceRefresh of [false, true]) {
  const credentials = await client.config.credentials({ forceRefresh });
  const identity = await client.send(new GetCallerIdentityCommand({}));
  found.push({ key: credentials.accessKeyId, arn: identity.Arn, expiration: credentials.expiration });
}
console.log(JSON.stringify(found));
"""

PYTHON_PROGRAM = """
import datetime, json, sys
import boto3
client = boto3.Session(region_name="us-east-1").client("sts", endpoint_url=sys.argv[1])
credentials = client._request_signer._credentials
found = []
for minutes in (0, 50):  # the second time the session seems to have ten minutes left: botocore refreshes it
    now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
    real, credentials._time_fetcher = credentials._time_fetcher, lambda: now
    key = credentials.get_frozen_credentials().access_key
    credentials._time_fetcher = real
    found.append({"key": key, "arn": client.get_caller_identity()["Arn"], "method": credentials.method})
print(json.dumps(found))
"""


@dataclass
class Canaries:
    """Every secret that was vended or presented, to be looked for later."""

    secrets: set[str] = field(default_factory=set)

    def add(self, *secrets: str) -> None:
        """Remember secrets."""
        self.secrets.update(secret for secret in secrets if secret)

    def found_in(self, text: str) -> list[str]:
        """Return which of them a text holds."""
        return sorted(secret for secret in self.secrets if secret in text)


@dataclass(frozen=True)
class Watched(Vendor):
    """The vendor, with every secret that passes remembered."""

    canaries: Canaries = field(default_factory=Canaries)

    def id_token(self, **claims: object) -> str:
        """Return an id_token for the sample grant."""
        token = super().id_token(**claims)
        self.canaries.add(token, token.rpartition(".")[2])
        return token

    def request(self, token: str, grant: str | None = None) -> tuple[int, dict[str, Any]]:
        """Ask at door 1."""
        status, document = super().request(token, grant)
        self.canaries.add(str(document.get("SecretAccessKey", "")), str(document.get("Token", "")))
        return status, document

    def set(self, **settings: object) -> None:
        """Change settings of the local AWS."""
        control.request("PUT", f"{self.addresses['aws_endpoint']}/_local/settings", settings)

    def vends(self, door: str, since: float) -> int:
        """Return how often a door has vended since a time, by the audit log; the log lags a little."""
        time.sleep(0.5)
        lines = [json.loads(line) for line in self.log_lines(since) if line.startswith('{"door"')]
        return sum(line["door"] == door and line["message"] == "credentials vended" for line in lines)

    def job_environment(self, token: str, home: Path) -> dict[str, str]:
        """Return what a CI job has: the two variables, and nothing else of AWS."""
        base = str(self.addresses["credentials_url"]).rstrip("/")
        ours = {
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": token,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{base}/v1/credentials/{self.addresses['sample_grant']}",
        }
        neutral = {"HOME": str(home), "NO_PROXY": "127.0.0.1", "PATH": os.environ["PATH"], "no_proxy": "127.0.0.1"}
        return {**neutral, **ours}


def run(command: list[str], environment: Mapping[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a client and return how it ended."""
    return subprocess.run(
        command, capture_output=True, check=False, cwd=folder, env=dict(environment), text=True, timeout=SECONDS
    )


def succeeded(ended: subprocess.CompletedProcess[str]) -> Any:
    """Return the JSON that a client printed; what went wrong if it failed."""
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def aws_cli() -> tuple[list[str], dict[str, str]]:
    """Return the command of the AWS CLI from PyPI, installed on first use, and the variables that it needs."""
    folder = CLIENTS / "awscli"
    if not (folder / "awscli").is_dir():
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-warn-conflicts", "--target", str(folder)]
        subprocess.run([*install, AWS_CLI], check=True, timeout=SECONDS)
    return [sys.executable, "-m", "awscli"], {"PYTHONPATH": str(folder)}


def javascript(folder: Path) -> list[str]:
    """Return the command of a program that uses the JavaScript SDK from npm, installed on first use."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("the JavaScript SDK needs node and npm: install Node.js 20 or newer to run this test")
    packages = CLIENTS / "javascript"
    if not (packages / "node_modules" / "@aws-sdk" / "client-sts").is_dir():
        packages.mkdir(parents=True, exist_ok=True)
        install = ["npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(packages), *JAVASCRIPT]
        subprocess.run(install, check=True, cwd=packages, timeout=SECONDS)
    program = folder / "client.mjs"
    program.write_text(JAVASCRIPT_PROGRAM, encoding="utf-8")
    (folder / "node_modules").symlink_to(packages / "node_modules")
    return ["node", str(program)]


def written(vendor: Vendor, folder: Path) -> str:
    """Return everything that the stack has written: every log, the table's items, and the logs of its processes."""
    logs = vendor.aws("logs")
    parts = []
    for group in logs.describe_log_groups()["logGroups"]:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
        parts += [str(event["message"]) for page in pages for event in page["events"]]
    items = vendor.aws("dynamodb").scan(TableName=vendor.environment()["TABLE"])["Items"]
    assert items, "nothing was shared, so nothing can be found"
    parts += [str(value) for item in items for kind in item.values() for value in kind.values()]
    parts += [path.read_text(encoding="utf-8", errors="replace") for path in folder.glob("*.log")]
    return "\n".join(parts)
