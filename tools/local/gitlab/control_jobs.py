"""Control endpoints that make jobs and move them, and that let other events happen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.local.gitlab import staged
from tools.local.gitlab.api_runners import contact
from tools.local.gitlab.control_world import runner_numbered
from tools.local.gitlab.errors import ControlError
from tools.local.gitlab.fields import Fields, parse_body
from tools.local.gitlab.joblife import JobOrder
from tools.local.gitlab.messages import Response, json_response
from tools.local.gitlab.payloads import pipeline_hook, push_hook

if TYPE_CHECKING:
    from tools.local.gitlab.messages import Json
    from tools.local.gitlab.model import Job, Project
    from tools.local.gitlab.world import Call, World

MAXIMUM_JOBS = 10_000
SOURCES = ("push", "schedule", "web", "api", "trigger", "merge_request_event")
FIRST_STATUSES = ("pending", "created", "manual")
OUTCOMES = ("success", "failed", "canceled")


def create_jobs(world: World, call: Call) -> Response:
    """POST /_control/jobs: one order, a list of orders, or {"jobs": [orders]}; each order is one pipeline."""
    content = parse_body(call.request.body)
    if isinstance(content, dict) and set(content) == {"jobs"}:
        content = content["jobs"]
    wanted = content if isinstance(content, list) else [content]
    orders = [read_order(world, Fields(entry)) for entry in wanted]
    jobs = [job for order in orders for job in world.life.create(order)]
    return json_response({"ids": [job.id for job in jobs], "jobs": [entry(job) for job in jobs]}, 201)


def read_order(world: World, fields: Fields) -> JobOrder:
    """Return the jobs that an object describes."""
    project = project_named(world, fields)
    protected, tag = fields.optional_boolean("protected"), fields.boolean("tag", default=False)
    order = JobOrder(
        project_id=project.id,
        count=fields.integer("count", 1, 1, MAXIMUM_JOBS) or 1,
        name=fields.text("name", "job"),
        stage=fields.text("stage", "test"),
        ref=fields.text("ref", "feature" if protected is False else project.default_branch),
        tag=tag,
        protected=protected,
        tag_list=fields.texts("tag_list"),
        status=fields.one_of("status", FIRST_STATUSES, "pending"),
        source=fields.one_of("source", SOURCES, "push"),
        duration_seconds=duration(fields),
        outcome=fields.one_of("outcome", OUTCOMES, "success"),
    )
    fields.done()
    return order


def create_pipeline(world: World, call: Call) -> Response:
    """POST /_control/pipelines: a pipeline of jobs in stages."""
    fields = Fields(parse_body(call.request.body))
    project = project_named(world, fields)
    described = fields.take("jobs", (list,), "a list of jobs")
    fields.done()
    if not isinstance(described, list) or not described:
        raise ControlError("jobs: a pipeline has one job at least")
    ids = staged.create(world.life, project.id, [read_staged(Fields(job)) for job in described])
    return json_response({"ids": ids, "jobs": [entry(world.store.jobs[number]) for number in ids]}, 201)


def read_staged(fields: Fields) -> staged.StagedJob:
    """Return the job of a pipeline that an object describes."""
    job = staged.StagedJob(
        name=fields.required_text("name"),
        stage=fields.text("stage", "test"),
        tag_list=fields.texts("tag_list"),
        needs=fields.texts("needs") if fields.given("needs") else None,
        when=fields.one_of("when", staged.WHENS, "on_success"),
        allow_failure=fields.boolean("allow_failure", default=False),
        duration_seconds=duration(fields),
        outcome=fields.one_of("outcome", OUTCOMES, "success"),
    )
    fields.done()
    return job


def duration(fields: Fields) -> float | None:
    """Return how long a job runs; an explicit null means until it is finished by hand."""
    given = fields.given("duration_seconds")
    return fields.number("duration_seconds", None if given else 10.0)


def project_named(world: World, fields: Fields) -> Project:
    """Return the project that `project_id` names by id or full path."""
    value = fields.take("project_id", (int, str), "a project's id or full path")
    project = world.store.find_project(str(value)) if value is not None else None
    if project is None:
        raise ControlError(f"project_id: there is no project {value}; POST /_control/projects makes one")
    return project


def list_jobs(world: World, call: Call) -> Response:
    """GET /_control/jobs, oldest first; `project_id`, `status` and `after_id` narrow it."""
    parameters = call.parameters
    project, after = parameters.integer("project_id"), parameters.integer("after_id") or 0
    status = parameters.text("status")
    jobs = [
        entry(job)
        for job in world.store.jobs.values()
        if job.id > after and project in {None, job.project_id} and status in {"", job.status}
    ]
    return json_response({"jobs": jobs, "now": call.now})


def entry(job: Job) -> Json:
    """Return a job with its times as epoch seconds."""
    return {
        "id": job.id,
        "project_id": job.project_id,
        "pipeline_id": job.pipeline_id,
        "status": job.status,
        "ref": job.ref,
        "protected": job.protected,
        "tag_list": list(job.tag_list),
        "created_at": job.created_at,
        "queued_at": job.queued_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "duration_seconds": job.duration_seconds,
        "failure_reason": job.failure_reason,
        "system_id": job.system_id,
    }


def job_number(call: Call) -> int:
    """Return the number in a path."""
    number = call.path["id"]
    if not number.isdecimal():
        raise ControlError(f"a job's id is a number, not {number}")
    return int(number)


def enqueue_job(world: World, call: Call) -> Response:
    """POST /_control/jobs/:id/enqueue: created or manual becomes pending."""
    return json_response(entry(world.life.enqueue(job_number(call))))


def start_job(world: World, call: Call) -> Response:
    """POST /_control/jobs/:id/start: a manager takes a pending job whatever its tags."""
    fields = Fields(parse_body(call.request.body))
    system_id = fields.text("system_id", "s_controlled00")
    runner = runner_numbered(world, str(fields.integer("runner_id", 1)))
    fields.done()
    number = job_number(call)
    world.life.expect(number, "pending")
    manager = contact(world.store, runner.id, system_id, call.now)
    return json_response(entry(world.life.take(number, manager)))


def finish_job(world: World, call: Call) -> Response:
    """POST /_control/jobs/:id/finish: a running job ends now."""
    fields = Fields(parse_body(call.request.body))
    status = fields.one_of("status", OUTCOMES, "success")
    reason = fields.text("failure_reason", "script_failure") if status == "failed" else None
    fields.done()
    return json_response(entry(world.life.finish(job_number(call), status, reason)))


def cancel_job(world: World, call: Call) -> Response:
    """POST /_control/jobs/:id/cancel."""
    return json_response(entry(world.life.cancel(job_number(call))))


def create_event(world: World, call: Call) -> Response:
    """POST /_control/events: a push or pipeline event, which is of no interest to a fleet, happens."""
    fields = Fields(parse_body(call.request.body))
    kind = fields.one_of("event", ("push", "pipeline"), "push")
    project = project_named(world, fields)
    fields.done()
    make = push_hook if kind == "push" else pipeline_hook
    world.hooks.emit(kind, make(project, world.hooks.instance_url), project.id)
    return json_response({"event": kind, "project_id": project.id}, 201)
