"""POST /api/graphql, as far as the scaler asks: the jobs of one project in some states."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING

from tools.local.gitlab.access import role_in, user_of
from tools.local.gitlab.fields import parse_body
from tools.local.gitlab.messages import json_response

if TYPE_CHECKING:
    from collections.abc import Collection

    from tools.local.gitlab.messages import Json, Response
    from tools.local.gitlab.model import Job, Project
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
    try:
        after = number_of(variables.get("after"))
    except (ValueError, KeyError, TypeError):
        return json_response({"errors": [{"message": "Please provide a valid cursor"}]})
    if statuses is None or len(ids) != 1 or ids[0] is None:
        return json_response(
            {"errors": [{"message": "this stand-in answers one project's jobs by their statuses only"}]}
        )
    project = world.store.projects.get(int(ids[0][1]))
    if project is None or not role_in(user_of(call), project):
        return json_response({"data": {"projects": {"nodes": []}}})
    wanted = [status.strip().lower() for status in statuses[1].split(",")]
    return json_response({"data": {"projects": {"nodes": [{"jobs": page(world, project, wanted, after)}]}}})


def page(world: World, project: Project, statuses: Collection[str], after: int | None) -> Json:
    """Return the page of a project's jobs, newest first, that begins after a job's number."""
    numbers = world.store.job_ids(project.id, statuses)[::-1]
    behind = [number for number in numbers if after is None or number < after]
    shown = behind[:PAGE]
    info = {"hasNextPage": len(behind) > PAGE, "endCursor": cursor(shown[-1]) if shown else None}
    return {"nodes": [node(world.store.jobs[number]) for number in shown], "pageInfo": info}


def cursor(number: int) -> str:
    """Return the cursor of a job as GitLab makes it."""
    return base64.urlsafe_b64encode(json.dumps({"id": str(number)}).encode()).decode()


def number_of(text: object) -> int | None:
    """Return the number of the job that a cursor stands for, None without a cursor; ValueError if it is none."""
    if text is None:
        return None
    return int(json.loads(base64.urlsafe_b64decode(str(text)))["id"])


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
