"""gitlab-runner's unit in memory, with its process and its jobs."""

from __future__ import annotations

import math
import signal
from dataclasses import dataclass, field

from terraform.runner_host import drain

RESTART_SECONDS = 5.0
SETTINGS = drain.Settings(
    fleet="ci",
    region="us-east-1",
    autoscaling_group="ci-runners",
    terminating_hook="ci-terminating",
    terminating_heartbeat_seconds=60,
    force_instance_deletion_seconds=600,
    runner_unit="gitlab-runner.service",
    enter_unit="gitlab-runner-fleet-enter.service",
    runner_config="/etc/gitlab-runner/config.toml",
    runner_binary="gitlab-runner",
)


@dataclass
class RunnerUnit:
    """The unit as systemd keeps it.

    Args:
        settings: the drain service's configuration.
    """

    settings: drain.Settings = SETTINGS
    now: float = 1000.0
    slots: int = 1
    unit: str = "inactive"
    pid: int = 0
    processes: dict[int, str] = field(default_factory=lambda: {1: "1"})
    has_run: bool = False
    is_stopping: bool = False
    is_quitting: bool = False
    restart_at: float = math.inf
    restarts: bool = True
    builds_left: float = math.inf
    # jobs
    waiting: list[tuple[float, float]] = field(default_factory=list)
    running: list[float] = field(default_factory=list)
    lost_at: list[float] = field(default_factory=list)
    done: int = 0
    is_registered: bool = True
    # when no job may be aborted yet
    action_opens: float = math.inf
    spot_at: float = math.inf
    # what happened
    units: list[tuple[str, str]] = field(default_factory=list)
    signals: list[int] = field(default_factory=list)
    early: list[str] = field(default_factory=list)

    def start_runner(self) -> None:
        """Start gitlab-runner's process, as systemd does."""
        self.pid = 100 + len(self.processes)
        self.processes[self.pid] = str(self.now)
        self.unit, self.has_run, self.is_quitting, self.is_stopping = "active", True, False, False
        self.restart_at = math.inf
        self.take_jobs()

    def take_jobs(self) -> None:
        """Give waiting jobs to the runner."""
        is_taking = self.unit == "active" and not self.is_quitting and self.is_registered
        while is_taking and self.builds_left and len(self.running) < self.slots and self.next_arrival() <= self.now:
            self.running.append(self.now + self.waiting.pop(0)[1])
            self.builds_left -= 1

    def next_arrival(self) -> float:
        return self.waiting[0][0] if self.waiting else math.inf

    def end_process(self) -> None:
        """The main process has ended; systemd starts it again unless it was told to stop it."""
        self.lost_at += [self.now] * len(self.running)
        self.running = []
        self.processes.pop(self.pid, None)
        if self.unit in ("active", "deactivating"):
            is_wanted = self.restarts and not self.is_stopping
            self.unit, self.restart_at = (
                ("activating", self.now + RESTART_SECONDS) if is_wanted else ("inactive", math.inf)
            )

    def systemctl(self, command: list[str]) -> tuple[int, str]:
        """Do what systemctl would."""
        self.units.append((command[1], command[-1]))
        if command[-1] != self.settings.runner_unit:
            return 0, ""
        match command[1]:
            case "show":
                shown = {
                    "ActiveState": self.unit,
                    "MainPID": self.pid if self.unit in ("active", "deactivating") else 0,
                    "ExecMainStartTimestampMonotonic": int(self.has_run),
                }
                return 0, "".join(f"{name}={value}\n" for name, value in shown.items())
            case "stop":
                self.is_stopping, self.restart_at = True, math.inf
                if self.unit == "activating":
                    self.unit = "inactive"
                elif self.unit == "active":
                    self.unit = "deactivating"
                    self.quit()
            case "kill":
                self.signal(self.pid, signal.Signals[command[2].partition("=")[2]])
        return 0, ""

    def quit(self) -> None:
        """SIGQUIT: no further jobs, and the end after those that run."""
        self.is_quitting = True
        if not self.running:
            self.end_process()

    def kill(self, pid: int, number: int) -> None:
        if pid == self.pid:
            self.signal(pid, number)

    def signal(self, pid: int, number: int) -> None:
        """Signal a process: TERM and KILL cost it its jobs."""
        self.signals.append(number)
        if pid in self.processes and number in (signal.SIGTERM, signal.SIGKILL):
            if self.running and self.now < self.deadline() - 1:
                self.early.append(f"jobs were aborted at {self.now}")
            self.end_process()

    def deadline(self) -> float:
        """Return before when no job may be aborted: the service saw the notice when it came or later."""
        abort = min(self.settings.abort_seconds, self.settings.cap_seconds / 10)
        lives = [self.action_opens + self.settings.cap_seconds, self.spot_at + 60]
        return min(lives) - abort
