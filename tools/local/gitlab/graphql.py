"""POST /api/graphql, as far as the scaler asks: the jobs of one project in some states."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tools.local.gitlab.access import role_in, user_of
from tools.local.gitlab.fields import parse_body
from tools.local.gitlab.messages import json_response

if TYPE_CHECKING:
    from tools.local.gitlab.messages import Json, Response
    from tools.local.gitlab.model import Job
    from tools.local.gitlab.world import Call, World

PAGE = 100
STATUSES = re.compile(r"jobs\(statuses: \[([A-Z_, ]+)\]")
PROJECT = re.compile(r"gid://gitlab/Project/(\d+)")


def answer(world: World, call: Call) -> Response:
    """Answer a query for jobs of the project in the variable `ids`; anything else is an error with status 200."""
    content = parse_body(call.request.body)
    query, variables = (
        (content.get("query", ""), content.get("variables") or {}) if isinstance(content, dict) else ("", {})
    )
    statuses = STATUSES.search(query)
    ids = [PROJECT.fullmatch(str(name)) for name in variables.get("ids", ())]
    if statuses is None or len(ids) != 1 or ids[0] is None:
        return json_response(
            {"errors": [{"message": "this stand-in answers one project's jobs by their statuses only"}]}
        )
    project = world.store.projects.get(int(ids[0][1]))
    if project is None or not role_in(user_of(call), project):
        return json_response({"data": {"projects": {"nodes": []}}})
    wanted = [status.strip().lower() for status in statuses[1].split(",")]
    found = world.store.job_ids(project.id, wanted)[::-1][:PAGE]
    jobs = [node(world.store.jobs[number]) for number in found]
    return json_response({"data": {"projects": {"nodes": [{"jobs": {"nodes": jobs}}]}}})


def node(job: Job) -> Json:
    """Return a job as GraphQL's CiJob."""
    return {
        "id": f"gid://gitlab/Ci::Build/{job.id}",
        "name": job.name,
        "status": job.status.upper(),
        "allowFailure": job.allow_failure,
        "manualJob": job.when != "on_success",
        "schedulingType": "stage" if job.needs is None else "dag",
        "tags": list(job.tag_list),
        "stage": {"name": job.stage},
        "pipeline": {"id": f"gid://gitlab/Ci::Pipeline/{job.pipeline_id}"},
        "needs": {"nodes": [{"name": name} for name in job.needs or ()]},
    }
