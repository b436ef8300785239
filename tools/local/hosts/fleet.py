"""The hosts of one Auto Scaling group: one step looks at the instances and does what their runners would do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from tools.local.hosts.matching import assign
from tools.local.hosts.model import Host, Instance, PendingJob, RunnerRules, system_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

IN_SERVICE = "InService"
DRAINING = "Terminating:Wait"
ENTERING = "Pending:Wait"
GONE = frozenset({"Terminated", "Terminating:Proceed"})
"""States in which the machine is shut down, or about to be with nobody waiting for its jobs."""


class JobQueue(Protocol):
    """A runner's jobs."""

    def pending(self) -> Sequence[PendingJob]:
        """Return the jobs that wait."""
        ...

    def running(self) -> dict[str, list[int]]:
        """Return the running jobs by system id."""
        ...

    def take(self, job_id: int, system_id: str) -> bool:
        """Start a job; False when it is no longer there."""
        ...

    def lose(self, job_id: int) -> bool:
        """Fail a job whose machine is gone; False when it had ended."""
        ...


class Managers(Protocol):
    """A runner, as its managers deal with it."""

    def rules(self) -> RunnerRules:
        """Return which jobs the runner takes."""
        ...

    def meet(self, system_ids: Iterable[str]) -> None:
        """Note that managers are in contact."""
        ...

    def part(self, system_id: str) -> None:
        """Unregister a manager."""
        ...


@dataclass
class HostFleet:
    """The hosts of one group.

    Args:
        slots: jobs that one host runs at once.
        jobs: the runner's jobs.
        managers: the runner.
        complete: completes the lifecycle action of an instance that ends; True when that worked, else it is tried again
            next time.
        enter: the same for an instance that begins.
    """

    slots: int
    jobs: JobQueue
    managers: Managers
    complete: Callable[[str], bool]
    enter: Callable[[str], bool]
    hosts: dict[str, str] = field(default_factory=dict)
    completed: set[str] = field(default_factory=set)
    entered: set[str] = field(default_factory=set)
    instances_seen: set[str] = field(default_factory=set)
    jobs_taken: int = 0
    jobs_killed: int = 0

    def step(self, listed: Sequence[Instance]) -> None:
        """Do what the runners on these instances do now.

        Args:
            listed: every instance of the group; one that is missing no longer exists.
        """
        alive = {i.instance_id: i.lifecycle_state for i in listed if i.lifecycle_state not in GONE}
        for instance_id in sorted(set(self.hosts) - set(alive)):
            self.bury(instance_id)
        self.hosts = alive
        self.instances_seen.update(alive)
        self.completed &= set(alive)
        self.entered &= {name for name, state in alive.items() if state == ENTERING}
        self.begin()
        self.take_jobs()
        self.drain()

    def bury(self, instance_id: str) -> None:
        """Fail the jobs of an instance that is gone: a fleet that drains its hosts never has any."""
        for job_id in self.running_on(instance_id):
            self.jobs_killed += self.jobs.lose(job_id)
        self.managers.part(system_id(instance_id))

    def begin(self) -> None:
        """Meet GitLab and complete the lifecycle action of each host that has booted."""
        for instance_id, state in sorted(self.hosts.items()):
            if state == ENTERING and instance_id not in self.entered:
                self.managers.meet([system_id(instance_id)])
                if self.enter(instance_id):
                    self.entered.add(instance_id)

    def take_jobs(self) -> None:
        """Let the hosts in service take the pending jobs that fit."""
        serving = [name for name, state in sorted(self.hosts.items()) if state == IN_SERVICE]
        self.managers.meet([system_id(instance_id) for instance_id in serving])
        busy = self.jobs.running()
        hosts = [Host(name, self.slots - len(busy.get(system_id(name), []))) for name in serving]
        for job_id, instance_id in assign(self.jobs.pending(), hosts, self.managers.rules()):
            self.jobs_taken += self.jobs.take(job_id, system_id(instance_id))

    def drain(self) -> None:
        """Complete the lifecycle action of each draining host that has finished its jobs."""
        for instance_id, state in sorted(self.hosts.items()):
            if state == DRAINING and instance_id not in self.completed and not self.running_on(instance_id):
                self.managers.part(system_id(instance_id))
                if self.complete(instance_id):
                    self.completed.add(instance_id)

    def running_on(self, instance_id: str) -> list[int]:
        """Return the jobs that run on an instance."""
        return self.jobs.running().get(system_id(instance_id), [])

    def report(self) -> dict[str, object]:
        """Return what the hosts do and have done."""
        busy = self.jobs.running()
        hosts = [
            {
                "instance_id": instance_id,
                "system_id": system_id(instance_id),
                "lifecycle_state": state,
                "slots": self.slots,
                "running_job_ids": busy.get(system_id(instance_id), []),
            }
            for instance_id, state in sorted(self.hosts.items())
        ]
        return {
            "hosts": hosts,
            "instances_seen": len(self.instances_seen),
            "jobs_taken": self.jobs_taken,
            "jobs_killed": self.jobs_killed,
        }
