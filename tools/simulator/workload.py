"""Jobs to be simulated: what they are, when they are created, and what they wait for. Times are seconds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


class WorkloadError(Exception):
    """A workload cannot be simulated; the message names the job or the line."""


class When(StrEnum):
    """What starts a job, as in GitLab's `when`."""

    ON_SUCCESS = "on_success"
    MANUAL = "manual"
    DELAYED = "delayed"
    ON_FAILURE = "on_failure"


@dataclass(frozen=True, slots=True)
class Job:
    """A job.

    Attributes:
        number: its place in the workload, from 0.
        created: when its pipeline is created.
        duration: how long each of its runs takes.
        pipeline: jobs with the same number belong together.
        stage: it waits for all jobs of lower stages, unless it names needs.
        name: what the same job is called in every pipeline of the project.
        needs: numbers of the jobs that it waits for; None = stage order.
        tags: what a runner must have to take it.
        when: what starts it; a manual job that nobody starts is skipped, and no job waits for a manual one. One that
            comes only on failure waits for the stages before its own, and is skipped if none of their jobs has failed.
        held_until: a manual or delayed job becomes pending no earlier.
        fails: its last run fails, so that what waits for it never comes.
        may_fail: nothing is held up when it fails (`allow_failure`).
        runs: how often it runs; each but the last is a failure that is retried.
        cancelled_at: its pipeline is cancelled then, if it is not over before.
    """

    number: int
    created: float
    duration: float
    project: int = 0
    pipeline: int = 0
    stage: int = 0
    name: str = ""
    needs: tuple[int, ...] | None = None
    tags: frozenset[str] = frozenset()
    when: When = When.ON_SUCCESS
    held_until: float = 0.0
    fails: bool = False
    may_fail: bool = False
    runs: int = 1
    cancelled_at: float = math.inf

    @property
    def blocks(self) -> bool:
        """Whether others wait for it."""
        return self.when is not When.MANUAL


@dataclass(frozen=True)
class Workload:
    """Jobs in the order of their numbers; those of one pipeline stand together."""

    name: str
    jobs: tuple[Job, ...]

    def pipelines(self) -> Iterable[Sequence[Job]]:
        """Yield the jobs of each pipeline."""
        start = 0
        for end in range(1, len(self.jobs) + 1):
            if end == len(self.jobs) or self.jobs[end].pipeline != self.jobs[start].pipeline:
                yield self.jobs[start:end]
                start = end

    @property
    def busy_seconds(self) -> float:
        """How long all jobs run, retries included, if none is skipped."""
        return sum(job.duration * job.runs for job in self.jobs)

    @property
    def last_created(self) -> float:
        """When the last job is created."""
        return max((max(job.created, job.held_until) for job in self.jobs), default=0.0)


def checked(name: str, jobs: Iterable[Job], called: Callable[[int], str] = "job {}".format) -> Workload:
    """Return a workload whose jobs can be simulated.

    Args:
        name: what the workload is called.
        jobs: in the order of their numbers.
        called: what messages call the job with a number.

    Raises:
        WorkloadError: a number, time or dependency is impossible.
    """
    workload = Workload(name, tuple(jobs))
    finished: set[int] = set()
    for place, job in enumerate(workload.jobs):
        if job.number != place:
            raise WorkloadError(f"{called(job.number)} stands at place {place}")
        if problem := _problem(job):
            raise WorkloadError(f"{called(job.number)}: {problem}")
    for jobs_of_one in workload.pipelines():
        pipeline = jobs_of_one[0].pipeline
        if pipeline in finished:
            raise WorkloadError(f"the jobs of pipeline {pipeline} do not stand together")
        finished.add(pipeline)
        _check_needs(jobs_of_one, called)
    return workload


def _problem(job: Job) -> str:
    """Return why a job cannot be simulated, "" = it can."""
    times = {"created": job.created, "duration": job.duration}
    for what, seconds in times.items():
        if not 0 <= seconds < math.inf:
            return f"{what} is {seconds:g}, negative or not finite"
    if not job.held_until >= 0:
        return f"held_until is {job.held_until:g}, negative or no number"
    if job.runs < 1:
        return f"runs is {job.runs}, so it never runs"
    if job.when is When.ON_FAILURE and job.needs is not None:
        return "it comes only on failure, so it waits for stages and cannot name needs"
    return "" if job.cancelled_at >= job.created else "it is cancelled before it is created"


def _check_needs(jobs: Sequence[Job], called: Callable[[int], str]) -> None:
    """Needs lie within the pipeline and lead to an end."""
    own = {job.number: job for job in jobs}
    left = {job.number: {*(job.needs or ())} for job in jobs}
    for number, needs in left.items():
        if unknown := needs - own.keys():
            raise WorkloadError(f"{called(number)} needs {sorted(unknown)}, which its pipeline does not have")
    for job in jobs:
        if job.needs is None:
            left[job.number] = {other.number for other in jobs if other.stage < job.stage}
    while left:
        free = {number for number, needs in left.items() if not needs}
        if not free:
            raise WorkloadError(f"{', '.join(map(called, sorted(left)))} wait for each other")
        left = {number: needs - free for number, needs in left.items() if number not in free}


def plain(name: str, arrivals: Iterable[tuple[float, float]]) -> Workload:
    """Return independent jobs, each a pipeline of its own.

    Args:
        name: what the workload is called.
        arrivals: when each becomes pending, and how long it takes.
    """
    jobs = (Job(number, at, seconds, pipeline=number) for number, (at, seconds) in enumerate(sorted(arrivals)))
    return checked(name, jobs)
