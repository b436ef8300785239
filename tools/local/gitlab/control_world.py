"""Control endpoints that make projects, groups, tokens and runners."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from tools.local.gitlab.errors import ControlError
from tools.local.gitlab.fields import Fields, parse_body
from tools.local.gitlab.messages import Response, json_response
from tools.local.gitlab.model import REPORTER, Group, Project, Runner, Token, User
from tools.local.gitlab.presenters import runner_details_json

if TYPE_CHECKING:
    from tools.local.gitlab.world import Call, World

VISIBILITIES = ("private", "internal", "public")
RUNNER_TYPES = ("instance_type", "group_type", "project_type")
ACCESS_LEVELS = ("not_protected", "ref_protected")
MAXIMUM_PROJECTS = 10_000
PATH_PATTERN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*")


def create_groups(world: World, call: Call) -> Response:
    """POST /_control/groups."""
    fields = Fields(parse_body(call.request.body))
    path, parent = valid_path("path", fields.required_text("path")), group_named(world, fields, "parent")
    group = Group(
        id=world.store.new_id("group"),
        name=fields.text("name", path),
        path=path,
        full_path=f"{parent.full_path}/{path}" if parent else path,
        parent_id=parent.id if parent else None,
        visibility=fields.one_of("visibility", VISIBILITIES, parent.visibility if parent else "private"),
        membership=fields.boolean("membership", default=True),
        created_at=call.now,
    )
    fields.done()
    if world.store.find_group(group.full_path):
        raise ControlError(f"path {group.full_path} is taken", 409)
    world.store.groups[group.id] = group
    return json_response({"id": group.id, "full_path": group.full_path}, 201)


def valid_path(field: str, path: str) -> str:
    """Return a path of a group or project.

    Raises:
        ControlError: it is not what GitLab allows.
    """
    if not PATH_PATTERN.fullmatch(path) or path.isdecimal():
        raise ControlError(f"{field} may have letters, digits, _ - and . and must not be a number, not {path}")
    return path


def group_named(world: World, fields: Fields, name: str) -> Group | None:
    """Return the group that a field names by id or full path, None when the field is absent."""
    value = fields.take(name, (int, str), "a group's id or full path")
    if value is None:
        return None
    group = world.store.find_group(str(value))
    if group is None:
        raise ControlError(f"{name}: there is no group {value}; POST /_control/groups makes one")
    return group


def create_projects(world: World, call: Call) -> Response:
    """POST /_control/projects: `count` equal projects."""
    fields = Fields(parse_body(call.request.body))
    count = fields.integer("count", 1, 1, MAXIMUM_PROJECTS) or 1
    prefix = valid_path("name", fields.text("name", "project"))
    template = project_template(world, fields, call.now)
    fields.done()
    made = [add_project(world, template, prefix, numbered=count > 1) for _ in range(count)]
    entries = [{"id": project.id, "path_with_namespace": project.full_path} for project in made]
    return json_response({"ids": [project.id for project in made], "projects": entries}, 201)


def project_template(world: World, fields: Fields, now: float) -> Project:
    """Return the project that a body describes, still without id and name."""
    group = group_named(world, fields, "group")
    return Project(
        id=0,
        name="",
        path="",
        full_path=group.full_path if group else "root",
        group_id=group.id if group else None,
        visibility=fields.one_of("visibility", VISIBILITIES, group.visibility if group else "private"),
        archived=fields.boolean("archived", default=False),
        membership=fields.boolean("membership", default=True),
        public_jobs=fields.boolean("public_jobs", default=True),
        default_branch=fields.text("default_branch", "main"),
        protected_branches=fields.texts("protected_branches", ("main",)),
        protected_tags=fields.texts("protected_tags"),
        shared_with_groups=fields.integers("shared_with_groups") or frozenset(),
        created_at=now,
        last_activity_at=now - (fields.number("last_activity_seconds_ago", 0.0) or 0.0),
    )


def add_project(world: World, template: Project, prefix: str, *, numbered: bool) -> Project:
    """Add one project; its name gets its number when there are several or the name is taken."""
    number = world.store.new_id("project")
    taken = world.store.find_project(f"{template.full_path}/{prefix}") is not None
    name = f"{prefix}-{number}" if numbered or taken else prefix
    project = replace(template, id=number, name=name, path=name, full_path=f"{template.full_path}/{name}")
    world.store.put_project(project)
    return project


def create_token(world: World, call: Call) -> Response:
    """POST /_control/tokens: a token of a user of its own."""
    fields = Fields(parse_body(call.request.body))
    number = world.store.new_id("user")
    user = User(
        id=number,
        username=fields.text("username", f"user{number}"),
        access_level=fields.integer("access_level", REPORTER, 0, 60) or 0,
        admin=fields.boolean("admin", default=False),
        projects=fields.integers("projects"),
    )
    token = Token(
        id=number,
        value=fields.required_text("token"),
        user=user,
        scopes=frozenset(fields.texts("scopes", ("read_api",))),
        created_at=call.now,
        revoked=fields.boolean("revoked", default=False),
    )
    fields.done()
    world.store.tokens[token.value] = token
    return json_response({"id": token.id, "user_id": user.id}, 201)


def create_runner(world: World, call: Call) -> Response:
    """POST /_control/runners."""
    fields = Fields(parse_body(call.request.body))
    number = world.store.new_id("runner")
    runner = Runner(
        id=number,
        description=f"runner {number}",
        tag_list=(),
        run_untagged=True,
        access_level="not_protected",
        runner_type="instance_type",
        paused=False,
        token=fields.required_text("token"),
        created_at=call.now,
    )
    world.store.runners[number] = changed_runner(runner, fields)
    return json_response({"id": number}, 201)


def change_runner(world: World, call: Call) -> Response:
    """PUT /_control/runners/:id."""
    runner = runner_numbered(world, call.path["id"])
    runner = changed_runner(runner, Fields(parse_body(call.request.body)))
    world.store.runners[runner.id] = runner
    return json_response(runner_details_json(runner, call.now))


def runner_numbered(world: World, number: str) -> Runner:
    """Return a runner by its number."""
    runner = world.store.runners.get(int(number)) if number.isdecimal() else None
    if runner is None:
        raise ControlError(f"there is no runner {number}; GET /_control/info shows the first one", 404)
    return runner


def changed_runner(runner: Runner, fields: Fields) -> Runner:
    """Return a runner with the fields of a body."""
    changed = replace(
        runner,
        description=fields.text("description", runner.description),
        tag_list=fields.texts("tag_list", runner.tag_list),
        run_untagged=fields.boolean("run_untagged", default=runner.run_untagged),
        access_level=fields.one_of("access_level", ACCESS_LEVELS, runner.access_level),
        runner_type=fields.one_of("runner_type", RUNNER_TYPES, runner.runner_type),
        paused=fields.boolean("paused", default=runner.paused),
    )
    fields.done()
    return changed
