"""Decide which of GitLab's jobs are this fleet's business."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scaler.history import key
from scaler.model import ProtectedRefs
from scaler.pipelines import Live, stage_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scaler.model import Job

# The form in which an instance of a fleet names itself; see Instance.system_id.
_SYSTEM_ID = re.compile(r"r_[0-9a-f]{12}")
# GitLab decides by a setting of the project whether merge request pipelines are protected; the job does not show it.
_MERGE_REQUEST = "refs/merge-requests/"
UNKNOWN_REFS = ProtectedRefs()


@dataclass(frozen=True)
class Runner:
    """What the fleet's runner takes.

    Attributes:
        tags: its tags.
        run_untagged: whether it takes jobs without tags.
        protected_only: whether it takes jobs of protected branches and tags only.
        id: its id in GitLab, "" = unknown.
    """

    tags: frozenset[str]
    run_untagged: bool
    protected_only: bool = False
    id: str = ""


@dataclass(frozen=True)
class Demand:
    """What a project's jobs mean for the fleet; the fields are those of `model.Project`."""

    pending: int = 0
    oldest_pending_at: float = 0.0
    running: tuple[str, ...] = ()
    unplaced: int = 0
    runners: tuple[str, ...] = ()


def demand(jobs: Iterable[Job], runner: Runner, protected: ProtectedRefs = UNKNOWN_REFS) -> Demand:
    """Count the jobs that this fleet runs or may run.

    Args:
        jobs: a project's pending and running jobs.
        runner: what the fleet's runner takes.
        protected: the project's protected refs; where they are unknown every ref counts: a job is never hidden.
    """
    listed = tuple(jobs)
    waiting = [job for job in listed if not job.is_running and takes(runner, job, protected)]
    running = [job for job in listed if job.is_running and _may_be_ours(runner, job)]
    placed = sorted((job.system_id, job.runner_id) for job in running if _SYSTEM_ID.fullmatch(job.system_id))
    return Demand(
        pending=len(waiting),
        oldest_pending_at=min((job.queued_at for job in waiting), default=0.0),
        running=tuple(manager for manager, _ in placed),
        unplaced=sum(not job.system_id for job in running),
        # Where the id is configured, it need not be learnt.
        runners=() if runner.id else tuple(number for _, number in placed),
    )


def under_way(
    project_id: int, jobs: Iterable[Job], runner: Runner, protected: ProtectedRefs = UNKNOWN_REFS
) -> tuple[Live, ...]:
    """Return the jobs under way of a project's pipelines, also those of other runners: what follows waits for them."""
    return tuple(
        Live(
            id=job.id,
            pipeline=job.pipeline_id,
            name=key(project_id, job.name),
            stage=stage_key(job.stage),
            since=round(job.started_at or job.queued_at, 1),
            is_running=job.is_running,
            is_ours=_may_be_ours(runner, job) if job.is_running else takes(runner, job, protected),
        )
        for job in jobs
        if job.pipeline_id and job.name
    )


def takes(runner: Runner, job: Job, protected: ProtectedRefs = UNKNOWN_REFS) -> bool:
    """Return whether the runner may take a pending job."""
    fits = job.tags <= runner.tags if job.tags else runner.run_untagged
    return fits and not (runner.protected_only and not _may_be_protected(job, protected))


def _may_be_protected(job: Job, protected: ProtectedRefs) -> bool:
    patterns = protected.tags if job.is_tag else protected.branches
    if patterns is None or job.ref.startswith(_MERGE_REQUEST):
        return True
    return any(_matches(pattern, job.ref) for pattern in patterns)


def _matches(pattern: str, ref: str) -> bool:
    """Match a ref as GitLab does: `*` stands for any text, everything else for itself.

    Piece by piece instead of by a regular expression: whoever may protect branches chooses the pattern, and many
    wildcards would make a backtracking matcher slow.
    """
    first, *others = pattern.split("*")
    if not others:
        return ref == pattern
    last = others.pop()
    if not ref.startswith(first) or not ref.endswith(last):
        return False
    position, end = len(first), len(ref) - len(last)
    for piece in others:
        found = ref.find(piece, position, end)
        if found < 0:
            return False
        position = found + len(piece)
    return position <= end


def _may_be_ours(runner: Runner, job: Job) -> bool:
    if runner.id and job.runner_id:
        return job.runner_id == runner.id
    if job.system_id:
        return True
    # GitLab names neither the manager nor, when the runner was deleted, the runner: then it is nobody's any more.
    return bool(job.runner_id) and takes(runner, job)
