"""A host of real processes: drain.py, the gitlab-runner stand-in, and programs on PATH that stand in for the others."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.terraform.runner_host.drain.programs import program, programs
from tests.tools.local.gitlab.conftest import running as running_gitlab
from tools.local.imds.metadata import Metadata, State
from tools.local.imds.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[4]
SCRIPT = ROOT / "terraform" / "runner_host" / "drain.py"
INSTANCE = "i-0123456789abcdef0"
SYSTEM_ID = "r_" + INSTANCE[-12:]


@dataclass
class Unit:
    """gitlab-runner's unit as systemd keeps it: started again after its end, unless it was stopped."""

    command: list[str]
    environment: dict[str, str]
    log: Path
    restart_seconds: float = 0.2
    process: subprocess.Popen[bytes] | None = None
    state: str = "inactive"
    has_run: bool = False
    is_closed: bool = False
    lock: threading.RLock = field(default_factory=threading.RLock)

    def start(self) -> None:
        """Start the process."""
        with self.lock, self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)
            self.state, self.has_run = "active", True
        threading.Thread(target=self.watch, args=(self.process,), daemon=True).start()

    def watch(self, process: subprocess.Popen[bytes]) -> None:
        """Wait for the process's end, and start it again if nobody stopped it."""
        process.wait()
        with self.lock:
            is_wanted = self.state == "active"
            self.state = "activating" if is_wanted else "inactive"
        if is_wanted:
            time.sleep(self.restart_seconds)
            with self.lock:
                if self.state == "activating" and not self.is_closed:
                    self.start()

    def systemctl(self, arguments: list[str]) -> tuple[int, str]:
        """Do what systemctl does."""
        with self.lock:
            pid = self.process.pid if self.process and self.state in ("active", "deactivating") else 0
            match arguments[0]:
                case "show":
                    shown = f"ActiveState={self.state}\nMainPID={pid}\n"
                    return 0, f"{shown}ExecMainStartTimestampMonotonic={int(self.has_run)}\n"
                case "stop" if self.state == "active":
                    self.state = "deactivating"
                    os.kill(pid, signal.SIGQUIT)
                case "stop" if self.state == "activating":
                    self.state = "inactive"
                case "kill" if pid:
                    os.kill(pid, signal.Signals[arguments[1].partition("=")[2]])
        return 0, ""

    def close(self) -> None:
        """End the process for good."""
        with self.lock:
            self.is_closed = True
            self.state = "inactive" if self.process is None or self.process.poll() is not None else "deactivating"
        if self.process:
            self.process.kill()
            self.process.wait()


@dataclass
class Hook:
    """The terminating hook, by the real clock."""

    heartbeat_seconds: float
    opened_at: float = math.inf
    ends_at: float = math.inf
    completed_at: float = math.inf
    beats: list[float] = field(default_factory=list)

    def open(self) -> None:
        """Begin the lifecycle action."""
        self.opened_at = time.monotonic()
        self.ends_at = self.opened_at + self.heartbeat_seconds

    def aws(self, arguments: list[str]) -> tuple[int, str]:
        """Answer the AWS CLI's commands."""
        now = time.monotonic()
        if not self.opened_at <= now < self.ends_at or self.completed_at < math.inf:
            return 254, "An error occurred (ValidationError): No active Lifecycle Action found with instance ID"
        if arguments[1] == "record-lifecycle-action-heartbeat":
            self.beats.append(now)
            self.ends_at = now + self.heartbeat_seconds
        elif arguments[1] == "complete-lifecycle-action":
            self.completed_at = now
        return 0, ""


@dataclass
class Machine:
    """A host, its GitLab and its metadata service."""

    folder: Path
    unit: Unit
    hook: Hook
    metadata: Metadata
    gitlab: Any
    environment: dict[str, str]
    settings: dict[str, Any]
    drain: subprocess.Popen[bytes] | None = None

    def start_drain(self, python: str = sys.executable) -> None:
        """Start the service."""
        fleet = self.folder / "fleet.json"
        fleet.write_text(json.dumps(self.settings))
        with (self.folder / "drain.log").open("ab") as log:
            command = [python, "-I", str(SCRIPT), str(fleet)]
            self.drain = subprocess.Popen(command, env=self.environment, stdout=log, stderr=subprocess.STDOUT)

    def stop_drain(self) -> None:
        """End the service at once."""
        if self.drain:
            self.drain.kill()
            self.drain.wait()

    def terminate(self) -> None:
        """Auto Scaling terminates the instance."""
        self.hook.open()
        self.metadata.control("PUT", "state", {"target": "Terminated"})

    def new_job(self, seconds: float) -> int:
        """Queue a job, wait until it runs and return its id."""
        project = self.control("POST", "projects", {})["ids"][0]
        job = int(self.control("POST", "jobs", {"project_id": project, "duration_seconds": seconds})["ids"][0])
        eventually(lambda: self.job(job)["status"] == "running")
        return job

    def job(self, job_id: int) -> dict[str, Any]:
        """Return a job as GitLab knows it."""
        return next(each for each in self.control("GET", "jobs")["jobs"] if each["id"] == job_id)

    def managers(self) -> list[str]:
        """Return the system ids of the runner's managers."""
        with self.gitlab.gitlab.lock:
            store = self.gitlab.gitlab.world.store
            return [each.system_id for each in store.managers_of(next(iter(store.runners)))]

    def control(self, method: str, path: str, body: object = None) -> Any:
        """Use the GitLab stand-in's control API."""
        return ask(f"{self.gitlab.endpoint}/_control/{path}", method, body)

    def lines(self) -> list[dict[str, Any]]:
        """Return the service's log."""
        return [json.loads(line) for line in (self.folder / "drain.log").read_text().splitlines()]

    def reasons(self, event: str) -> list[str]:
        """Return the reasons of the log's lines about an event."""
        return [line["reason"] for line in self.lines() if line["event"] == event]


def ask(url: str, method: str, body: object = None) -> Any:
    """Send JSON and return the answer's."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)


def eventually(holds: Callable[[], object], seconds: float = 20) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


@contextmanager
def metadata_service(metadata: Metadata) -> Iterator[str]:
    """Serve the instance's metadata and return the address."""
    server = Server(metadata)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.endpoint
    finally:
        server.stop()
        thread.join()


def configure(folder: Path, gitlab: str, token: str) -> Path:
    """Write gitlab-runner's files and return config.toml's path."""
    config = folder / "config.toml"
    config.write_text(f'concurrent = 1\n[[runners]]\nname = "ci"\nurl = "{gitlab}"\ntoken = "{token}"\nid = 1\n')
    (folder / ".runner_system_id").write_text(SYSTEM_ID)
    return config


@contextmanager
def machine(folder: Path, market: str = "on-demand", **changes: Any) -> Iterator[Machine]:
    """Run a host whose runner takes jobs; the times are those of a host, divided by some hundreds."""
    metadata = Metadata(time.time, state=State(instance_id=INSTANCE, market=market))
    with running_gitlab() as gitlab, metadata_service(metadata) as imds:
        info = ask(f"{gitlab.endpoint}/_control/info", "GET")
        settings = {
            "abort_seconds": 1,
            "autoscaling_group": "ci-runners",
            "enter_unit": "gitlab-runner-fleet-enter.service",
            "fleet": "ci",
            "force_instance_deletion_seconds": 60,
            "poll_seconds": 0.5,
            "region": "us-east-1",
            "runner_binary": str(folder / "gitlab-runner"),
            "runner_config": str(configure(folder, gitlab.endpoint, info["runner_token"])),
            "runner_unit": "gitlab-runner.service",
            "settle_seconds": 0.2,
            "state_file": str(folder / "state" / "drain.json"),
            "terminating_heartbeat_seconds": 8,
            "terminating_hook": "ci-terminating",
            **changes,
        }
        environment = {**os.environ, "PATH": f"{folder}:/usr/bin:/bin", "RUNNER_FLEET_IMDS": imds}
        program(folder / "gitlab-runner", f'#!/bin/sh\ncd {ROOT}\nexec {sys.executable} -m tools.local.runner "$@"\n')
        command = [str(folder / "gitlab-runner"), "run", "--config", settings["runner_config"]]
        unit, hook = Unit(command, environment, folder / "runner.log"), Hook(settings["terminating_heartbeat_seconds"])
        made = Machine(folder, unit, hook, metadata, gitlab, environment, settings)
        with programs(folder, {"systemctl": unit.systemctl, "aws": hook.aws}):
            unit.start()
            try:
                yield made
            finally:
                made.stop_drain()
                unit.close()
