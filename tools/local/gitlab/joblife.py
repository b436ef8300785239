"""The life of a job: created, pending, running on a runner manager, and its end."""

from __future__ import annotations

import hashlib
import heapq
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from tools.local.gitlab.errors import ControlError
from tools.local.gitlab.model import UNFINISHED_STATUSES, Job, Manager, Pipeline, Project

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.local.gitlab.store import Store

ACTIVITY_GRANULARITY_SECONDS = 3600
"""GitLab moves a project's last_activity_at at most once an hour."""


@dataclass(frozen=True)
class JobOrder:
    """What one pipeline of equal jobs is to be; `protected` None means as the project's rules say of the ref."""

    project_id: int
    count: int = 1
    name: str = "job"
    stage: str = "test"
    ref: str = "main"
    tag: bool = False
    protected: bool | None = None
    tag_list: tuple[str, ...] = ()
    status: str = "pending"
    source: str = "push"
    duration_seconds: float | None = 10.0
    outcome: str = "success"


class JobLife:
    """Moves jobs from state to state and tells of every change.

    Args:
        store: the records.
        clock: returns epoch seconds.
        changed: called with the job after each change of its state.

    `following` has what to do when a job of a pipeline has ended, by the pipeline's id.
    """

    def __init__(self, store: Store, clock: Callable[[], float], changed: Callable[[Job], None]) -> None:
        self.store = store
        self.clock = clock
        self.changed = changed
        self.endings: list[tuple[float, int]] = []
        self.following: dict[int, Callable[[], None]] = {}

    def create(self, order: JobOrder) -> list[Job]:
        """Create a pipeline's jobs; each passes through created, as in GitLab, before it is pending."""
        project = self.store.projects[order.project_id]
        now = self.clock()
        self.touch(project, order.source, now)
        pipeline = self.create_pipeline(order, now)
        jobs = [self.create_job(order, project, pipeline, now) for _ in range(order.count)]
        if order.status == "pending":
            return [self.enqueue(job.id) for job in jobs]
        return jobs

    def touch(self, project: Project, source: str, now: float) -> None:
        """Move a project's last activity as a push does; a schedule does not move it."""
        if source != "schedule" and now - project.last_activity_at >= ACTIVITY_GRANULARITY_SECONDS:
            self.store.put_project(replace(project, last_activity_at=now))

    def create_pipeline(self, order: JobOrder, now: float) -> Pipeline:
        """Create the pipeline of some jobs."""
        number = self.store.new_id("pipeline")
        pipeline = Pipeline(
            id=number,
            iid=self.store.new_id(f"pipeline of {order.project_id}"),
            project_id=order.project_id,
            ref=order.ref,
            tag=order.tag,
            sha=hashlib.sha256(f"pipeline {number}".encode()).hexdigest()[:40],
            source=order.source,
            created_at=now,
        )
        self.store.pipelines[number] = pipeline
        return pipeline

    def create_job(self, order: JobOrder, project: Project, pipeline: Pipeline, now: float) -> Job:
        """Create one job in its first state."""
        protected = is_protected(project, order.ref, tag=order.tag) if order.protected is None else order.protected
        job = Job(
            id=self.store.new_id("job"),
            name=order.name,
            stage=order.stage,
            project_id=project.id,
            pipeline_id=pipeline.id,
            ref=order.ref,
            tag=order.tag,
            protected=protected,
            tag_list=order.tag_list,
            status="manual" if order.status == "manual" else "created",
            created_at=now,
            duration_seconds=order.duration_seconds,
            outcome=order.outcome,
        )
        return self.change(job)

    def enqueue(self, job_id: int) -> Job:
        """Make a created or manual job pending."""
        job = self.expect(job_id, "created", "manual")
        return self.change(replace(job, status="pending", queued_at=self.clock()))

    def take(self, job_id: int, manager: Manager) -> Job:
        """Let a runner manager start a pending job."""
        job = self.expect(job_id, "pending")
        now = self.clock()
        if job.duration_seconds is not None:
            heapq.heappush(self.endings, (now + job.duration_seconds, job.id))
        runner, system_id = manager.runner_id, manager.system_id
        taken = replace(job, runner_id=runner, manager_id=manager.id, system_id=system_id)
        return self.change(replace(taken, status="running", started_at=now))

    def finish(self, job_id: int, status: str, reason: str | None = None, at: float | None = None) -> Job:
        """End a running job."""
        job = self.expect(job_id, "running")
        ended = self.clock() if at is None else at
        changed = self.change(replace(job, status=status, finished_at=ended, failure_reason=reason))
        self.follow(changed)
        return changed

    def cancel(self, job_id: int) -> Job:
        """Cancel a job that has not ended."""
        job = self.expect(job_id, *UNFINISHED_STATUSES)
        changed = self.change(replace(job, status="canceled", finished_at=self.clock()))
        self.follow(changed)
        return changed

    def follow(self, job: Job) -> None:
        """Let the pipeline of a job that has ended go on."""
        self.following.get(job.pipeline_id, lambda: None)()

    def advance(self) -> None:
        """End the running jobs whose duration is over, at the moment it was over."""
        now = self.clock()
        while self.endings and self.endings[0][0] <= now:
            due, job_id = heapq.heappop(self.endings)
            job = self.store.jobs[job_id]
            if job.status == "running":
                reason = "script_failure" if job.outcome == "failed" else None
                self.finish(job_id, job.outcome, reason, at=due)

    def expect(self, job_id: int, *statuses: str) -> Job:
        """Return a job that must be in one of some states."""
        job = self.store.jobs.get(job_id)
        if job is None:
            raise ControlError(f"there is no job {job_id}; GET /_control/jobs lists them", 404)
        if job.status not in statuses:
            raise ControlError(f"job {job_id} is {job.status}, not {' or '.join(sorted(statuses))}", 409)
        return job

    def change(self, job: Job) -> Job:
        """Store a job's new state and tell of it."""
        self.store.put_job(job)
        self.changed(job)
        return job


def is_protected(project: Project, ref: str, *, tag: bool) -> bool:
    """Tell whether a project's rules protect a branch or tag; `*` in a rule stands for any characters."""
    rules = project.protected_tags if tag else project.protected_branches
    return any(fnmatchcase(ref, rule.replace("[", "[[]").replace("?", "[?]")) for rule in rules)
