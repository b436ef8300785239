"""Endpoints of runners, their managers and their jobs."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from tools.local.gitlab.access import role_in, user_of
from tools.local.gitlab.api_jobs import page_of, present_basic
from tools.local.gitlab.errors import ForbiddenError, NotFoundError
from tools.local.gitlab.messages import Response, json_response
from tools.local.gitlab.model import JOB_STATUSES, MAINTAINER, REPORTER, Manager
from tools.local.gitlab.presenters import manager_json, runner_details_json, simple_project_json, user_json

if TYPE_CHECKING:
    from tools.local.gitlab.messages import Json, Request
    from tools.local.gitlab.model import Job, Runner
    from tools.local.gitlab.store import Store
    from tools.local.gitlab.world import Call, World


def find_runner(world: World, call: Call) -> Runner:
    """Return the runner that a request names."""
    number = call.path["id"]
    runner = world.store.runners.get(int(number)) if number.isdecimal() else None
    if runner is None:
        raise NotFoundError("Runner")
    return runner


def require_runner(call: Call, runner: Runner) -> None:
    """Refuse a user who may not see a runner: an instance's is shown to everyone, others to maintainers."""
    user = user_of(call)
    if runner.runner_type != "instance_type" and not user.admin and user.access_level < MAINTAINER:
        raise ForbiddenError("No access granted")


def require_runner_jobs(call: Call, runner: Runner) -> None:
    """Refuse a user who may not list a runner's jobs: an instance's only admins, others maintainers too."""
    user = user_of(call)
    owns = runner.runner_type != "instance_type" and user.access_level >= MAINTAINER
    if not user.admin and not owns:
        raise ForbiddenError("No access granted")


def get_runner(world: World, call: Call) -> Response:
    """GET /runners/:id."""
    runner = find_runner(world, call)
    require_runner(call, runner)
    return json_response(runner_details_json(runner, call.now))


def list_managers(world: World, call: Call) -> Response:
    """GET /runners/:id/managers: all of them, newest first, not paginated, as in GitLab."""
    runner = find_runner(world, call)
    require_runner(call, runner)
    managers = reversed(world.store.managers_of(runner.id))
    return json_response([manager_json(world.store, manager, call.now) for manager in managers])


def list_runner_jobs(world: World, call: Call) -> Response:
    """GET /runners/:id/jobs: those of projects where the user is at least Reporter; one manager's with system_id."""
    runner = find_runner(world, call)
    require_runner_jobs(call, runner)
    status, system_id = call.parameters.text("status"), call.parameters.text("system_id")
    statuses = [call.parameters.one_of("status", JOB_STATUSES, "")] if status else JOB_STATUSES
    ids = [
        job.id
        for each in statuses
        for job in world.store.jobs_in(each)
        if job.runner_id == runner.id and system_id in {"", job.system_id} and is_readable(world.store, call, job)
    ]
    page, headers = page_of(ids, call, totals=not system_id)
    jobs = [world.store.jobs[number] for number in page]
    entries = present_basic(world, call, jobs, user_json(user_of(call), call.url))
    for entry, job in zip(entries, jobs, strict=True):
        entry["project"] = simple_project_json(world.store, world.store.projects[job.project_id], call.url)
    return json_response(entries, headers=headers)


def is_readable(store: Store, call: Call, job: Job) -> bool:
    """Tell whether a user may see a runner's job."""
    user = user_of(call)
    return user.admin or role_in(user, store.projects[job.project_id]) >= REPORTER


def fields_of(request: Request) -> dict[str, str]:
    """Return the fields of a runner's request, JSON or form."""
    try:
        if "json" in request.headers.get("content-type", ""):
            content = json.loads(request.body)
            return {key: str(value) for key, value in content.items()} if isinstance(content, dict) else {}
        return dict(parse_qsl(request.body.decode()))
    except ValueError:
        return {}


def runner_of_token(world: World, fields: dict[str, str]) -> Runner:
    """Return the runner whose authentication token a request brings."""
    token = fields.get("token", "")
    runner = next((runner for runner in world.store.runners.values() if runner.token == token), None)
    if runner is None:
        raise ForbiddenError
    return runner


def verify_runner(world: World, call: Call) -> Response:
    """POST /runners/verify: gitlab-runner checks its token at registration; a system id makes its manager known."""
    fields = fields_of(call.request)
    runner = runner_of_token(world, fields)
    if system_id := fields.get("system_id"):
        contact(world.store, runner.id, system_id, call.now)
    found: Json = {"id": runner.id, "token": runner.token, "token_expires_at": None}
    return json_response(found)


def unregister_manager(world: World, call: Call) -> Response:
    """DELETE /runners/managers: gitlab-runner unregister removes its manager and keeps the runner."""
    fields = {**dict(call.request.query), **fields_of(call.request)}
    runner = runner_of_token(world, fields)
    manager = world.store.find_manager(runner.id, fields.get("system_id", ""))
    if manager is None:
        raise NotFoundError("Runner manager")
    world.store.remove_manager(manager)
    return Response(204)


def contact(store: Store, runner_id: int, system_id: str, now: float) -> Manager:
    """Note that a runner manager is there; a new system id is a new manager."""
    manager = store.find_manager(runner_id, system_id)
    if manager is None:
        manager = Manager(store.new_id("manager"), runner_id, system_id, created_at=now, contacted_at=now)
    manager = replace(manager, contacted_at=now)
    store.put_manager(manager)
    store.runners[runner_id] = replace(store.runners[runner_id], contacted_at=now)
    return manager
