"""Which endpoint answers which path."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from tools.local.gitlab import api_hooks, api_jobs, api_projects, api_runners, api_session, graphql, id_tokens
from tools.local.gitlab import control_jobs as jobs
from tools.local.gitlab import control_state as state
from tools.local.gitlab import control_world as made
from tools.local.gitlab.access import API_SCOPES, USER_SCOPES, WRITE_SCOPES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.local.gitlab.messages import Response
    from tools.local.gitlab.world import Call, World

    Handler = Callable[[World, Call], Response]

API = "/api/v4"
CONTROL = "/_control"


@dataclass(frozen=True)
class Route:
    """An endpoint.

    Args:
        method: the HTTP method.
        pattern: the path; a segment with a colon is a parameter.
        handler: what answers.
        scopes: any of these lets a token in; None = no token is needed, empty = any token will do.
        locked: whether the handler runs under the application's lock.
    """

    method: str
    pattern: str
    handler: Handler
    scopes: tuple[str, ...] | None = API_SCOPES
    locked: bool = True

    @property
    def name(self) -> str:
        """The route's name in statistics."""
        return f"{self.method} {self.pattern}"


API_ROUTES = (
    Route("GET", f"{API}/projects", api_projects.list_projects),
    Route("GET", f"{API}/projects/:id", api_projects.get_project),
    Route("GET", f"{API}/projects/:id/jobs", api_jobs.list_jobs),
    Route("GET", f"{API}/projects/:id/jobs/:job_id", api_jobs.get_job),
    Route("GET", f"{API}/projects/:id/protected_branches", api_projects.list_protected_branches),
    Route("GET", f"{API}/projects/:id/protected_tags", api_projects.list_protected_tags),
    Route("GET", f"{API}/projects/:id/repository/branches/:branch", api_projects.get_branch),
    Route("GET", f"{API}/groups/:id", api_projects.get_group),
    Route("GET", f"{API}/groups/:id/projects", api_projects.list_group_projects),
    *(
        Route(method, f"{API}/{owners}/:id/hooks{path}", handler, scopes)
        for owners in ("projects", "groups")
        for method, path, handler, scopes in (
            ("GET", "", api_hooks.list_hooks, API_SCOPES),
            ("POST", "", api_hooks.create_hook, WRITE_SCOPES),
            ("PUT", "/:hook_id", api_hooks.edit_hook, WRITE_SCOPES),
            ("DELETE", "/:hook_id", api_hooks.delete_hook, WRITE_SCOPES),
        )
    ),
    Route("POST", "/api/graphql", graphql.answer),
    Route("GET", f"{API}/runners/:id", api_runners.get_runner),
    Route("GET", f"{API}/runners/:id/jobs", api_runners.list_runner_jobs),
    Route("GET", f"{API}/runners/:id/managers", api_runners.list_managers),
    Route("POST", f"{API}/runners/verify", api_runners.verify_runner, scopes=None),
    Route("DELETE", f"{API}/runners/managers", api_runners.unregister_manager, scopes=None),
    Route("GET", f"{API}/user", api_session.get_user, USER_SCOPES),
    Route("GET", f"{API}/version", api_session.get_version, USER_SCOPES),
    Route("GET", f"{API}/metadata", api_session.get_metadata, USER_SCOPES),
    Route("GET", f"{API}/personal_access_tokens/self", api_session.get_own_token, ()),
    Route("GET", id_tokens.KEYS_PATH, id_tokens.get_keys, None),
    Route("GET", "/.well-known/openid-configuration", id_tokens.get_configuration, None),
)

# The hosts simulator has a lock of its own and takes the application's inside it: never the other way round.
CONTROL_ROUTES = (
    Route("GET", f"{CONTROL}/info", state.get_info, None),
    Route("POST", f"{CONTROL}/groups", made.create_groups, None),
    Route("POST", f"{CONTROL}/projects", made.create_projects, None),
    Route("POST", f"{CONTROL}/tokens", made.create_token, None),
    Route("POST", f"{CONTROL}/runners", made.create_runner, None),
    Route("PUT", f"{CONTROL}/runners/:id", made.change_runner, None),
    Route("POST", f"{CONTROL}/jobs", jobs.create_jobs, None),
    Route("POST", f"{CONTROL}/pipelines", jobs.create_pipeline, None),
    Route("GET", f"{CONTROL}/jobs", jobs.list_jobs, None),
    Route("POST", f"{CONTROL}/jobs/:id/enqueue", jobs.enqueue_job, None),
    Route("POST", f"{CONTROL}/jobs/:id/start", jobs.start_job, None),
    Route("POST", f"{CONTROL}/jobs/:id/finish", jobs.finish_job, None),
    Route("POST", f"{CONTROL}/jobs/:id/cancel", jobs.cancel_job, None),
    Route("POST", f"{CONTROL}/id_token", id_tokens.create_id_token, None),
    Route("POST", f"{CONTROL}/keys/rotate", id_tokens.rotate_keys, None),
    Route("POST", f"{CONTROL}/events", jobs.create_event, None),
    Route("POST", f"{CONTROL}/webhooks", state.create_webhook, None),
    Route("GET", f"{CONTROL}/webhooks", state.list_webhooks, None),
    Route("DELETE", f"{CONTROL}/webhooks", state.delete_webhooks, None),
    Route("PUT", f"{CONTROL}/faults", state.put_faults, None),
    Route("GET", f"{CONTROL}/faults", state.get_faults, None),
    Route("DELETE", f"{CONTROL}/faults", state.delete_faults, None),
    Route("PUT", f"{CONTROL}/settings", state.put_settings, None),
    Route("GET", f"{CONTROL}/stats", state.get_stats, None),
    Route("DELETE", f"{CONTROL}/stats", state.delete_stats, None),
    Route("POST", f"{CONTROL}/hosts", state.start_hosts, None, locked=False),
    Route("GET", f"{CONTROL}/hosts", state.get_hosts, None, locked=False),
    Route("DELETE", f"{CONTROL}/hosts", state.stop_hosts, None, locked=False),
)


class Router:
    """Finds the route of a request; fixed segments win over parameters."""

    def __init__(self, routes: tuple[Route, ...]) -> None:
        self.routes: defaultdict[int, list[tuple[list[str], Route]]] = defaultdict(list)
        for route in sorted(routes, key=lambda route: route.pattern.count(":")):
            segments = route.pattern.split("/")
            self.routes[len(segments)].append((segments, route))

    def find(self, method: str, path: str) -> tuple[Route | None, dict[str, str], bool]:
        """Return the route, its parameters, and whether the path is known for another method."""
        segments = path.rstrip("/").split("/")
        known = False
        for pattern, route in self.routes[len(segments)]:
            pairs = list(zip(pattern, segments, strict=True))
            if all(part == given or (part.startswith(":") and given) for part, given in pairs):
                if route.method == method:
                    return route, {part[1:]: unquote(given) for part, given in pairs if part.startswith(":")}, True
                known = True
        return None, {}, known
