"""What becomes pending when a job ends: stage order, needs, and what never comes because something failed."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from tools.simulator.workload import When

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.simulator.workload import Job


class Status(Enum):
    """Where a job is in its life."""

    CREATED = "created"
    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    SKIPPED = "skipped"


LIVE = frozenset({Status.PENDING, Status.RUNNING})
OVER = frozenset({Status.SUCCESS, Status.FAILED, Status.SKIPPED})


class Pipeline:
    """The jobs of a pipeline and how far they are.

    Attributes:
        status: of each job, by its number.
        since: when each job that waits or runs began to.
        live: numbers of the jobs that wait or run.
        left: how many jobs are not over yet.
        version: grows with every change.
    """

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.number = jobs[0].pipeline
        self.project = jobs[0].project
        self.jobs = {job.number: job for job in jobs}
        self.status = dict.fromkeys(self.jobs, Status.CREATED)
        self.since: dict[int, float] = {}
        self.live: set[int] = set()
        self.left = len(jobs)
        self.version = 0
        self._waits = {job.number: len(set(job.needs)) for job in jobs if job.needs is not None}
        self._dependents: dict[int, list[int]] = {}
        for job in jobs:
            for needed in set(job.needs or ()):
                self._dependents.setdefault(needed, []).append(job.number)
        self._stages: dict[int, list[int]] = {}
        self._open: dict[int, int] = {}
        self._failed_in: set[int] = set()
        for job in jobs:
            self._open[job.stage] = self._open.get(job.stage, 0) + job.blocks
            if job.needs is None:
                self._stages.setdefault(job.stage, []).append(job.number)

    def mark(self, number: int, status: Status, now: float) -> None:
        """Note that a job waits or runs."""
        self.status[number] = status
        self.since[number] = now
        self.live.add(number)
        self.version += 1

    def begin(self) -> list[Job]:
        """Return the jobs that wait for nothing."""
        free = [number for number, waits in self._waits.items() if waits == 0]
        return self._released(free + self._next_stages())

    def end(self, number: int, *, is_success: bool) -> list[Job]:
        """Note that a job has ended and return those that it lets go."""
        self._close(number, Status.SUCCESS if is_success else Status.FAILED)
        job = self.jobs[number]
        if not (is_success or job.may_fail or not job.blocks):
            self._failed_in.add(job.stage)
            self._skip(number)
            return self._released(self._next_stages())
        return self._released(self._freed(number) + self._next_stages())

    def skip(self, number: int) -> list[Job]:
        """Note that nobody starts a manual job; return those that wait for nothing else."""
        self._close(number, Status.SKIPPED)
        return self._released(self._freed(number) + self._next_stages())

    def cancel(self) -> dict[int, Status]:
        """Note that somebody cancels it; return the jobs that waited or ran, and which of both."""
        live = {number: self.status[number] for number in sorted(self.live)}
        for number, status in list(self.status.items()):
            if status not in OVER:
                self._close(number, Status.SKIPPED)
        return live

    def _close(self, number: int, status: Status) -> None:
        self.status[number] = status
        self.live.discard(number)
        self.version += 1
        self.left -= 1
        self._open[self.jobs[number].stage] -= self.jobs[number].blocks

    def _freed(self, number: int) -> list[int]:
        freed = []
        for dependent in self._dependents.get(number, ()):
            self._waits[dependent] -= 1
            if self._waits[dependent] == 0 and self.status[dependent] is Status.CREATED:
                freed.append(dependent)
        return freed

    def _next_stages(self) -> list[int]:
        """Return the jobs in stage order whose earlier stages are over, and forget them."""
        released: list[int] = []
        for stage in sorted(self._stages):
            if any(count for earlier, count in self._open.items() if earlier < stage):
                break
            released += self._stages.pop(stage)
            self._skip_for_success(stage, released)
        return [number for number in released if self.status[number] is Status.CREATED]

    def _skip_for_success(self, stage: int, numbers: Sequence[int]) -> None:
        """Skip what comes only on failure if no job of the stages before has failed."""
        if any(earlier < stage for earlier in self._failed_in):
            return
        for number in numbers:
            if self.status[number] is Status.CREATED and self.jobs[number].when is When.ON_FAILURE:
                self._close(number, Status.SKIPPED)

    def _skip(self, failed: int) -> None:
        """Skip what waits for a failed job, directly or not, and does not come only on failure."""
        waiting = [failed]
        while waiting:
            number = waiting.pop()
            stage = self.jobs[number].stage
            later = [other for place, others in self._stages.items() if place > stage for other in others]
            for other in (*self._dependents.get(number, ()), *later):
                if self.status[other] is Status.CREATED and self.jobs[other].when is not When.ON_FAILURE:
                    self._close(other, Status.SKIPPED)
                    waiting.append(other)

    def _released(self, numbers: Sequence[int]) -> list[Job]:
        return [self.jobs[number] for number in numbers]


def pending_at(job: Job, now: float) -> float | None:
    """Return when a job that waits for no other becomes pending; None = never."""
    if job.when is When.MANUAL and not 0 < job.held_until < float("inf"):
        return None
    return max(now, job.held_until) if job.when is not When.ON_SUCCESS else now
