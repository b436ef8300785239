"""Section `imds`: what a runner host asks the instance metadata service in an hour with a hundred jobs.

The count is the emulator's (tools/local/imds). A job downloads and uploads its cache once each, and gitlab-runner makes
a new S3 client for both, so credentials are asked for twice a job.

instance_role: each of them asks the metadata service for the role's credentials; here botocore does, with a new client.
vended: each of them runs the host's real script, whose answer serves for 44 minutes; a call of the vendor needs the
instance's own credentials once. The drain service asks the same in both modes, and is listed for itself: the bar is for
what jobs cost, the last figure is that of everything.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.utils import InstanceMetadataFetcher

from terraform.runner_host import drain
from tools.bench.figure import Figure
from tools.local.imds.metadata import Metadata
from tools.local.imds.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

S = TypeVar("S", bound=ThreadingHTTPServer)
ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "terraform" / "runner_host" / "cache-credentials"
HOUR_SECONDS = 3600
JOBS = 100
CACHE_CALLS_PER_JOB = 2
KEPT_SECONDS = HOUR_SECONDS - 960
"""How long a session of an hour is kept: until sixteen minutes before its end."""
BAR = 0.1
AWS_PROGRAM = """#!{python}
import sys
from pathlib import Path
import botocore.session
words = sys.argv[1:]
given = dict(zip(words, words[1:]))
answer = botocore.session.Session().create_client("lambda").invoke(
    FunctionName=given["--function-name"], Payload=Path(given["--payload"].removeprefix("fileb://")).read_bytes())
Path(words[-1]).write_bytes(answer["Payload"].read())
print(answer.get("FunctionError"))
"""


def measure(jobs: int = JOBS) -> list[Figure]:
    """Count the requests of each mode in an hour with so many jobs."""
    calls = CACHE_CALLS_PER_JOB * jobs
    role, vended, service = by_instance_role(calls), by_vendor(calls), by_drain_service()
    return [
        Figure(f"IMDS requests of {jobs} jobs, instance_role", role, "requests"),
        Figure(f"IMDS requests of {jobs} jobs, vended", vended, "requests"),
        Figure("what jobs ask, vended to instance_role", vended / role, "ratio", BAR),
        Figure("IMDS requests of the drain service in an hour", service, "requests", HOUR_SECONDS / 5 * 1.05),
        Figure("everything asked, vended to instance_role", (vended + service) / (role + service), "ratio"),
    ]


def by_instance_role(calls: int) -> int:
    """Return how much is asked when every cache operation takes the role's credentials."""
    with metadata_service() as server:
        for _ in range(calls):
            found = InstanceMetadataFetcher(base_url=f"{server.endpoint}/").retrieve_iam_role_credentials()
            if not found:
                raise RuntimeError("the emulator gave no credentials")
        return asked(server)


def by_vendor(calls: int) -> int:
    """Return how much is asked when every cache operation runs the host's script."""
    renewal = calls * KEPT_SECONDS // HOUR_SECONDS
    with metadata_service() as server, vendor() as address, tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        environment = prepare(root, server.endpoint, address)
        for number in range(calls):
            if number == renewal:
                (root / "run/gitlab-runner-fleet/cache/credentials.json").unlink()
            ended = subprocess.run(["bash", str(SCRIPT)], check=True, capture_output=True, env=environment, timeout=60)
            json.loads(ended.stdout)
        return asked(server)


def prepare(root: Path, imds: str, lambda_address: str) -> dict[str, str]:
    """Write what the script needs below a folder and return its environment."""
    settings = root / "etc" / "gitlab-runner-fleet"
    settings.mkdir(parents=True)
    (settings / "bootstrap.env").write_text("REGION=us-east-1\nCREDENTIALS_FUNCTION=ci-credentials:hosts\n")
    program = root / "aws"
    program.write_text(AWS_PROGRAM.format(python=sys.executable))
    program.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **kept,
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": imds,
        "AWS_ENDPOINT_URL_LAMBDA": lambda_address,
        "PATH": f"{root}:{os.environ['PATH']}",
        "RUNNER_FLEET_ROOT": str(root),
    }


def by_drain_service() -> int:
    """Return how much the drain service asks in an hour in service, by a clock that runs ahead."""
    now = [time.time()]
    metadata = Metadata(lambda: now[0])

    def http(method: str, url: str, headers: dict[str, str], _: float) -> tuple[int, str]:
        names = {name.lower(): value for name, value in headers.items()}
        reply = metadata.handle(method, url.partition("/latest/")[2], names)
        return reply.status, reply.body

    def missing() -> str:
        raise FileNotFoundError

    world = drain.World(
        read=missing,
        write=len,
        run=lambda _, __: (0, "ActiveState=active\nMainPID=0\n"),
        http=http,
        monotonic=lambda: now[0],
        wall=lambda: now[0],
        say=len,
    )
    names = ("fleet", "region", "autoscaling_group", "terminating_hook", "runner_unit", "enter_unit")
    words: dict[str, Any] = dict.fromkeys((*names, "runner_config", "runner_binary"), "x")
    times: dict[str, Any] = {"terminating_heartbeat_seconds": 600, "force_instance_deletion_seconds": 600}
    service = drain.Drain(drain.Settings(**words, **times), world)
    end = now[0] + HOUR_SECONDS
    while now[0] < end:
        now[0] += service.step()
    return metadata.paths.total()


def asked(server: Server) -> int:
    """Return how many requests a server has had."""
    with server.lock:
        return server.metadata.paths.total()


@contextmanager
def metadata_service() -> Iterator[Server]:
    """Serve the metadata of an instance."""
    with serving(Server(Metadata(time.time))) as server:
        yield server


@contextmanager
def vendor() -> Iterator[str]:
    """Serve a Lambda function that answers as the vendor does, and return the address."""
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Vendor)) as server:
        yield f"http://127.0.0.1:{server.server_address[1]}"


@contextmanager
def serving(server: S) -> Iterator[S]:
    """Run a server in a thread."""
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Vendor(BaseHTTPRequestHandler):
    """The invocation of the credential vendor's function."""

    def do_POST(self) -> None:
        """Answer with a session of an hour."""
        self.rfile.read(int(self.headers["content-length"]))
        end = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=HOUR_SECONDS)
        keys = {"AccessKeyId": "ASIAVENDED", "SecretAccessKey": "test", "SessionToken": "test", "Version": 1}
        body = json.dumps({**keys, "Expiration": end.strftime("%Y-%m-%dT%H:%M:%SZ")}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name in the standard library)
        """Write no log."""
