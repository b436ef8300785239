"""A host in memory: systemd, gitlab-runner and its jobs, IMDS, the lifecycle action; the calls move its clock."""

from __future__ import annotations

import datetime as dt
import json
import math
import random
from collections import Counter
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from terraform.runner_host import drain
from tests.terraform.runner_host.drain.unit import SETTINGS, RunnerUnit

if TYPE_CHECKING:
    from collections.abc import Callable

INSTANCE = "i-0123456789abcdef0"
EPOCH = 1_790_000_000.0
TARGET = "meta-data/autoscaling/target-lifecycle-state"
SPOT = "meta-data/spot/instance-action"
REBALANCE = "meta-data/events/recommendations/rebalance"


@dataclass
class Host(RunnerUnit):
    """Everything around the service.

    Args:
        settings: the service's configuration.
        trouble: says what goes wrong with a call: "", "fail", "hang" or "lie".
        chance: random numbers.
    """

    trouble: Callable[[str], str] = lambda _: ""
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    clock_jump: float = 0.0
    boot: str = "boot-1"
    # the metadata
    market: str = "spot"
    targets: list[tuple[float, str]] = field(default_factory=lambda: [(0.0, "InService")])
    rebalance_at: float = math.inf
    token_seconds: float = 21600.0
    tokens: dict[str, float] = field(default_factory=dict)
    # the lifecycle action
    action_ends: float = math.inf
    completed_at: float = math.inf
    expired_at: float = math.inf
    minimum_reached: bool = False
    # what happened
    file: str | None = None
    lines: list[dict[str, Any]] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    requests: list[tuple[float, str]] = field(default_factory=list)
    beats: list[float] = field(default_factory=list)
    terminations: list[str] = field(default_factory=list)

    def terminate(self, at: float) -> None:
        """Auto Scaling begins to terminate the instance."""
        self.targets.append((at, "Terminated"))
        self.action_opens = at
        self.action_ends = at + self.settings.terminating_heartbeat_seconds

    def advance(self, seconds: float) -> None:
        """Let time pass, with everything that happens in it."""
        until = self.now + seconds
        while (moment := min([*self.running, self.next_event(), math.inf])) <= until:
            self.now = max(self.now, moment)
            self.happen()
        self.now = until

    def next_event(self) -> float:
        ends = self.action_ends if self.completed_at == self.expired_at == math.inf else math.inf
        can_take = self.unit == "active" and not self.is_quitting and self.is_registered and self.builds_left
        arrival = self.next_arrival() if can_take and len(self.running) < self.slots else math.inf
        return min(self.restart_at, ends, arrival)

    def happen(self) -> None:
        """Let what is due happen."""
        ended = [end for end in self.running if end <= self.now]
        self.running = [end for end in self.running if end > self.now]
        self.done += len(ended)
        if self.restart_at <= self.now:
            self.start_runner()
        if self.unit in ("active", "deactivating") and not self.running and (self.is_quitting or not self.builds_left):
            self.end_process()
        self.take_jobs()
        if self.action_ends <= self.now and self.completed_at == math.inf:
            self.expired_at = self.now

    def world(self) -> drain.World:
        """Return the world that the service sees."""
        return drain.World(
            run=self.run,
            http=self.http,
            monotonic=lambda: self.now,
            wall=lambda: EPOCH + self.now + self.clock_jump,
            random=self.chance.random,
            born=lambda pid: self.processes.get(pid, ""),
            kill=self.kill,
            read=self.read,
            write=self.write,
            say=self.say,
            boot=self.boot,
            imds="http://imds",
        )

    def say(self, line: str) -> None:
        """Keep a line of the log."""
        self.lines.append({"at": self.now, **json.loads(line)})

    def read(self) -> str:
        if self.file is None:
            raise FileNotFoundError
        if self.trouble("file"):
            raise PermissionError
        return self.file

    def write(self, text: str) -> None:
        if self.trouble("file"):
            raise OSError(28, "No space left on device")
        self.file = text

    def run(self, command: list[str], seconds: float) -> tuple[int, str]:
        """Run a command; a hanging one may have done its work all the same."""
        name = f"systemctl {command[1]}" if command[0] == "systemctl" else command[2 if command[0] == "aws" else 1]
        self.calls[name] += 1
        act = {"systemctl": self.systemctl, "aws": self.aws}.get(command[0], self.unregister)
        match self.trouble(command[0]):
            case "fail":
                self.advance(0.1)
                return 1, "An error occurred (ThrottlingException): Rate exceeded"
            case "hang":
                self.advance(seconds)
                if self.chance.random() < 0.5:
                    act(command)
                return drain.HUNG, "no answer"
            case "lie":
                self.advance(0.1)
                return 0, self.chance.choice(LIES)
        self.advance({"systemctl": 0.02, "aws": 1.0}.get(command[0], 0.5))
        return act(command)

    def unregister(self, _: list[str]) -> tuple[int, str]:
        self.is_registered = False
        return 0, "Unregistering runner from GitLab succeeded"

    def aws(self, command: list[str]) -> tuple[int, str]:
        """Do what Auto Scaling would."""
        if command[2] == "terminate-instance-in-auto-scaling-group":
            return self.terminate_now(command[-1])
        assert command[command.index("--instance-id") + 1] == INSTANCE or self.trouble("imds") or not self.lines
        is_open = self.action_opens <= self.now < self.action_ends and self.completed_at == math.inf
        if not is_open:
            return 254, "An error occurred (ValidationError): No active Lifecycle Action found with instance ID"
        if command[2] == "record-lifecycle-action-heartbeat":
            self.beats.append(self.now)
            limit = self.action_opens + 100 * self.settings.terminating_heartbeat_seconds
            self.action_ends = min(self.now + self.settings.terminating_heartbeat_seconds, limit)
            return 0, ""
        if self.running and self.now < self.deadline():
            self.early.append(f"completed at {self.now} with a job that runs")
        self.completed_at = self.now
        return 0, ""

    def terminate_now(self, decrement: str) -> tuple[int, str]:
        self.terminations.append(decrement)
        if self.minimum_reached and not decrement.startswith("--no-"):
            return 254, "An error occurred (ValidationError): min-size"
        self.terminate(self.now + 1)
        return 0, "{}"

    def http(self, method: str, url: str, headers: dict[str, str], seconds: float) -> tuple[int, str]:
        """Answer as the metadata service, after what goes wrong."""
        path = url.removeprefix("http://imds/latest/")
        self.requests.append((self.now, path))
        self.advance(0.005)
        match self.trouble("imds"):
            case "fail":
                return self.chance.choice([400, 429, 500, 503]), ""
            case "hang":
                self.advance(seconds)
                raise TimeoutError
            case "lie":
                return 200, self.chance.choice(
                    ["", "<html>", "Terminated", "InService", "a\nb", '{"action": "terminate"}']
                )
        if method == "PUT":
            token = f"token-{len(self.tokens)}"
            self.tokens[token] = self.now + self.token_seconds
            return 200, token
        if self.tokens.get(headers["X-aws-ec2-metadata-token"], 0) < self.now:
            return 401, ""
        body = self.items().get(path)
        return (200, body) if body else (404, "")

    def items(self) -> dict[str, str]:
        """Return the metadata of now."""
        items = {"meta-data/instance-id": INSTANCE, "meta-data/instance-life-cycle": self.market}
        items[TARGET] = max((at, index, target) for index, (at, target) in enumerate(self.targets) if at <= self.now)[2]
        if self.spot_at <= self.now:
            items[SPOT] = json.dumps({"action": "terminate", "time": stamp(self.spot_at + 120)})
        if self.rebalance_at <= self.now:
            items[REBALANCE] = json.dumps({"noticeTime": stamp(self.rebalance_at)})
        return items

    def serve(self, until: Callable[[Host], bool] | float, service: drain.Drain | None = None) -> drain.Drain:
        """Let the service run until something holds, or so many seconds."""
        service = service or drain.Drain(self.settings, self.world())
        end = self.now + (until if isinstance(until, (int, float)) else 200_000)
        while self.now < end and not (callable(until) and until(self)):
            self.advance(service.step())
        assert not callable(until) or until(self), self.lines[-5:]
        return service

    def reasons(self, event: str) -> list[str]:
        """Return the reasons of the log's lines about an event."""
        return [line["reason"] for line in self.lines if line["event"] == event]


LIES = ["", "?", "ActiveState=active\nMainPID=x\n", "ActiveState=inactive\nMainPID=0\n", "OK\nfailed\n"]


def stamp(moment: float) -> str:
    return dt.datetime.fromtimestamp(EPOCH + moment, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def host(**changes: Any) -> Host:
    """Return a host in service whose runner runs; changes are of the host, or of the service's settings."""
    names = {each.name for each in fields(drain.Settings)}
    settings = {name: value for name, value in changes.items() if name in names}
    made = Host(settings=replace(SETTINGS, **settings), **{k: v for k, v in changes.items() if k not in names})
    made.start_runner()
    return made


def is_completed(each: Host) -> bool:
    return each.completed_at < math.inf
