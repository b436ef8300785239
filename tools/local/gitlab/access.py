"""Who asks, and what that token may see: 401, 403 and 404 as GitLab gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.local.gitlab.errors import ForbiddenError, InsufficientScopeError, NotFoundError, UnauthorizedError
from tools.local.gitlab.model import REPORTER, Group, Project, Token, User

if TYPE_CHECKING:
    from tools.local.gitlab.messages import Request
    from tools.local.gitlab.store import Store
    from tools.local.gitlab.world import Call, World

API_SCOPES = ("api", "read_api")
WRITE_SCOPES = ("api",)
USER_SCOPES = ("api", "read_api", "read_user")


def token_of(request: Request) -> str:
    """Return the token that a request brings, empty if none; PRIVATE-TOKEN comes first, as in GitLab."""
    private = request.headers.get("private-token", "")
    kind, _, bearer = request.headers.get("authorization", "").partition(" ")
    return private or (bearer.strip() if kind.lower() == "bearer" else "")


def authenticate(store: Store, request: Request, scopes: tuple[str, ...]) -> Token:
    """Return the token of a request.

    Args:
        store: the records.
        request: the request.
        scopes: any of these is enough; empty means that every token is.

    Raises:
        UnauthorizedError: no token, an unknown one or a revoked one.
        InsufficientScopeError: it lacks the scopes.
    """
    token = store.tokens.get(token_of(request))
    if token is None or token.revoked:
        raise UnauthorizedError
    if scopes and not token.scopes.intersection(scopes):
        raise InsufficientScopeError(" ".join(scopes))
    return token


def user_of(call: Call) -> User:
    """Return the user of a request that needs one."""
    if call.token is None:
        raise UnauthorizedError
    return call.token.user


def role_in(user: User, project: Project) -> int:
    """Return a user's access level in a project, 0 for none."""
    if not project.membership or (user.projects is not None and project.id not in user.projects):
        return 0
    return user.access_level


def can_see(user: User, project: Project) -> bool:
    """Tell whether a user sees a project at all."""
    return user.admin or project.visibility != "private" or role_in(user, project) > 0


def visible_project(world: World, call: Call) -> Project:
    """Return the project that a request names.

    Raises:
        NotFoundError: there is none, or the token may not know of it.
    """
    project = world.store.find_project(call.path["id"])
    if project is None or not can_see(user_of(call), project):
        raise NotFoundError("Project")
    return project


def visible_group(world: World, call: Call) -> Group:
    """Return the group that a request names."""
    group = world.store.find_group(call.path["id"])
    user = user_of(call)
    if group is None or not can_see_group(user, group):
        raise NotFoundError("Group")
    return group


def can_see_group(user: User, group: Group) -> bool:
    """Tell whether a user sees a group: a user of single projects is no member of their groups."""
    return user.admin or group.visibility != "private" or (group.membership and user.projects is None)


def require_role(call: Call, project: Project, level: int) -> None:
    """Refuse a user whose role in a project is too low.

    Raises:
        ForbiddenError: the role is too low.
    """
    user = user_of(call)
    if not user.admin and role_in(user, project) < level:
        raise ForbiddenError


def require_jobs(call: Call, project: Project) -> None:
    """Refuse a user who may not read jobs: below Reporter only a project's public jobs are readable.

    Raises:
        ForbiddenError: the role is too low.
    """
    user = user_of(call)
    known = role_in(user, project) > 0 or project.visibility != "private"
    if not user.admin and not (role_in(user, project) >= REPORTER or (project.public_jobs and known)):
        raise ForbiddenError
