#!/usr/bin/env python3
"""Drain this host: when it has to go, let its jobs finish, remove its runner from GitLab, and let the instance go.

Python 3.7 and newer, the standard library and the AWS CLI. It is one file, longer than this project's others, because
it is put on a host as it is. Everything outside goes through World, so that tests can let each of it fail, hang or lie.

The phases: watching -> draining (jobs finish) -> unregistering -> leaving (the lifecycle action is completed, again and
again while the host lives). The lifecycle action is completed when systemd has said twice that the unit is inactive and
the last known process is gone, or when the time is up: unknown is never "stopped". Times are monotonic, because the
clock may jump; they are kept in a file, because a restart of this service must not give jobs more time than they have.
"""

# ruff: noqa: UP006, UP031, UP035, UP045 - these want what Python 3.7 does not have
from __future__ import annotations

import contextlib
import datetime as dt
import json
import math
import os
import random
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

Answer = Tuple[int, str]

TARGET = "autoscaling/target-lifecycle-state"
SPOT = "spot/instance-action"
REBALANCE = "events/recommendations/rebalance"
IDENTITY, MARKET = "instance-id", "instance-life-cycle"
# A spot notice is the only one in a hurry: every second question is about it.
SPOT_ROTA, ON_DEMAND_ROTA = [TARGET, SPOT, TARGET, SPOT, REBALANCE, SPOT], [TARGET]
ENDING = {"Terminated", "Warmed:Terminated"}
WARMED = {"Warmed:Hibernated", "Warmed:Running", "Warmed:Stopped"}
# Reasons for which Auto Scaling waits for a lifecycle action.
ACTIONS = {"terminating", "warm_pool"}
RUNNING, STOPPING, STOPPED, UNKNOWN = "running", "stopping", "stopped", "unknown"
OK, UNAUTHORIZED, NOT_FOUND, NO_ANSWER, HUNG = 200, 401, 404, 127, 124
HOOK_LIMIT_SECONDS, HOOK_HEARTBEATS, CLOSING_SECONDS = 48 * 3600, 100, 60
IMDS_SECONDS, SYSTEMCTL_SECONDS, SPOT_MARGIN_SECONDS, SPOT_NOTICE_SECONDS = 2, 5, 25, 130
ROUND_SECONDS, SLOWEST_POLL, UNREGISTER_ATTEMPTS, LOOKS_WITHOUT_PROCESS = 300, 4, 3, 5
REASONS = {
    "No active Lifecycle Action": "no_action",
    "ScalingActivityInProgress": "in_progress",
    "Throttling": "throttled",
    "AccessDenied": "denied",
    "redentials": "no_credentials",
    "ValidationError": "invalid",
}


class ImdsError(Exception):
    """The instance metadata service did not answer, or not as documented.

    What it would have said is unknown, which is not the same as nothing.
    """


class SettingsError(Exception):
    """The configuration file cannot be used.

    The message names the key.
    """


@dataclass(frozen=True)
class Settings:
    """The keys of fleet.json that matter here; those from state_file on are for tests and are left out on a host."""

    fleet: str
    region: str
    autoscaling_group: str
    terminating_hook: str
    terminating_heartbeat_seconds: float
    force_instance_deletion_seconds: float
    runner_unit: str
    enter_unit: str
    runner_config: str
    runner_binary: str
    max_jobs_per_instance: int = 0
    state_file: str = "/var/lib/gitlab-runner-fleet/drain.json"
    poll_seconds: float = 5
    settle_seconds: float = 1
    spot_seconds: float = 95
    abort_seconds: float = 10
    command_seconds: float = 30
    confirm_seconds: float = 30
    imds_token_seconds: int = 21600

    @property
    def cap_seconds(self) -> float:
        """How long jobs may go on: as configured, but done before the hook's own limit."""
        limit = min(HOOK_LIMIT_SECONDS, HOOK_HEARTBEATS * self.terminating_heartbeat_seconds)
        return min(self.force_instance_deletion_seconds, limit - min(CLOSING_SECONDS, limit / 10))

    @property
    def patience_seconds(self) -> float:
        """How long one command may take: several must fit between two heartbeats."""
        return min(self.command_seconds, self.terminating_heartbeat_seconds / 4)


def read_settings(text: str) -> Settings:
    """Return the settings in a configuration file; keys that are not listed above are somebody else's.

    Raises:
        SettingsError: the message names the key.
    """
    try:
        given = dict(json.loads(text))
        names = [each.name for each in fields(Settings) if each.name in given]
        settings = Settings(**{name: given[name] for name in names})
    except (TypeError, ValueError) as error:
        raise SettingsError(str(error)) from error
    for each in fields(Settings):
        value = getattr(settings, each.name)
        is_number = isinstance(value, (int, float)) and value >= 0
        if not (isinstance(value, str) if each.type == "str" else is_number):
            raise SettingsError("%s cannot be %r" % (each.name, value))
    return settings


def run(command: List[str], seconds: float) -> Answer:
    """Run a command, at most so long, and return its code and output."""
    pipe, out = subprocess.PIPE, subprocess.STDOUT
    try:
        ended = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=pipe, stderr=out, timeout=seconds)
    except subprocess.TimeoutExpired:
        return HUNG, ""
    except OSError as error:
        return NO_ANSWER, str(error)
    return ended.returncode, ended.stdout.decode("utf-8", "replace")


def http(method: str, url: str, headers: Dict[str, str], seconds: float) -> Answer:
    """Send a request, never through a proxy, and return status and body."""
    request = urllib.request.Request(url, headers=headers, method=method)  # noqa: S310 - the metadata service
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=seconds) as answer:
            return answer.status, answer.read(1 << 16).decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        error.close()
        return error.code, ""


def born(pid: int) -> str:
    """Return when a process started, in clock ticks since boot; empty when there is none, or only its remains."""
    try:
        text = Path("/proc/%d/stat" % pid).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    values = text.rpartition(")")[2].split()
    return "" if values[0] == "Z" else values[19]


def kill(pid: int, number: int) -> None:
    """Signal a process; one that is gone needs none."""
    with contextlib.suppress(OSError):
        os.kill(pid, number)


@dataclass(frozen=True)
class World:
    """Everything outside: commands, HTTP, clocks, chance, processes, the state file, the log."""

    read: Callable[[], str]
    write: Callable[[str], object]
    run: Callable[[List[str], float], Answer] = run
    http: Callable[[str, str, Dict[str, str], float], Answer] = http
    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    random: Callable[[], float] = random.random
    born: Callable[[int], str] = born
    kill: Callable[[int, int], None] = kill
    say: Callable[[str], object] = sys.stdout.write
    boot: str = ""
    imds: str = "http://169.254.169.254"


class Imds:
    """The instance metadata service, version 2 only."""

    def __init__(self, settings: Settings, world: World) -> None:
        self.seconds, self.world = settings.imds_token_seconds, world
        self.token, self.renew_at = "", 0.0

    def get(self, path: str) -> Optional[str]:
        """Return an item, None when there is none now.

        Raises:
            ImdsError: it is not known whether there is one.
        """
        status, body = self.ask("GET", "meta-data/" + path, "X-aws-ec2-metadata-token", self.valid_token())
        if status == UNAUTHORIZED:
            self.token = ""
            status, body = self.ask("GET", "meta-data/" + path, "X-aws-ec2-metadata-token", self.valid_token())
        if status not in (OK, NOT_FOUND):
            raise ImdsError("%s: HTTP %s" % (path, status))
        return body.strip() if status == OK else None

    def valid_token(self) -> str:
        """Return the session token, a new one well before the old one ends."""
        if not self.token or self.world.monotonic() >= self.renew_at:
            status, body = self.ask("PUT", "api/token", "X-aws-ec2-metadata-token-ttl-seconds", str(self.seconds))
            if status != OK or not body:
                raise ImdsError("no token: HTTP %s" % status)
            self.token, self.renew_at = body, self.world.monotonic() + 0.9 * self.seconds
        return self.token

    def ask(self, method: str, path: str, header: str, value: str) -> Answer:
        """Send one request; what is not an answer is an ImdsError."""
        try:
            return self.world.http(method, "%s/latest/%s" % (self.world.imds, path), {header: value}, IMDS_SECONDS)
        except (OSError, ValueError) as error:
            raise ImdsError("%s: %s" % (path, error)) from error


class Runner:
    """gitlab-runner's unit, and its process as last seen: an id, and the start that tells it from a later process."""

    def __init__(self, settings: Settings, world: World) -> None:
        self.settings, self.world = settings, world
        self.pid, self.since, self.looks = 0, "", 0
        self.has_run = False

    def systemctl(self, *arguments: str) -> Answer:
        """Run systemctl; it never waits for a unit."""
        return self.world.run(["systemctl", *arguments], SYSTEMCTL_SECONDS)

    def is_alive(self) -> bool:
        """Tell whether the process last seen still runs."""
        return self.pid > 0 and self.world.born(self.pid) == self.since

    def look(self) -> str:
        """Return the unit's state; stopped only when looks in a row agree and the last known process is gone."""
        names = ("ActiveState", "MainPID", "ExecMainStartTimestampMonotonic")
        code, text = self.systemctl("show", *("--property=" + name for name in names), self.settings.runner_unit)
        shown = dict(line.split("=", 1) for line in text.splitlines() if "=" in line) if code == 0 else {}
        pid, state = shown.get("MainPID", ""), shown.get("ActiveState")
        self.has_run = self.has_run or shown.get("ExecMainStartTimestampMonotonic", "0") != "0"
        if not self.is_alive() and re.fullmatch("[1-9][0-9]{0,8}", pid):
            self.pid, self.since = int(pid), self.world.born(int(pid))
        is_down = state in ("inactive", "failed") and pid == "0" and not self.is_alive()
        self.looks = self.looks + 1 if is_down else 0
        if self.looks >= (2 if self.pid else LOOKS_WITHOUT_PROCESS):
            return STOPPED
        return STOPPING if state == "deactivating" else RUNNING if self.is_alive() else UNKNOWN

    def stop(self) -> None:
        """Stop the unit, and what could start it: systemd sends SIGQUIT, and starts it again after a mere signal."""
        self.systemctl("stop", "--no-block", self.settings.enter_unit)
        self.systemctl("stop", "--no-block", self.settings.runner_unit)

    def abort(self, number: int) -> None:
        """Signal gitlab-runner: one TERM fails its jobs in GitLab, a second would cut that short; KILL is the end."""
        if self.is_alive():
            self.world.kill(self.pid, number)
            if number == signal.SIGTERM:
                return
        whom = "--kill-who=" + ("all" if number == signal.SIGKILL else "main")
        self.systemctl("kill", "--signal=" + signal.Signals(number).name, whom, self.settings.runner_unit)

    def unregister(self) -> bool:
        """Remove this manager from GitLab. The command may fail with code 0, and its output may hold tokens."""
        command = [self.settings.runner_binary, "unregister", "--config", self.settings.runner_config, "--all-runners"]
        code, text = self.world.run(command, self.settings.patience_seconds)
        return code == 0 and "failed" not in text.lower()


class Group:
    """The Auto Scaling group, through the AWS CLI. Methods return "ok" or a code for what went wrong."""

    def __init__(self, settings: Settings, world: World) -> None:
        self.settings, self.world, self.instance_id = settings, world, ""

    def call(self, action: str, *arguments: str) -> str:
        """Call the service about this instance."""
        common = ["--region", self.settings.region, "--cli-connect-timeout", "5", "--cli-read-timeout", "10"]
        command = ["aws", "autoscaling", action, *common, "--instance-id", self.instance_id, *arguments]
        code, text = self.world.run(command, self.settings.patience_seconds)
        if code == 0:
            return "ok"
        return next((REASONS[words] for words in REASONS if words in text), "hung" if code == HUNG else "failed")

    def act(self, action: str, *arguments: str) -> str:
        """Call the service about the lifecycle action."""
        group, hook = self.settings.autoscaling_group, self.settings.terminating_hook
        return self.call(action, "--auto-scaling-group-name", group, "--lifecycle-hook-name", hook, *arguments)

    def heartbeat(self) -> str:
        """Keep the lifecycle action open."""
        return self.act("record-lifecycle-action-heartbeat")

    def complete(self) -> str:
        """Let the instance go."""
        return self.act("complete-lifecycle-action", "--lifecycle-action-result", "CONTINUE")

    def terminate(self, decrement: str) -> str:
        """Ask for the end of this instance."""
        return self.call("terminate-instance-in-auto-scaling-group", decrement)


@dataclass
class Drain:
    """The service. Signals are the reasons to go, each with the time until which jobs may run."""

    settings: Settings
    world: World
    phase: str = "watching"
    signals: Dict[str, float] = field(default_factory=dict)
    has_served: bool = False
    is_aborted: bool = False
    is_asked_for: bool = False
    is_at_minimum: bool = False
    failures: int = 0
    attempts: int = 0
    ask_at: float = 0
    beat_at: float = 0
    look_at: float = 0
    leave_at: float = 0
    last_line: str = ""

    def __post_init__(self) -> None:
        """Resume what was under way before this service, or the host, was restarted."""
        self.imds, self.runner = Imds(self.settings, self.world), Runner(self.settings, self.world)
        self.group, self.rota, self.queue = Group(self.settings, self.world), SPOT_ROTA, [IDENTITY, TARGET, MARKET]
        try:
            self.restore(json.loads(self.world.read()))
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            self.log("started", "without_state", error=repr(error))

    def restore(self, state: Dict[str, Any]) -> None:
        """Take over the state; its times mean something within one boot only."""
        self.log("started", "again")
        self.group.instance_id, self.has_served = str(state["instance_id"]), bool(state["has_served"])
        if state["boot"] == self.world.boot:
            self.runner.pid, self.runner.since = int(state["runner"][0]), str(state["runner"][1])
            for reason, until in state["signals"].items():
                self.go(str(reason), math.inf if until is None else float(until))
        else:
            self.check_jobs(has_ended=self.has_served)

    def save(self) -> None:
        """Write the state; without it, only a restart is worse off."""
        signals = {reason: None if until == math.inf else until for reason, until in self.signals.items()}
        known = {"instance_id": self.group.instance_id, "runner": [self.runner.pid, self.runner.since]}
        state = {"boot": self.world.boot, "has_served": self.has_served, "signals": signals, **known}
        try:
            self.world.write(json.dumps(state))
        except OSError as error:
            self.log("state", "unwritable", error=str(error))

    def log(self, event: str, reason: str, **more: object) -> None:
        """Write a line, but not the same one again and again."""
        line = {"event": event, "reason": reason, "phase": self.phase, "instance_id": self.group.instance_id, **more}
        if str(line) != self.last_line:
            self.last_line = str(line)
            self.world.say(json.dumps({"fleet": self.settings.fleet, **line}) + "\n")

    def step(self) -> float:
        """Do what is due and return the seconds until something may be due again."""
        for part in (self.watch, self.beat, self.proceed):
            try:
                part()
            except Exception as error:  # noqa: BLE001 - whatever it is, the other parts must go on
                self.log("unexpected", part.__name__, error=repr(error))
        pause = self.ask_at - self.world.monotonic()
        settle = self.settings.settle_seconds
        return max(pause if self.phase == "watching" else min(pause, settle), settle / 10)

    def watch(self) -> None:
        """Ask IMDS one question and look at the runner, if it is time to."""
        if self.world.monotonic() < self.ask_at:
            return
        self.queue = self.queue or list(self.rota)
        path = self.queue.pop(0)
        try:
            self.heed(path, self.imds.get(path))
            self.failures = 0
        except ImdsError as error:
            self.failures += 1
            self.queue.insert(1, path)  # again soon, without holding up the others
            self.log("imds", "unreachable", error=str(error))
        is_beginning = path in (IDENTITY, MARKET) and not self.failures
        pause = self.settings.poll_seconds * min(2**self.failures, SLOWEST_POLL) * (0.9 + 0.2 * self.world.random())
        self.ask_at = self.world.monotonic() + (0 if is_beginning else pause)
        if self.phase == "watching":
            known = self.runner.pid
            self.check_jobs(has_ended=self.runner.look() == STOPPED and self.runner.has_run)
            if known != self.runner.pid:
                self.save()

    def heed(self, path: str, text: Optional[str]) -> None:
        """Act on an item of the metadata; None = there is none."""
        if path == IDENTITY:
            if not re.fullmatch("i-[0-9a-f]{8,17}", text or ""):
                raise ImdsError("the instance id is %r" % text)
            self.group.instance_id = text or ""
        elif path == MARKET:
            self.rota = ON_DEMAND_ROTA if text == "on-demand" else SPOT_ROTA
        elif path == TARGET and text is not None:
            self.heed_target(text)
        elif path == REBALANCE and text is not None and notice(text, "noticeTime"):
            self.go("rebalance")
        elif path == SPOT and text is not None:
            self.go("spot", self.world.monotonic() + self.spot_seconds(notice(text, "time")))

    def heed_target(self, target: str) -> None:
        """Act on the state that Auto Scaling takes the instance to; that it has to go is believed when said twice."""
        until = self.world.monotonic() + self.settings.cap_seconds
        if target in ENDING and "terminating" not in self.signals and self.imds.get(TARGET) in ENDING:
            self.go("terminating", until)
        elif target in WARMED and self.runner.has_run and not self.signals and self.imds.get(TARGET) in WARMED:
            self.go("warm_pool", until)
        elif target == "InService" and set(self.signals) == {"warm_pool"} and self.phase == "leaving":
            self.phase, self.signals, self.is_aborted, self.attempts = "watching", {}, False, 0
            self.log("back_in_service", target)
            self.save()

    def spot_seconds(self, moment: dt.datetime) -> float:
        """Return how long jobs may run after a spot notice; its moment counts as far as the clock is believable."""
        left = moment.timestamp() - self.world.wall()
        is_believable = 0 < left < SPOT_NOTICE_SECONDS
        return min(self.settings.spot_seconds, max(left - SPOT_MARGIN_SECONDS, 0) if is_believable else math.inf)

    def check_jobs(self, *, has_ended: bool) -> None:
        """Go when the host has had its jobs: the runner has ended by itself, or the host was restarted after it ran."""
        if self.settings.max_jobs_per_instance and self.runner.has_run and not self.has_served:
            self.has_served = True
            self.save()
        if self.settings.max_jobs_per_instance and has_ended:
            self.go("max_jobs")

    def go(self, reason: str, until: float = math.inf) -> None:
        """Begin to drain, or note one more reason; of two times for one reason the earlier one holds."""
        is_news = reason not in self.signals
        self.signals[reason] = min(until, self.signals.get(reason, math.inf))
        if self.phase == "watching":
            self.phase, self.runner.looks = "draining", 0
            self.runner.stop()
        if is_news:
            self.attempts, self.leave_at = 0, 0
            seconds = None if until == math.inf else round(until - self.world.monotonic(), 1)
            self.log("drain", reason, jobs_may_run_seconds=seconds)
            self.save()

    def beat(self) -> None:
        """Send a heartbeat well before the lifecycle action times out; a failed one is repeated soon."""
        now = self.world.monotonic()
        if self.phase in ("draining", "unregistering") and ACTIONS & set(self.signals) and now >= self.beat_at:
            answer, every = self.group.heartbeat(), self.settings.terminating_heartbeat_seconds / 4
            self.beat_at = now + (every if answer == "ok" else min(every, self.settings.poll_seconds))
            self.log("heartbeat", answer)

    def proceed(self) -> None:
        """Do the next thing of the phase."""
        phases = {"draining": self.drain, "unregistering": self.unregister, "leaving": self.leave}
        if self.phase in phases:
            phases[self.phase]()

    def drain(self) -> None:
        """Wait for the runner's end, and bring it about when the time is up."""
        now, until, state = self.world.monotonic(), min(self.signals.values()), STOPPING
        if now >= min(self.look_at, until) or not self.runner.is_alive():
            self.look_at, state = now + self.settings.poll_seconds, self.runner.look()
        if state == STOPPED:
            self.end_drain("jobs_lost" if self.is_aborted else "jobs_done")
        elif now >= until:
            self.runner.abort(signal.SIGKILL)
            self.end_drain("runner_unknown" if state == UNKNOWN and not self.is_aborted else "jobs_lost")
        elif now >= until - min(self.settings.abort_seconds, self.settings.cap_seconds / 10):
            if not self.is_aborted:
                self.runner.abort(signal.SIGTERM)
            self.is_aborted = True
        elif state != STOPPING and not self.runner.looks:
            self.runner.stop()

    def end_drain(self, outcome: str) -> None:
        """Say how the jobs ended, and go on."""
        cause = min(self.signals, key=lambda reason: self.signals[reason])
        lost = "lost_to_spot" if cause == "spot" else "cap_reached"
        self.log("runner_ended", lost if outcome == "jobs_lost" else outcome)
        self.phase, self.attempts, self.leave_at = "unregistering", 0, 0
        if set(self.signals) == {"warm_pool"}:
            self.runner.systemctl("restart", "--no-block", self.settings.enter_unit)

    def unregister(self) -> None:
        """Remove the manager from GitLab; a GitLab that does not answer holds nobody back for long."""
        self.attempts += 1
        is_gone, now = self.runner.unregister(), self.world.monotonic()
        self.log("unregister", "ok" if is_gone else "failed", attempt=self.attempts)
        is_late = now >= min(self.signals.values()) - CLOSING_SECONDS
        if is_gone or is_late or self.attempts >= UNREGISTER_ATTEMPTS:
            self.phase, self.attempts = "leaving", 0

    def leave(self) -> None:
        """Complete the lifecycle action, or ask for one; repeated for as long as the host lives."""
        now, settings = self.world.monotonic(), self.settings
        if now < self.leave_at:
            return
        is_stray = self.runner.look() == RUNNING and now < min(self.signals.values()) and not self.is_aborted
        if is_stray and "warm_pool" not in self.signals:  # somebody has started it again
            self.phase = "draining"
            return
        is_awaited = self.is_asked_for or bool(set(self.signals) & (ACTIONS | {"spot"}))
        answer = self.complete() if is_awaited else self.ask_for_the_end()
        self.attempts = min(self.attempts + 1, 10)
        pause = min(settings.settle_seconds * 2**self.attempts, settings.confirm_seconds)
        self.leave_at = now + (settings.confirm_seconds if is_awaited and answer == "ok" else pause)

    def complete(self) -> str:
        """Complete the lifecycle action; what cannot be completed is logged and left to its timeout."""
        answer = self.group.complete()
        self.log("complete", answer)
        return answer

    def ask_for_the_end(self) -> str:
        """Ask to be terminated: replaced after a rebalance notice, with one instance less after the last job."""
        is_replaced = self.is_at_minimum or "rebalance" in self.signals
        answer = self.group.terminate("--%sshould-decrement-desired-capacity" % ("no-" if is_replaced else ""))
        self.is_asked_for = answer in ("ok", "in_progress")
        self.is_at_minimum = self.is_at_minimum or answer == "invalid"
        self.log("terminate", answer)
        return answer


def notice(text: str, key: str) -> dt.datetime:
    """Return the moment in a notice.

    Raises:
        ImdsError: it is none as documented; half of one, or a proxy's page, must not cost a job.
    """
    try:
        moment = dt.datetime.strptime(str(json.loads(text)[key])[:19] + "+0000", "%Y-%m-%dT%H:%M:%S%z")
    except (ValueError, TypeError, KeyError) as error:
        raise ImdsError("not a notice: %r" % text[:80]) from error
    return moment


def replace(path: Path, text: str) -> None:
    """Replace a file in one go."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


def main(arguments: List[str]) -> int:
    """Serve for ever; a configuration that cannot be used is said, and ends it."""
    try:
        settings = read_settings(Path(arguments[0]).read_text(encoding="utf-8"))
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (OSError, ValueError, IndexError, SettingsError) as error:
        sys.stderr.write("drain.py FLEET_JSON: %s\n" % error)
        return 1
    state = Path(settings.state_file)
    with contextlib.suppress(OSError):
        state.parent.mkdir(parents=True, exist_ok=True)
    imds = os.environ.get("RUNNER_FLEET_IMDS", World.imds)
    world = World(read=state.read_text, write=lambda text: replace(state, text), boot=boot, imds=imds)
    drain = Drain(settings, world)
    while True:
        signal.alarm(ROUND_SECONDS)  # a round that hangs ends this process, and systemd starts it again
        pause = drain.step()
        sys.stdout.flush()
        time.sleep(pause)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
