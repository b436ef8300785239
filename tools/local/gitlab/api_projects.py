"""Endpoints of projects, groups and their branches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.local.gitlab.access import can_see, require_role, role_in, user_of, visible_group, visible_project
from tools.local.gitlab.errors import NotFoundError
from tools.local.gitlab.joblife import is_protected
from tools.local.gitlab.messages import Response, json_response
from tools.local.gitlab.model import MAINTAINER, REPORTER
from tools.local.gitlab.paging import Paging
from tools.local.gitlab.presenters import commit_json, group_json, project_json, simple_project_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tools.local.gitlab.messages import Json
    from tools.local.gitlab.model import Project, User
    from tools.local.gitlab.world import Call, World

ORDERS: dict[str, Callable[[Project], float | str]] = {
    "id": lambda project: project.id,
    "name": lambda project: project.name,
    "path": lambda project: project.path,
    "created_at": lambda project: project.created_at,
    "updated_at": lambda project: project.last_activity_at,
    "last_activity_at": lambda project: project.last_activity_at,
}


def list_projects(world: World, call: Call) -> Response:
    """GET /projects."""
    user = user_of(call)
    found = select(world.store.projects.values(), user, call)
    paging = Paging(call.parameters, call.url + call.request.path)
    if paging.is_keyset:
        page, headers = paging.keyset_by_id([project.id for project in found])
    else:
        page, headers = paging.offset([project.id for project in found], totals=True)
    return present(world, call, page, headers)


def select(projects: Iterable[Project], user: User, call: Call) -> list[Project]:
    """Return the visible projects that a request's filters let through, in the order it asks for."""
    parameters = call.parameters
    order = parameters.one_of("order_by", tuple(ORDERS), "created_at")
    descending = parameters.one_of("sort", ("asc", "desc"), "desc") == "desc"
    passes = filter_of(user, call)
    keep = [project for project in projects if can_see(user, project) and passes(project)]
    return sorted(keep, key=lambda project: (ORDERS[order](project), project.id), reverse=descending)


def filter_of(user: User, call: Call) -> Callable[[Project], bool]:
    """Return the filter that a request's parameters describe."""
    parameters = call.parameters
    after, before = parameters.time("last_activity_after"), parameters.time("last_activity_before")
    above, below = parameters.integer("id_after"), parameters.integer("id_before")
    archived, visibility = parameters.boolean("archived"), parameters.text("visibility")
    least = parameters.integer("min_access_level") or (1 if parameters.boolean("membership") else 0)
    search = parameters.text("search").lower()

    def passes(project: Project) -> bool:
        return (
            role_in(user, project) >= least
            and archived in {None, project.archived}
            and (after is None or project.last_activity_at >= after)
            and (before is None or project.last_activity_at <= before)
            and (above is None or project.id > above)
            and (below is None or project.id < below)
            and visibility in {"", project.visibility}
            and search in project.full_path.lower()
        )

    return passes


def present(world: World, call: Call, page: Sequence[int], headers: dict[str, str]) -> Response:
    """Return a page of projects."""
    show = simple_project_json if call.parameters.boolean("simple") else project_json
    projects = [show(world.store, world.store.projects[number], call.url) for number in page]
    return json_response(projects, headers=headers)


def get_project(world: World, call: Call) -> Response:
    """GET /projects/:id."""
    return json_response(project_json(world.store, visible_project(world, call), call.url))


def get_group(world: World, call: Call) -> Response:
    """GET /groups/:id."""
    return json_response(group_json(visible_group(world, call), call.url))


def list_group_projects(world: World, call: Call) -> Response:
    """GET /groups/:id/projects: by offset only, whatever pagination is asked for, as in GitLab."""
    group = visible_group(world, call)
    below = world.store.descendants(group.id) if call.parameters.boolean("include_subgroups") else {group.id}
    shared = call.parameters.boolean("with_shared") is not False
    inside = [
        project
        for project in world.store.projects.values()
        if project.group_id in below or (shared and group.id in project.shared_with_groups)
    ]
    found = select(inside, user_of(call), call)
    paging = Paging(call.parameters, call.url + call.request.path)
    page, headers = paging.offset([project.id for project in found], totals=True)
    return present(world, call, page, headers)


def list_protected_branches(world: World, call: Call) -> Response:
    """GET /projects/:id/protected_branches: for roles that may read code."""
    project = visible_project(world, call)
    require_code(call, project)
    levels = [{"id": 1, "access_level": MAINTAINER, "access_level_description": "Maintainers"}]
    more: Json = {"push_access_levels": levels, "merge_access_levels": levels, "allow_force_push": False}
    return protected_list(call, project.protected_branches, more)


def list_protected_tags(world: World, call: Call) -> Response:
    """GET /projects/:id/protected_tags: for maintainers only."""
    project = visible_project(world, call)
    require_role(call, project, MAINTAINER)
    levels = [{"id": 1, "access_level": MAINTAINER, "access_level_description": "Maintainers"}]
    return protected_list(call, project.protected_tags, {"create_access_levels": levels})


def protected_list(call: Call, names: Sequence[str], more: Json) -> Response:
    """Return a page of protected refs."""
    paging = Paging(call.parameters, call.url + call.request.path)
    page, headers = paging.offset(range(len(names)), totals=True)
    entries: list[Json] = [{"id": number + 1, "name": names[number], **more} for number in page]
    return json_response(entries, headers=headers)


def get_branch(world: World, call: Call) -> Response:
    """GET /projects/:id/repository/branches/:branch."""
    project = visible_project(world, call)
    require_code(call, project)
    name = call.path["branch"]
    refs = {p.ref: p.sha for p in world.store.pipelines.values() if p.project_id == project.id and not p.tag}
    if name != project.default_branch and name not in refs:
        raise NotFoundError("Branch")
    branch: Json = {
        "name": name,
        "merged": False,
        "protected": is_protected(project, name, tag=False),
        "default": name == project.default_branch,
        "developers_can_push": False,
        "developers_can_merge": False,
        "can_push": False,
        "web_url": f"{call.url}/{project.full_path}/-/tree/{name}",
        "commit": commit_json(refs.get(name, "0" * 40), project.created_at),
    }
    return json_response(branch)


def require_code(call: Call, project: Project) -> None:
    """Refuse a user who may not read a private project's code."""
    if project.visibility == "private":
        require_role(call, project, REPORTER)
