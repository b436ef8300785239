"""Section `credentials`: what a hit and a cold start cost the vendor, and what its peers make of the same burst."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from tools.bench.credentials_probe import ARN
from tools.bench.figure import Figure
from tools.demo import credentials
from tools.demo.containers import Order
from tools.demo.vendor import OPERATIONS
from tools.local import control, processes
from tools.local.stack import AWS_PYTHON, ROOT, aws_environment, server_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

JOBS = 200
STARTS = 15
FIRSTS = 5
AUDIENCE = "bench"
ROLE = "arn:aws:iam::000000000000:role/bench"
PACKAGES = ROOT / "build" / "clients" / "peers"
PEERS = {
    "aws-assume-role-lib": ("aws-assume-role-lib==2.10.0",),
    "boto3-refresh-session": ("boto3-refresh-session==10.0.7", "boto3-client-cache==2.1.19"),
}
"""What is installed for a peer; boto3 is the one that we have."""
KEY = "bench/project/42/cache.zip"
SECONDS = 300
CONTAINERS = 8
APART_SECONDS = 0.3
START = """
import sys, time
started = time.process_time()
__import__(sys.argv[1])
print(time.process_time() - started)
"""
"""Processor time: a start waits for nothing but files, and what else the machine does is no part of it."""


@dataclass(frozen=True)
class Place:
    """Where the measurements run: the local AWS, the stand-in, and a folder."""

    aws: str
    gitlab: str
    folder: Path

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
        """Return a client of the local AWS."""
        make: Callable[..., Any] = boto3.client
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return make(service, endpoint_url=self.aws, region_name="us-east-1", **keys)

    def environment(self, variables: Mapping[str, str], *folders: Path) -> dict[str, str]:
        """Return the environment of an interpreter that has the function's code, and a peer's if it is named."""
        paths = os.pathsep.join(map(str, (ROOT / "lambda_src", ROOT, *folders)))
        own = {"AWS_DEFAULT_REGION": "us-east-1", "PATH": os.environ["PATH"], "PYTHONPATH": paths}
        return {**variables, **aws_environment(self.aws), **own}

    def start_seconds(self, module: str, variables: Mapping[str, str]) -> float:
        """Return how much processor time a fresh interpreter takes to import a module."""
        command = [sys.executable, "-c", START, module]
        ended = subprocess.run(
            command, check=True, cwd=ROOT, env=self.environment(variables), stdout=subprocess.PIPE, timeout=SECONDS
        )
        return float(ended.stdout)

    def probe(self, *what: str, order: object = None, more: Mapping[str, str] | None = None) -> dict[str, float]:
        """Make one measurement in an interpreter of its own."""
        result = self.folder / "result.json"
        environment = self.environment(more or {}, *(PACKAGES / name for name in what[1:]))
        command = [sys.executable, "-m", "tools.bench.credentials_probe", *what, str(result)]
        with (self.folder / "probe.log").open("wb") as log:
            subprocess.run(
                command,
                check=True,
                cwd=ROOT,
                env=environment,
                input=json.dumps(order).encode(),
                stderr=log,
                stdout=log,
                timeout=SECONDS,
            )
        found: dict[str, float] = json.loads(result.read_text(encoding="utf-8"))
        return found

    def sts_calls(self) -> int:
        """Return how many sessions STS was asked for."""
        return int(control.request("GET", f"{self.aws}/_local/stats").get("sts.AssumeRole", 0))


def measure() -> list[Figure]:
    """Take every figure against a local AWS of its own."""
    with place() as here:
        variables, events = deploy(here), doors(here)
        return [
            *hit_figures(here, variables, events),
            *start_figures(here, variables),
            *first_figures(here, variables, events),
            burst_figure(here, variables),
            *peer_figures(here),
        ]


@contextmanager
def place() -> Iterator[Place]:
    """Start the local AWS and the stand-in, and end them in any case."""
    running: list[processes.Background] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)

        def serve(server: str, python: str) -> str:
            ready = folder / f"{server}.ready"
            options = ["--port", "0", "--ready-file", str(ready), "--parent-pid", str(os.getpid())]
            running.append(
                processes.start(server, [python, "-m", f"tools.local.{server}", *options], folder, server_environment())
            )
            return str(processes.wait_until_ready(running[-1], ready)["endpoint"])

        try:
            yield Place(serve("aws", str(AWS_PYTHON)), serve("gitlab", sys.executable), folder)
        finally:
            for process in reversed(running):
                processes.stop(process)


def deploy(here: Place) -> dict[str, str]:
    """Make what the function needs, and return its environment."""
    trust = {"Statement": [{"Action": "sts:*", "Effect": "Allow", "Principal": {"AWS": "*"}}], "Version": "2012-10-17"}
    here.client("iam").create_role(AssumeRolePolicyDocument=json.dumps(trust), RoleName="bench")
    here.client("s3").create_bucket(Bucket="bench-grants")
    put_grants(here)
    here.client("dynamodb").create_table(
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        TableName="bench-credentials",
    )
    return {
        "AUDIENCE": AUDIENCE,
        "AWS_STS_REGIONAL_ENDPOINTS": "regional",
        "CACHE_BUCKET": "bench-cache",
        "CACHE_KMS_KEY_ARN": "",
        "CACHE_PREFIX": "bench",
        "FLEET": "bench",
        "GITLAB_CONNECTION_MAX_AGE_SECONDS": "900",
        "GITLAB_TOKEN_PARAMETER": "",
        "GITLAB_URL": here.gitlab,
        "GRANTS_BUCKET": "bench-grants",
        "GRANTS_KEY": "grants.json",
        "KMS_KEY_ID": str(here.client("kms").create_key()["KeyMetadata"]["Arn"]),
        "LOG_LEVEL": "INFO",
        "SHARED_CACHE": "true",
        "TABLE": "bench-credentials",
    }


def put_grants(here: Place, epoch: int = 1) -> None:
    """Write the grants document."""
    grants = {
        "cache": {"callers": "runner", "kind": "s3_cache", "role_arn": ROLE},
        "deploy": {"callers": "gitlab_job", "match": {"project_id": "42"}, "role_arn": ROLE},
    }
    document = json.dumps({"epoch": epoch, "grants": grants, "version": 1}).encode()
    here.client("s3").put_object(Body=document, Bucket="bench-grants", Key="grants.json")


def doors(here: Place) -> dict[str, Any]:
    """Return a request for each door."""
    token = control.request("POST", f"{here.gitlab}/_control/id_token", {"aud": AUDIENCE})["id_token"]
    job = {
        "headers": {"authorization": str(token)},
        "rawPath": "/v1/credentials/deploy",
        "requestContext": {"http": {"method": "GET", "path": "/v1/credentials/deploy"}},
    }
    host = {"grant": "cache", "parameters": {"object": KEY, "operation": "download"}, "version": 1}
    return {"hosts": host, "jobs": job}


def hit_figures(here: Place, variables: Mapping[str, str], events: Mapping[str, Any]) -> list[Figure]:
    """Measure the handler when L1 has the session."""
    found = here.probe("hits", "all", order=events, more=variables)
    return [
        Figure("handler on an L1 hit, door 2, p50", found["hosts_p50"] * 1000, "ms", 0.3),
        Figure("handler on an L1 hit with JWT verification, door 1, p50", found["jobs_p50"] * 1000, "ms", 1.0),
        Figure("hits of one container, door 2", found["hosts_per_second"], "per second"),
        Figure("hits of one container, door 1", found["jobs_per_second"], "per second"),
    ]


def start_figures(here: Place, variables: Mapping[str, str]) -> list[Figure]:
    """Measure cold starts in turns, so that whatever else the machine does strikes all alike."""
    names = ("boto3", "credentials.start", "tools.bench.naive_start")
    rounds = [{name: here.start_seconds(name, variables) for name in names} for _ in range(STARTS)]
    # Whatever else the machine does can only make a start slower. The first round writes bytecode.
    best = {name: min(each[name] for each in rounds[1:]) for name in names}
    return [
        Figure("import boto3, processor time", best["boto3"] * 1000, "ms"),
        Figure("cold start: imports and clients, processor time", best["credentials.start"] * 1000, "ms"),
        Figure("cold start against import boto3", best["credentials.start"] / best["boto3"], "times", 1.8),
        Figure(
            "the same libraries and clients in naive order", best["tools.bench.naive_start"] / best["boto3"], "times"
        ),
    ]


def first_figures(here: Place, variables: Mapping[str, str], events: Mapping[str, Any]) -> list[Figure]:
    """Measure the first request of a container, which pays whatever the start has left out; L2 has no session.

    Each container forgets what the others have stored: its grants are of another epoch.
    """
    found: dict[str, list[dict[str, float]]] = {"hosts": [], "jobs": []}
    for number in range(FIRSTS):
        for door, results in found.items():
            put_grants(here, epoch=len(found) * (number + 1) + (door == "jobs"))
            results.append(here.probe("first", door, order=events, more=variables))
    put_grants(here)
    best = {door: {name: min(each[name] for each in results) for name in results[0]} for door, results in found.items()}
    return [
        Figure("first request of a container, door 1, a session minted", best["jobs"]["first"] * 1000, "ms", 900),
        Figure("first request of a container, door 2, a session minted", best["hosts"]["first"] * 1000, "ms"),
        Figure("cold start and first request, door 1", sum(best["jobs"].values()) * 1000, "ms"),
        Figure("cold start and first request, door 2", sum(best["hosts"].values()) * 1000, "ms"),
    ]


def peer_figures(here: Place) -> list[Figure]:
    """Measure what libraries from PyPI make of the burst in one process; one that does not install is left out."""
    figures = []
    order = {"jobs": JOBS, "policies": [policy(action) for action in ("GetObject", "PutObject")], "role": ROLE}
    for name in ("botocore", *filter(is_installed, PEERS)):
        before = here.sts_calls()
        found = here.probe("peer", name, order=order)
        figures += [
            Figure(f"STS calls for {2 * JOBS} requests: {name}, one container", here.sts_calls() - before, "calls"),
            Figure(f"the burst with {name}, one container", found["burst"], "s"),
            Figure(f"a held session with {name}, p50", found["hit"] * 1000, "ms"),
        ]
    return figures


def burst_figure(here: Place, variables: Mapping[str, str]) -> Figure:
    """Count the vendor's calls for the same burst, over several containers that start cold."""
    each = [
        {"grant": "cache", "parameters": {"object": f"{KEY}.burst", "operation": op}, "version": 1} for op in OPERATIONS
    ]
    events = each * (JOBS // CONTAINERS)
    before = here.sts_calls()
    with tempfile.TemporaryDirectory() as folder:
        order = Order(CONTAINERS, CONTAINERS * APART_SECONDS, f"{ARN}:hosts", events, folder)
        answers = credentials.ordered(order, variables, here.aws)
    vended = sum(answer.is_vended for answer in answers)
    name = f"STS calls for {vended} requests: this vendor, {CONTAINERS} containers"
    return Figure(name, here.sts_calls() - before, "calls", 2)


def policy(action: str) -> str:
    """Return a session policy for one object."""
    statement = {"Action": f"s3:{action}", "Effect": "Allow", "Resource": f"arn:aws:s3:::bench-cache/{KEY}"}
    return json.dumps({"Statement": [statement], "Version": "2012-10-17"})


def is_installed(name: str) -> bool:
    """Tell whether a peer is there, installed on first use; say so when it cannot be."""
    folder = PACKAGES / name
    if folder.is_dir():
        return True
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), *PEERS[name]]
    ended = subprocess.run(install, capture_output=True, check=False, text=True, timeout=SECONDS)
    if ended.returncode:
        print(f"  {name} is left out, it does not install: {ended.stderr.strip()[-200:]}")
    return ended.returncode == 0
