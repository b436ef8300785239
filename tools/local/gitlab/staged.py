"""Pipelines with stages: jobs that exist from the start and become pending when what they wait for has ended well."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from tools.local.gitlab.joblife import JobOrder

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tools.local.gitlab.joblife import JobLife
    from tools.local.gitlab.model import Job

WHENS = ("on_success", "manual", "delayed")


@dataclass(frozen=True)
class StagedJob:
    """A job of a pipeline, as .gitlab-ci.yml describes it; stages come in the order in which they are first named."""

    name: str
    stage: str
    tag_list: tuple[str, ...] = ()
    needs: tuple[str, ...] | None = None
    when: str = "on_success"
    allow_failure: bool = False
    duration_seconds: float | None = 10.0
    outcome: str = "success"


def create(life: JobLife, project_id: int, jobs: Sequence[StagedJob]) -> list[int]:
    """Create a pipeline and let its first jobs be pending."""
    order = JobOrder(project_id)
    now = life.clock()
    project = life.store.projects[project_id]
    life.touch(project, order.source, now)
    pipeline = life.create_pipeline(order, now)
    made = [life.create_job(ordered(project_id, job), project, pipeline, now) for job in jobs]
    for job, wanted in zip(made, jobs, strict=True):
        life.store.put_job(replace(job, needs=wanted.needs, when=wanted.when, allow_failure=wanted.allow_failure))
    life.following[pipeline.id] = partial(go_on, life, pipeline.id)
    go_on(life, pipeline.id)
    return [job.id for job in made]


def ordered(project_id: int, job: StagedJob) -> JobOrder:
    """Return the order of a single job."""
    return JobOrder(
        project_id,
        name=job.name,
        stage=job.stage,
        tag_list=job.tag_list,
        status="created",
        duration_seconds=job.duration_seconds,
        outcome=job.outcome,
    )


def go_on(life: JobLife, pipeline_id: int) -> None:
    """Enqueue the jobs that need not wait any longer; skip those that would wait in vain."""
    while any(move(life, job, pipeline_id) for job in created_jobs(life, pipeline_id)):
        pass


def created_jobs(life: JobLife, pipeline_id: int) -> list[Job]:
    """Return the jobs of a pipeline that wait for others."""
    return [job for job in life.store.jobs_in("created") if job.pipeline_id == pipeline_id]


def move(life: JobLife, job: Job, pipeline_id: int) -> bool:
    """Return whether a job need not wait any longer, or waits in vain; then it does not."""
    jobs = [other for other in life.store.jobs.values() if other.pipeline_id == pipeline_id]
    statuses = {"success" if is_passed_over(other) else other.status for other in waits_for(job, jobs)}
    if statuses <= {"success"}:
        start(life, job)
        return True
    if statuses & {"failed", "canceled", "skipped"}:
        life.change(replace(job, status="skipped"))
        return True
    return False


def start(life: JobLife, job: Job) -> None:
    """Make a job whose turn has come pending, or let it wait for a person or a time."""
    if job.when == "on_success":
        life.enqueue(job.id)
    else:
        life.change(replace(job, status={"manual": "manual", "delayed": "scheduled"}[job.when]))


def waits_for(job: Job, jobs: list[Job]) -> Iterable[Job]:
    """Return the jobs that a job waits for."""
    if job.needs is not None:
        return (other for other in jobs if other.name in job.needs)
    stages = list(dict.fromkeys(other.stage for other in jobs))
    before = stages[: stages.index(job.stage)]
    return (other for other in jobs if other.stage in before)


def is_passed_over(job: Job) -> bool:
    """Return whether a pipeline goes on without a job: one that may fail or that nobody has started."""
    return job.allow_failure and job.status in {"failed", "manual"}
