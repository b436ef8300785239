"""Containers of the vendor as processes of their own: each can be killed, and its wall clock can be set forward.

`python -m tests.e2e.credentials_container FOLDER SOCKET…` is their common start: the function is initialised once, and
forked for each socket, as Lambda's SnapStart does it. A container reads an Invocation as a line of JSON and writes a
line with what the function answered and how long that took, measured inside of it, where other processes matter least.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.demo.containers import Context
from tools.local.stack import ROOT, aws_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tools.demo.vendor import Vendor

END_SECONDS = 10
SILENCE_SECONDS = 60
PATIENCE_SECONDS = 0.7
"""How long a container waits for another one that has the lease."""


@dataclass(frozen=True)
class Invocation:
    """What a container is asked: as which function (the alias is the door), what, and how far its clock is ahead."""

    function_arn: str
    event: Mapping[str, Any]
    ahead_seconds: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """What the function answered.

    Args:
        document: the credentials, or at door 1 the error.
        seconds: how long it took inside of the function.
        status: of door 1's answer.
        headers: of door 1's answer.
        error: the class and the message of what the function raised.
    """

    document: dict[str, Any]
    seconds: float
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    error: str = ""

    @property
    def is_vended(self) -> bool:
        """Whether there are credentials in it."""
        return "SecretAccessKey" in self.document


@dataclass
class Container:
    """A container that runs.

    Args:
        function_arn: whose container it is, without the alias.
        ours: our end of the connection to it.
        log: what the function writes.
        pid: its process.
    """

    function_arn: str
    ours: socket.socket
    log: Path
    pid: int = 0

    def __post_init__(self) -> None:
        """Open the connection as a file."""
        self.ours.settimeout(SILENCE_SECONDS)
        self._lines = self.ours.makefile("r", encoding="utf-8")

    def send(self, door: str, event: Mapping[str, Any], ahead_seconds: float = 0.0) -> None:
        """Invoke the function."""
        invocation = Invocation(f"{self.function_arn}:{door}", event, ahead_seconds)
        self.ours.sendall(json.dumps(asdict(invocation)).encode() + b"\n")

    def receive(self) -> Outcome:
        """Wait for the function's answer and return it."""
        return Outcome(**json.loads(self.line()))

    def ask(self, door: str, event: Mapping[str, Any], ahead_seconds: float = 0.0) -> Outcome:
        """Invoke the function and return its answer."""
        self.send(door, event, ahead_seconds)
        return self.receive()

    def line(self) -> str:
        """Return the next line that the container writes to us."""
        line = self._lines.readline()
        assert line, f"the container died: {self.log.read_text(encoding='utf-8')[-2000:]}"
        return line

    def kill(self) -> None:
        """End the container in the middle of whatever it does."""
        if self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        self.pid = 0

    def close(self) -> None:
        """End the container and the connection to it."""
        self.kill()
        self._lines.close()
        self.ours.close()


@contextmanager
def containers(vendor: Vendor, count: int, folder: Path) -> Iterator[list[Container]]:
    """Start containers that have never been asked for anything, and end them in any case."""
    pairs = [socket.socketpair() for _ in range(count)]
    region, name = (vendor.addresses[key] for key in ("region", "credentials_function"))
    arn = f"arn:aws:lambda:{region}:000000000000:function:{name}"
    logs = [folder / f"container-{theirs.fileno()}.log" for _, theirs in pairs]
    started = [Container(arn, ours, log) for (ours, _), log in zip(pairs, logs, strict=True)]
    process = start(vendor, folder, [theirs.fileno() for _, theirs in pairs])
    for _, theirs in pairs:
        theirs.close()
    try:
        for container in started:
            container.pid = int(container.line())
        yield started
    finally:
        for container in started:
            container.close()
        try:
            process.wait(END_SECONDS)
        finally:
            process.kill()


def start(vendor: Vendor, folder: Path, sockets: list[int]) -> subprocess.Popen[bytes]:
    """Start the process that all containers are forked from; only the connections to them keep them alive."""
    aws = aws_environment(str(vendor.addresses["aws_endpoint"]))
    paths = os.pathsep.join([str(ROOT / "lambda_src"), str(ROOT)])
    own = {"AWS_DEFAULT_REGION": aws["AWS_REGION"], "PATH": os.environ["PATH"], "PYTHONPATH": paths}
    command = [sys.executable, "-m", "tests.e2e.credentials_container", str(folder), *map(str, sockets)]
    return subprocess.Popen(command, cwd=ROOT, env={**vendor.environment(), **aws, **own}, pass_fds=sockets)


def at_once(asked: Sequence[Container], door: str, event: Mapping[str, Any]) -> list[Outcome]:
    """Invoke the function in all containers at the same moment."""
    for container in asked:
        container.send(door, event)
    with ThreadPoolExecutor(len(asked)) as pool:
        return list(pool.map(Container.receive, asked))


def job_event(vendor: Vendor, token: str) -> dict[str, Any]:
    """Return what the function URL hands over for a job's request."""
    return {
        "headers": {"authorization": token},
        "rawPath": f"/v1/credentials/{vendor.addresses['sample_grant']}",
        "rawQueryString": "",
        "requestContext": {"http": {"method": "GET"}},
    }


def main(folder: Path, sockets: list[int]) -> None:
    """Initialise the function, and be all containers."""
    real, ahead = time.time, [0.0]
    time.time = lambda: real() + ahead[0]
    from credentials import start as function  # noqa: PLC0415 - the function's code sees this clock only

    gc.collect()
    gc.freeze()  # what is not touched by the collector stays shared between the processes
    for number in sockets:
        if os.fork() == 0:
            for other in sockets:
                if other != number:
                    os.close(other)
            live(socket.socket(fileno=number), folder / f"container-{number}.log", function.handle, ahead)
    for number in sockets:
        os.close(number)
    for _ in sockets:
        os.wait()


def live(connection: socket.socket, log: Path, handle: Any, ahead: list[float]) -> None:
    """Be one container until nobody is connected any more."""
    try:
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(output, sys.stdout.fileno())
        os.dup2(output, sys.stderr.fileno())
        connection.sendall(f"{os.getpid()}\n".encode())
        for line in connection.makefile("r", encoding="utf-8"):
            invocation = Invocation(**json.loads(line))
            ahead[0] = invocation.ahead_seconds
            connection.sendall(json.dumps(asdict(outcome(handle, invocation))).encode() + b"\n")
    finally:
        os._exit(0)


def outcome(handle: Any, invocation: Invocation) -> Outcome:
    """Invoke the function in this process."""
    context = Context(invocation.function_arn, f"request-{time.monotonic_ns()}")
    started = time.perf_counter()
    try:
        answer = handle(invocation.event, context)
    except Exception as error:  # noqa: BLE001 - what Lambda does with it
        return Outcome({}, time.perf_counter() - started, error=f"{type(error).__name__}: {error}")
    seconds = time.perf_counter() - started
    if "statusCode" not in answer:
        return Outcome(answer, seconds)
    return Outcome(json.loads(answer["body"]), seconds, answer["statusCode"], answer["headers"])


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(number) for number in sys.argv[2:]])
