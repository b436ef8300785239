"""Pipelines that are under way: jobs that run or wait, and jobs that exist already and come later."""

from __future__ import annotations

import zlib
from collections import defaultdict
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# What was read longer ago says nothing about what comes next.
CREATED_LIFE_SECONDS = 180.0
# An end that is only known to lie in an interval is learnt from if that is short, or short for so long a job.
_EXACT_SECONDS = 10.0
_EXACT_SHARE = 0.25


class Status(Enum):
    """How far a job is; one that has ended is no longer part of its pipeline."""

    CREATED = "created"
    PENDING = "pending"
    RUNNING = "running"


class PipelineJob(NamedTuple):
    """A job of a pipeline; a tuple, because there are thousands.

    Attributes:
        name: what stands for its name; see `history.key`.
        stage: orders the stages of the pipeline; equal numbers are the same stage.
        status: how far it is.
        since: when it started, if it runs; when it became pending, if it waits; epoch seconds.
        needs: names of the jobs that it waits for, None = every job of the stages before its own.
        is_ours: whether this fleet runs it; a job of another runner is waited for all the same.
        is_automatic: False = it waits for a person or for a time (manual, delayed).
        is_optional: whether later stages go on without it.
    """

    name: int
    stage: int
    status: Status
    since: float = 0.0
    needs: tuple[int, ...] | None = None
    is_ours: bool = True
    is_automatic: bool = True
    is_optional: bool = False


# The jobs of one pipeline that have not ended.
Pipeline = tuple[PipelineJob, ...]


class Live(NamedTuple):
    """A job that waits or runs, as the job list has it; a tuple, because the state holds many.

    Attributes:
        id: the job's id.
        pipeline: its pipeline's id.
        name: what stands for its name.
        stage: what stands for its stage's name.
        since: when it started, or became pending.
        is_running: whether it runs.
        is_ours: whether this fleet runs it or may run it.
    """

    id: int
    pipeline: int
    name: int
    stage: int
    since: float
    is_running: bool
    is_ours: bool


class Created(NamedTuple):
    """A job that comes later; see `PipelineJob` for what is not said here.

    Attributes:
        id: the job's id.
        pipeline: its pipeline's id.
        name: what stands for its name.
        stage: what stands for its stage's name.
    """

    id: int
    pipeline: int
    name: int
    stage: int
    needs: tuple[int, ...] | None
    is_ours: bool
    is_automatic: bool
    is_optional: bool


def stage_key(name: str) -> int:
    """Return what stands for a stage's name."""
    return zlib.crc32(name.encode())


def pipelines(live: Iterable[Live], created: Iterable[Created]) -> Iterator[Pipeline]:
    """Yield the pipelines that have jobs under way and jobs to come; the others have nothing to foresee."""
    under_way: defaultdict[int, list[Live]] = defaultdict(list)
    for job in live:
        under_way[job.pipeline].append(job)
    to_come: defaultdict[int, list[Created]] = defaultdict(list)
    for later in created:
        to_come[later.pipeline].append(later)
    for number, jobs in under_way.items():
        # What was to come when that was read may be under way by now.
        ids = {job.id for job in jobs}
        if waiting := [job for job in to_come.get(number, ()) if job.id not in ids]:
            yield _pipeline(jobs, waiting)


def ended(before: Iterable[Live], after: Iterable[Live], earliest: float, latest: float) -> Iterator[tuple[int, float]]:
    """Yield name and seconds of the jobs that ran before and do not any more.

    Args:
        before: the jobs that were listed.
        after: the jobs that are listed now.
        earliest: nothing ended before.
        latest: when the new list was read.
    """
    there = {job.id for job in after}
    for job in before:
        if job.is_running and job.id not in there:
            seconds = (earliest + latest) / 2 - job.since
            if latest - earliest <= max(_EXACT_SECONDS, _EXACT_SHARE * seconds):
                yield job.name, seconds


def _pipeline(live: list[Live], created: list[Created]) -> Pipeline:
    """Put a pipeline together; GitLab makes its jobs stage by stage, so that their ids order the stages."""
    first: dict[int, int] = {}
    everything: list[Live | Created] = [*live, *created]
    for job in sorted(everything, key=lambda job: job.id):
        first.setdefault(job.stage, 2 * job.id)
    # A retried job has a new id. But what waits for other stages comes after a job that is under way.
    stages = {job.stage for job in live}
    next_stage = min(first[stage] for stage in stages) + 1
    names = {job.name for job in everything}
    return (
        *(_under_way(job, first[job.stage]) for job in live),
        *(
            _to_come(job, first[job.stage] if job.stage in stages else max(first[job.stage], next_stage), names)
            for job in created
        ),
    )


def _under_way(job: Live, stage: int) -> PipelineJob:
    status = Status.RUNNING if job.is_running else Status.PENDING
    return PipelineJob(job.name, stage, status, job.since, is_ours=job.is_ours)


def _to_come(job: Created, stage: int, names: set[int]) -> PipelineJob:
    # If all that it needs had ended well, it would not wait: so it waits for a person, or will be skipped.
    is_stuck = job.needs is not None and names.isdisjoint(job.needs)
    return PipelineJob(
        job.name,
        stage,
        Status.CREATED,
        needs=job.needs,
        is_ours=job.is_ours,
        is_automatic=job.is_automatic and not is_stuck,
        is_optional=job.is_optional,
    )
