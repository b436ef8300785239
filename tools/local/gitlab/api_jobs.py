"""Endpoints of jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.local.gitlab.access import require_jobs, user_of, visible_project
from tools.local.gitlab.errors import NotFoundError
from tools.local.gitlab.messages import Response, json_response
from tools.local.gitlab.model import JOB_STATUSES
from tools.local.gitlab.paging import Paging
from tools.local.gitlab.presenters import basic_job_json, job_json, pipeline_json, user_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.local.gitlab.messages import Json
    from tools.local.gitlab.model import Job
    from tools.local.gitlab.world import Call, World


def list_jobs(world: World, call: Call) -> Response:
    """GET /projects/:id/jobs: newest first, rate limited per token, never counted."""
    user = user_of(call)
    if call.token is not None:
        world.limiter.check(call.token.value, world.settings, call.now)
    project = visible_project(world, call)
    require_jobs(call, project)
    world.stats.count_job_list(project.id, call.request)
    scopes = call.parameters.many("scope", JOB_STATUSES) or list(JOB_STATUSES)
    ids = world.store.job_ids(project.id, scopes)
    page, headers = page_of(ids, call, totals=False)
    jobs = [world.store.jobs[number] for number in page]
    basics = present_basic(world, call, jobs, user_json(user, call.url))
    return json_response(
        [job_json(world.store, basic, job, call.now) for basic, job in zip(basics, jobs, strict=True)], headers=headers
    )


def page_of(ids: Sequence[int], call: Call, *, totals: bool) -> tuple[Sequence[int], dict[str, str]]:
    """Return one page of job ids in the order that is asked for, newest first by default."""
    paging = Paging(call.parameters, call.url + call.request.path)
    descending = call.parameters.one_of("sort", ("asc", "desc"), "desc") == "desc"
    call.parameters.one_of("order_by", ("id",), "id")
    if paging.is_keyset:
        return paging.keyset_by_cursor(ids)
    return paging.offset(sorted(ids, reverse=descending), totals=totals)


def present_basic(world: World, call: Call, jobs: Sequence[Job], user: Json) -> list[Json]:
    """Return jobs as JSON, each pipeline looked at once."""
    pipelines = {number: pipeline_json(world.store, number, call.url) for number in {j.pipeline_id for j in jobs}}
    return [basic_job_json(world.store, job, pipelines[job.pipeline_id], user, call.now, call.url) for job in jobs]


def get_job(world: World, call: Call) -> Response:
    """GET /projects/:id/jobs/:job_id."""
    project = visible_project(world, call)
    require_jobs(call, project)
    number = call.path["job_id"]
    job = world.store.jobs.get(int(number)) if number.isdecimal() else None
    if job is None or job.project_id != project.id:
        raise NotFoundError("Job")
    [basic] = present_basic(world, call, [job], user_json(user_of(call), call.url))
    return json_response(job_json(world.store, basic, job, call.now))
