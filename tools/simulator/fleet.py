"""The simulated Auto Scaling group: what a policy sees of it, and what it can do to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scaler.capacity import Phase
from tools.simulator.events import Kind
from tools.simulator.hosts import FreeHosts, Host

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from tools.simulator.dependencies import Pipeline
    from tools.simulator.setup import Setup
    from tools.simulator.workload import Job

_RETRY_SECONDS = 60.0
_FAILURE_SECONDS = 5.0
_NOTICE_SECONDS = 120.0


class Fleet:
    """Instances and the jobs that wait for them.

    A policy reads the attributes and properties, and acts with `set_desired` and `terminate`.

    Attributes:
        now: the time.
        pending: how many jobs wait.
        oldest_pending_at: since when the longest waiting one waits; meaningless if none does.
        running_elsewhere: jobs on instances that drain.
        running: jobs on instances that stay.
        arrived: how many jobs have become pending so far.
        cancelled: how many jobs were cancelled while they waited, so far.
        desired: the desired capacity.
        hosts: every instance that is not gone, by id.
        idle: instances in service without a job, and since when, longest idle first.
        booting_hosts: those that boot, by id.
        touched: ids of the instances that took or ended a job, or came, since somebody emptied it.
        pipelines: those that are under way, by number.
        ended: each job that ended since somebody emptied it, and when it had started.
    """

    def __init__(
        self, setup: Setup, random: Callable[[str], Random], schedule: Callable[[float, Kind, object], None]
    ) -> None:
        self.setup = setup
        self.now = 0.0
        self.pending = 0
        self.oldest_pending_at = 0.0
        self.running = 0
        self.running_elsewhere = 0
        self.arrived = 0
        self.cancelled = 0
        self.desired = setup.minimum
        self.hosts: dict[str, Host] = {}
        self.idle: dict[str, float] = {}
        self.booting_hosts: dict[str, Host] = {}
        self.touched: set[str] = set()
        self.pipelines: dict[int, Pipeline] = {}
        self.ended: list[tuple[Job, float]] = []
        self.launches = 0
        self.instance_seconds = 0.0
        self.peak = 0
        self._phases = dict.fromkeys(Phase, 0)
        self._schedule = schedule
        self._boots, self._failures, self._interruptions = random("boots"), random("failures"), random("interruptions")
        self.free = FreeHosts(setup.dispatch, random("dispatch"))
        self._victims: Callable[[Fleet, int], Sequence[str]] = longest_idle

    @property
    def minimum(self) -> int:
        """The least number of instances."""
        return self.setup.minimum

    @property
    def maximum(self) -> int:
        """The greatest number of instances."""
        return self.setup.maximum

    @property
    def slots(self) -> int:
        """Jobs that one instance runs at a time."""
        return self.setup.slots

    @property
    def booting(self) -> int:
        """Instances that are launched and take no jobs yet."""
        return self._phases[Phase.BOOTING]

    @property
    def in_service(self) -> int:
        """Instances that take jobs."""
        return self._phases[Phase.IN_SERVICE]

    @property
    def terminating(self) -> int:
        """Instances that drain."""
        return self._phases[Phase.TERMINATING]

    @property
    def staying(self) -> int:
        """Instances that are capacity, now or soon."""
        return self.booting + self.in_service

    def removes_by(self, victims: Callable[[Fleet, int], Sequence[str]]) -> None:
        """Let a function choose the instances that go when less is desired than there is."""
        self._victims = victims

    def set_desired(self, capacity: int) -> None:
        """Set the desired capacity; the group launches and removes at once."""
        self.desired = min(max(capacity, self.minimum), self.maximum)
        self.reconcile()

    def terminate(self, instance_id: str) -> None:
        """Remove an instance and lower the desired capacity by one."""
        self.desired = max(self.desired - 1, self.minimum)
        self.drain(self.hosts[instance_id])
        self.reconcile()

    def reconcile(self) -> None:
        """Launch or remove instances until there are as many as desired."""
        for _ in range(self.desired - self.staying):
            self._launch()
        if self.staying > self.desired:
            for instance_id in self._victims(self, self.staying - self.desired):
                self.drain(self.hosts[instance_id])

    def _launch(self) -> None:
        setup = self.setup
        self.launches += 1
        host = Host(self.launches, self.now, setup.slots)
        self.hosts[host.id] = host
        self.booting_hosts[host.id] = host
        self._phases[Phase.BOOTING] += 1
        self.peak = max(self.peak, len(self.hosts))
        boot = setup.boot.draw(self._boots)
        if setup.launch_failures and self._failures.random() < setup.launch_failures:
            self._schedule(self.now + _FAILURE_SECONDS, Kind.LAUNCH_FAILED, host)
        else:
            self._schedule(self.now + boot, Kind.BOOTED, host)
        if setup.interruptions_per_hour:
            life = self._interruptions.expovariate(setup.interruptions_per_hour / 3600)
            self._schedule(self.now + boot + life, Kind.NOTICE, host)

    def booted(self, host: Host) -> None:
        """An instance begins to take jobs, unless it was removed before."""
        if host.phase is Phase.BOOTING and host.id in self.hosts:
            self._enter(host, Phase.IN_SERVICE)
            host.in_service_at = self.now
            self._is_idle(host)
            self.free.update(host)
            self.touched.add(host.id)

    def launch_failed(self, host: Host) -> None:
        """An instance never comes; the group tries again in a minute."""
        if host.phase is Phase.BOOTING and host.id in self.hosts:
            self.remove(host)
            self._schedule(self.now + _RETRY_SECONDS, Kind.RECONCILE, None)

    def noticed(self, host: Host) -> None:
        """A spot interruption is announced: the instance takes no more jobs and goes in two minutes."""
        if host.id in self.hosts and host.phase is Phase.IN_SERVICE:
            host.is_leaving = True
            self.free.update(host)
            self._schedule(self.now + _NOTICE_SECONDS, Kind.RECLAIMED, host)

    def drain(self, host: Host) -> None:
        """Let an instance go once its jobs have ended."""
        if host.phase is Phase.TERMINATING:
            return
        self.idle.pop(host.id, None)
        self.running -= len(host.jobs)
        self.running_elsewhere += len(host.jobs)
        self._enter(host, Phase.TERMINATING)
        self.free.update(host)
        if not host.jobs:
            self._shut_down(host)
        else:
            self._schedule(self.now + self.setup.drain_seconds, Kind.DRAIN_ENDED, host)

    def remove(self, host: Host) -> None:
        """An instance is gone, and whatever ran on it."""
        if self.hosts.pop(host.id, None) is None:
            return
        if host.phase is Phase.TERMINATING:
            self.running_elsewhere -= len(host.jobs)
        else:
            self.running -= len(host.jobs)
        self.idle.pop(host.id, None)
        self._enter(host, Phase.TERMINATING)
        self.free.update(host)
        self._phases[Phase.TERMINATING] -= 1
        self.touched.discard(host.id)
        self._pay(host)

    def take(self, host: Host, number: int) -> None:
        """An instance takes a job."""
        host.free -= 1
        host.jobs.add(number)
        self.running += 1
        self.idle.pop(host.id, None)
        host.idle_since = None
        self.touched.add(host.id)
        self.free.update(host)

    def finish(self, host: Host, number: int) -> None:
        """A job ends on an instance."""
        host.jobs.remove(number)
        host.free += 1
        if host.phase is Phase.TERMINATING:
            self.running_elsewhere -= 1
            if not host.jobs:
                self._shut_down(host)
            return
        self.running -= 1
        self.touched.add(host.id)
        if not host.jobs:
            self._is_idle(host)
        self.free.update(host)

    def _is_idle(self, host: Host) -> None:
        host.idle_since = self.now
        self.idle[host.id] = self.now

    def _shut_down(self, host: Host) -> None:
        if self.setup.shutdown_seconds:
            self._schedule(self.now + self.setup.shutdown_seconds, Kind.SHUT_DOWN, host)
        else:
            self.remove(host)

    def _enter(self, host: Host, phase: Phase) -> None:
        self._phases[host.phase] -= 1
        self._phases[phase] += 1
        host.phase = phase
        self.booting_hosts.pop(host.id, None)

    def finish_accounts(self) -> None:
        """Pay for the instances that are still there."""
        for host in self.hosts.values():
            self._pay(host)

    def _pay(self, host: Host) -> None:
        self.instance_seconds += max(self.now - host.launched_at, self.setup.least_paid_seconds)


def longest_idle(fleet: Fleet, count: int) -> list[str]:
    """The order of the termination policy: idle instances, longest idle first, and no others."""
    return list(fleet.idle)[:count]


def oldest(fleet: Fleet, count: int) -> list[str]:
    """Auto Scaling's plain order: the oldest go, whatever they do."""
    return [host.id for host in fleet.hosts.values() if host.phase is not Phase.TERMINATING][:count]
