"""Run Terraform on a copy of the tree, so that nothing is left in it."""

from __future__ import annotations

import shutil
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from tools.local.provider import serving_provider

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("terraform", "examples", "lambda_src", "tools/package", "tests/terraform/fixtures")
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".terraform*", "*.tfstate*", ".mypy_cache")

ANSWERS = {
    "GetCallerIdentity": (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
        "<Arn>arn:aws:iam::123456789012:user/test</Arn><UserId>test</UserId><Account>123456789012</Account>"
        "</GetCallerIdentityResult></GetCallerIdentityResponse>"
    ),
    "DescribeAvailabilityZones": (
        '<DescribeAvailabilityZonesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><availabilityZoneInfo>'
        "<item><zoneName>eu-west-1a</zoneName><zoneState>available</zoneState></item>"
        "<item><zoneName>eu-west-1b</zoneName><zoneState>available</zoneState></item>"
        "</availabilityZoneInfo></DescribeAvailabilityZonesResponse>"
    ),
    "DescribeSubnets": (
        '<DescribeSubnetsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><subnetSet><item>'
        "<subnetId>subnet-xxx</subnetId><vpcId>vpc-0123456789abcdef0</vpcId><state>available</state>"
        "</item></subnetSet></DescribeSubnetsResponse>"
    ),
}


@dataclass(frozen=True)
class Terraform:
    """Terraform in one folder, with an environment of its own."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            ["terraform", *arguments],
            cwd=self.folder,
            env=dict(self.environment),
            check=False,
            capture_output=True,
            text=True,
        )

    def succeed(self, *arguments: str) -> str:
        """Run a command that must succeed and return what it printed."""
        answer = self.run(*arguments)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout

    def init(self) -> None:
        """Make the provider known."""
        self.succeed("init", "-backend=false", "-input=false", "-no-color")


class AnsweringHandler(BaseHTTPRequestHandler):
    """Answers what a plan asks AWS for: who am I, and which VPC is this subnet in."""

    def do_POST(self) -> None:
        """Answer one call of a Query service."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        answer = ANSWERS.get(parse_qs(body)["Action"][0])
        self.send_response(200 if answer else 400)
        self.end_headers()
        self.wfile.write((answer or "<Response/>").encode())

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextmanager
def serving() -> Iterator[str]:
    """Serve the few answers of AWS that a plan needs, and give their address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), AnsweringHandler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("tree")
    for name in COPIED:
        shutil.copytree(ROOT / name, copy / name, ignore=LEFT_OUT)
    return copy


@pytest.fixture(scope="session")
def terraform_environment() -> dict[str, str]:
    # Lazy: what needs no Terraform shall be collected without it.
    from tools.local.terraform import cli_config  # noqa: PLC0415

    environment = cli_config(ROOT / "build" / "terraform", say=lambda _: None)
    return {name: value for name, value in environment.items() if not name.startswith("AWS_")}


@pytest.fixture(scope="session")
def aws() -> Iterator[dict[str, str]]:
    with serving() as address:
        yield {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": address,
            "AWS_REGION": "eu-west-1",
            "AWS_SECRET_ACCESS_KEY": "test",
            "NO_PROXY": "127.0.0.1",
        }


@pytest.fixture(scope="session")
def initialised(tree: Path, terraform_environment: dict[str, str]) -> Path:
    """The module in the copy of the tree, with the provider at hand."""
    folder = tree / "terraform"
    Terraform(folder, terraform_environment).init()
    return folder


@pytest.fixture(scope="session")
def served_environment(
    initialised: Path,
    terraform_environment: dict[str, str],
    aws: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, str]]:
    """Terraform's environment with one provider for all commands, which is told of the AWS that answers here.

    A process has one configuration: a root module that configures the provider twice cannot use it.
    """
    environment = {**terraform_environment, **aws}
    with serving_provider(initialised, environment, tmp_path_factory.mktemp("provider") / "log") as reattach:
        yield {**environment, **reattach}
