"""A host to boot in a folder: the real scripts, recorded package managers, and servers of this test's own."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SCRIPTS = Path(__file__).resolve().parents[3] / "terraform" / "runner_host"
INSTANCE_ID = "i-0123456789abcdef0"
SYSTEM_ID = f"r_{INSTANCE_ID[-12:]}"
TOKEN = "glrt-CANARY-of-the-runner"
SECONDS = 60
# What is on every image. Everything else is a stand-in, so that nothing of this machine is found.
TOOLS = (
    "awk basename bash cat chmod cp curl cut date dirname env find flock grep head id mkdir mktemp mv printf python3 "
    "rm sed sha256sum sh sleep tail timeout touch tr uname wc"
)
RECORDED = "amazon-linux-extras apt-get dnf dpkg rpm systemctl useradd yum"
RECORDER = """#!/bin/bash
printf '%s\\n' "${0##*/} $*" >>"$HOST/calls"
behaviour=$HOST/behaviour/${0##*/}
[ ! -f "$behaviour" ] || . "$behaviour"
"""
INSTALLER = """
for word; do
  case $word in
    docker | docker.io | podman | git) name=${word%.io}; cp "$HOST/bin/systemctl" "$HOST/bin/$name" ;;
    amazon-cloudwatch-agent) agent=1 ;;
    *amazon-cloudwatch-agent.*) agent=1 ;;
  esac
done
if [ -n "${agent:-}" ]; then
  folder=$RUNNER_FLEET_ROOT/opt/aws/amazon-cloudwatch-agent/bin
  mkdir -p "$folder"
  cp "$HOST/bin/systemctl" "$folder/amazon-cloudwatch-agent-ctl"
fi
"""
AWS = """
case "$1 $2" in
  "ssm get-parameter") cat "$HOST/parameters$4" ;;
  "logs put-log-events") cp "${8#file://}" "$HOST/events.$(date +%s%N)" ;;
  "lambda invoke") cp "$HOST/vended" "${@: -1}"; cat "$HOST/function-error" ;;
  "--version "*) echo "aws-cli/2.31.0 Python/3.13" ;;
esac
"""
RUNNER = """
case $1 in
  --version) printf 'Version:      18.11.0\\nGit revision: 0\\n' ;;
esac
"""


@dataclass
class Answers:
    """What the servers around the host answer; the last of a list stays."""

    targets: list[str] = field(default_factory=lambda: ["InService"])
    verify: list[int] = field(default_factory=lambda: [200])
    register: list[int] = field(default_factory=lambda: [201])
    contact: list[str] = field(default_factory=lambda: ["204"])
    files: dict[str, bytes] = field(default_factory=dict)
    portal: bytes = b""
    forms: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)
    imds_requests: int = 0

    @staticmethod
    def following(answers: list[Any]) -> Any:
        """Return the next answer."""
        return answers.pop(0) if len(answers) > 1 else answers[0]


class Around(BaseHTTPRequestHandler):
    """The instance metadata service, GitLab, gitlab-runner's metrics and a mirror of downloads."""

    answers: Answers

    def do_PUT(self) -> None:
        self.answers.imds_requests += 1
        self.say(200, b"imds-token")

    def do_GET(self) -> None:
        match self.path:
            case "/latest/meta-data/instance-id":
                self.metadata(INSTANCE_ID)
            case "/latest/meta-data/autoscaling/target-lifecycle-state":
                self.metadata(self.answers.following(self.answers.targets))
            case "/metrics":
                status = self.answers.following(self.answers.contact)
                labels = f'endpoint="request_job",runner="x",status="{status}"'
                self.say(200, f"gitlab_runner_api_request_statuses_total{{{labels}}} 1\n".encode())
            case path if path in self.answers.files:
                self.say(200, self.answers.files[path])
            case _:
                self.say(404, b"")

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.answers.forms.append((self.path, form))
        registers = self.path == "/api/v4/runners"
        status = self.answers.following(self.answers.register if registers else self.answers.verify)
        if status == 0:
            self.close_connection = True
            return
        if self.answers.portal:
            self.say(200, self.answers.portal)
            return
        token = "CANARY-of-the-new-runner" if registers else form["token"][0]
        self.say(status, json.dumps({"id": 7, "token": token, "token_expires_at": None}).encode())

    def metadata(self, value: str) -> None:
        """Answer as IMDSv2: only with a token."""
        self.answers.imds_requests += 1
        allowed = self.headers.get("X-aws-ec2-metadata-token") == "imds-token"
        self.say(401 if not allowed else 200 if value else 404, value.encode())

    def say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@dataclass
class Host:
    """One instance, as the image and cloud-init leave it.

    Args:
        root: the instance's files.
        folder: the stand-ins and what they note.
        address: the servers around it.
    """

    root: Path
    folder: Path
    address: str
    answers: Answers

    def write(self, path: str, text: str, mode: int = 0o644) -> Path:
        """Write a file of the instance."""
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        file.chmod(mode)
        return file

    def read(self, path: str) -> str:
        return (self.root / path.lstrip("/")).read_text(encoding="utf-8")

    def settings(self, **changed: str) -> None:
        """Write the settings that Terraform renders."""
        port = self.address.rpartition(":")[2]
        values = {
            "AWS_CLI_SHA256": "", "AWS_CLI_URL": "", "BEAT_SECONDS": "300", "CACHE_ACCESS_KEY_PARAMETER": "",
            "CACHE_AUTH": "none", "CACHE_SECRET_KEY_PARAMETER": "", "CA_PARAMETER": "", "CREDENTIALS_FUNCTION": "",
            "DNS_SUFFIX": "amazonaws.com", "EXECUTOR": "docker", "FLEET": "ci", "GITLAB_URL": self.address,
            "GROUP": "ci-runners", "LAUNCHING_HOOK": "ci-launching", "LOG_AGENT": "true", "LOG_AGENT_SHA256": "",
            "LOG_AGENT_URL": f"{self.address}/agent", "LOG_GROUP": "/ci/runner", "MAX_JOBS": "0",
            "METRICS_ADDRESS": f"127.0.0.1:{port}", "PROTECTED_ONLY": "false", "REGION": "eu-west-1",
            "RUNNER_ANY_VERSION": "true", "RUNNER_SHA256": "", "RUNNER_TAGS": "docker,linux",
            "RUNNER_URL": f"{self.address}/gitlab-runner", "RUNNER_VERSION": "18.11.0", "RUN_UNTAGGED": "true",
            "TOKEN_KIND": "authentication", "TOKEN_PARAMETER": "/ci/runner-token",
        } | changed  # fmt: skip
        self.write("etc/gitlab-runner-fleet/bootstrap.env", "".join(f"{k}='{v}'\n" for k, v in values.items()))

    def parameter(self, name: str, value: str) -> None:
        """Put a parameter into Parameter Store."""
        file = self.folder / "parameters" / name.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(value + "\n", encoding="utf-8")

    def stand_in(self, name: str, behaviour: str = "") -> None:
        """Put a program on the instance that notes how it is called."""
        file = self.folder / "bin" / name
        file.write_text(RECORDER, encoding="utf-8")
        file.chmod(stat.S_IRWXU)
        (self.folder / "behaviour" / name).write_text(behaviour, encoding="utf-8")

    def command(self, *arguments: str) -> tuple[list[str], dict[str, str]]:
        """Return a call of the bootstrap and its environment."""
        environment = {
            "PATH": str(self.folder / "bin"), "HOST": str(self.folder), "RUNNER_FLEET_ROOT": str(self.root),
            "RUNNER_FLEET_IMDS": self.address, "RUNNER_FLEET_PAUSE": "0.05",
        }  # fmt: skip
        return ["bash", str(self.root / "opt/gitlab-runner-fleet" / arguments[0]), *arguments[1:]], environment

    def boot(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the bootstrap to its end."""
        command, environment = self.command("bootstrap.sh", *arguments)
        return subprocess.run(command, env=environment, check=False, capture_output=True, text=True, timeout=SECONDS)

    def calls(self, program: str = "") -> list[str]:
        """Return how the stand-ins were called, in order."""
        file = self.folder / "calls"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return [line for line in lines if line.startswith(program)]

    def completed(self) -> list[str]:
        """Return the results with which the launching lifecycle action was completed."""
        return [line.split()[-1] for line in self.calls("aws autoscaling complete-lifecycle-action")]

    def logged(self) -> list[str]:
        """Return the lines that reached the log group."""
        batches = sorted(self.folder.glob("events.*"))
        return [event["message"] for batch in batches for event in json.loads(batch.read_text(encoding="utf-8"))]

    def everything(self) -> dict[str, str]:
        """Return every file that the host and the stand-ins left, by path."""
        files = [*self.root.rglob("*"), *self.folder.rglob("*")]
        return {str(f): f.read_text(errors="replace") for f in files if f.is_file() and "/bin/" not in str(f)}


@contextmanager
def hosting(folder: Path, has: Sequence[str] = ("aws",), system: str = "debian 12") -> Iterator[Host]:
    """Give a host whose image has some programs, and serve what is around it."""
    answers = Answers()
    handler = type("Handler", (Around,), {"answers": answers})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield prepared(folder, f"http://127.0.0.1:{server.server_port}", answers, has, system)
        finally:
            server.shutdown()
            thread.join()


def prepared(folder: Path, address: str, answers: Answers, has: Sequence[str], system: str) -> Host:
    """Return a host with its files in place."""
    host = Host(folder / "root", folder / "host", address, answers)
    for made in ("bin", "behaviour", "parameters"):
        (host.folder / made).mkdir(parents=True)
    for tool in TOOLS.split():
        (host.folder / "bin" / tool).symlink_to(shutil.which(tool) or tool)
    for name in RECORDED.split():
        host.stand_in(name, INSTALLER if name in {"apt-get", "dnf", "yum", "dpkg", "rpm"} else "")
    behaviours = {"aws": AWS, "gitlab-runner": RUNNER}
    for name in has:
        host.stand_in(name, behaviours.get(name, ""))
    for path in SCRIPTS.iterdir():
        if path.suffix == ".sh" or path.name == "cache-credentials":
            host.write(f"opt/gitlab-runner-fleet/{path.name}", path.read_text(encoding="utf-8"), 0o755)
    name, version = system.split()
    host.write("etc/os-release", f'ID={name}\nVERSION_ID="{version}"\n')
    host.parameter("/ci/runner-token", TOKEN)
    host.write(
        "etc/gitlab-runner-fleet/config.toml",
        'id = @ID@\nname = "@NAME@"\ntoken = "@TOKEN@"\nhost = "@ENGINE@"\n',
        0o600,
    )
    answers.files |= {"/gitlab-runner": b"#!/bin/sh\necho Version: 18.11.0\n", "/agent": b"package"}
    host.settings()
    return host


def processes(root: int) -> list[str]:
    """Return the command lines of a process and its descendants."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (OSError, ValueError):
            continue
        found.append((int(folder.name), parent, line))
    family = {root}
    for _ in range(8):
        family |= {pid for pid, parent, _ in found if parent in family}
    return [line for pid, _, line in found if pid in family and pid != os.getpid()]
