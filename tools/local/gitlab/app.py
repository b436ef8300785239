"""The application: answers requests, moves jobs, and hands out webhooks, all by a clock that is passed in."""

from __future__ import annotations

import secrets
import threading
import time
import uuid
from typing import TYPE_CHECKING

from tools.local.gitlab.access import authenticate
from tools.local.gitlab.errors import AnswerError
from tools.local.gitlab.faults import AFTERWARDS, INSTEAD
from tools.local.gitlab.hooks import Hooks
from tools.local.gitlab.joblife import JobLife
from tools.local.gitlab.messages import Response, json_response
from tools.local.gitlab.model import MAINTAINER, REPORTER, Job, Runner, Token, User
from tools.local.gitlab.parameters import Parameters
from tools.local.gitlab.payloads import job_hook
from tools.local.gitlab.routes import API_ROUTES, CONTROL, CONTROL_ROUTES, Route, Router
from tools.local.gitlab.signing_keys import SigningKeys
from tools.local.gitlab.store import Store
from tools.local.gitlab.world import Call, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.local.gitlab.faults import Fault
    from tools.local.gitlab.hooks import Event, Outgoing
    from tools.local.gitlab.messages import Json, Request
    from tools.local.gitlab.world import HostsControl

RESET = Route("POST", f"{CONTROL}/reset", lambda _world, _call: Response(204), None)


class GitLab:
    """A GitLab without sockets. Safe for threads.

    Args:
        clock: returns epoch seconds.
        new_uuid: makes the ids of webhook deliveries.
        new_secret: makes the tokens.
        endpoint: the address under which clients reach it; a request's Host header wins in links.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        new_uuid: Callable[[], str] = lambda: str(uuid.uuid4()),
        new_secret: Callable[[], str] = secrets.token_hex,
        endpoint: str = "http://gitlab.local",
    ) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.router = Router((*API_ROUTES, *CONTROL_ROUTES, RESET))
        self.token = f"glpat-{new_secret()}"
        self.admin_token = f"glpat-{new_secret()}"
        self.runner_token = f"glrt-{new_secret()}"
        self.keys = SigningKeys()
        hooks = Hooks(clock, new_uuid, endpoint)
        self.world = self.new_world(hooks, hosts=None)

    def new_world(self, hooks: Hooks, hosts: HostsControl | None) -> World:
        """Return a GitLab with two users and one instance runner and nothing else."""
        store = Store()
        now = self.clock()
        reader = User(id=store.new_id("user"), username="fleet", access_level=REPORTER)
        admin = User(id=store.new_id("user"), username="root", access_level=MAINTAINER, admin=True)
        for value, user, scope in ((self.token, reader, "read_api"), (self.admin_token, admin, "api")):
            store.tokens[value] = Token(user.id, value, user, frozenset({scope}), now)
        number = store.new_id("runner")
        store.runners[number] = Runner(
            id=number,
            description="fleet",
            tag_list=(),
            run_untagged=True,
            access_level="not_protected",
            runner_type="instance_type",
            paused=False,
            token=self.runner_token,
            created_at=now,
        )
        info: Json = {
            "token": self.token,
            "admin_token": self.admin_token,
            "runner_id": number,
            "runner_token": self.runner_token,
        }
        return World(self.clock, store, JobLife(store, self.clock, self.tell), hooks, info, hosts, keys=self.keys)

    def tell(self, job: Job) -> None:
        """Queue the Job Hook of a job's new state."""
        hooks = self.world.hooks
        if hooks.wanted("job", job.project_id):
            body = job_hook(self.world.store, job, hooks.instance_url, self.clock())
            hooks.emit("job", body, job.project_id, (job.id, job.status))

    def handle(self, request: Request) -> Response:
        """Answer a request; faults that keep an answer from arriving are marked on it, not acted out."""
        route, path, known = self.router.find(request.method, request.path)
        if route is RESET:
            return self.reset()
        if route is not None and not route.locked:
            return self.answer(route, request, path)
        with self.lock:
            self.world.life.advance()
            if route is None:
                return unknown_route(known)
            if route.pattern.startswith(CONTROL):
                return self.answer(route, request, path)
            response = self.answer_api(route, request, path)
            self.world.stats.statuses[response.status] += 1
            return response

    def answer_api(self, route: Route, request: Request, path: dict[str, str]) -> Response:
        """Answer a request to GitLab's API, faults applied."""
        stats = self.world.stats
        stats.endpoints[route.name] += 1
        fault: Fault | None = self.world.faults.pick(request.path, self.clock())
        if fault is None:
            return self.answer(route, request, path)
        stats.faults[fault.name] += 1
        if fault.name in INSTEAD:
            return INSTEAD[fault.name](fault)
        return AFTERWARDS[fault.name](fault, self.answer(route, request, path))

    def answer(self, route: Route, request: Request, path: dict[str, str]) -> Response:
        """Answer a request by its endpoint, errors in GitLab's shapes."""
        world = self.world
        try:
            token = None if route.scopes is None else authenticate(world.store, request, route.scopes)
            host = request.headers.get("host")
            url = f"{request.scheme}://{host}" if host else world.hooks.instance_url
            call = Call(request, path, Parameters(request.query), self.clock(), url, token)
            return route.handler(world, call)
        except AnswerError as error:
            return error.response()

    def advance(self) -> None:
        """End the jobs whose time has come, so that their webhooks are due now and not at the next request."""
        with self.lock:
            self.world.life.advance()

    def reset(self) -> Response:
        """Forget everything but the tokens and the address; hosts that are played are stopped first."""
        hosts = self.world.hosts
        if hosts is not None:  # outside the lock: a host may be waiting for it
            hosts.stop(None)
        with self.lock:
            self.world.hooks.clear()
            self.world = self.new_world(self.world.hooks, hosts)
        return Response(204)

    def take_hook(self) -> Outgoing | None:
        """Return the next webhook request to send, None when nothing waits; report_hook must follow."""
        with self.lock:
            return self.world.hooks.take()

    def prepare_hook(self, event: Event) -> Outgoing | None:
        """Make the request of an event taken from the queue, None when its webhook is gone or disabled."""
        with self.lock:
            return self.world.hooks.prepare(event)

    def report_hook(self, outgoing: Outgoing, status: int | None, error: str | None = None) -> None:
        """Record how a webhook request was answered."""
        with self.lock:
            self.world.hooks.report(outgoing, status, error)


def unknown_route(known: bool) -> Response:  # noqa: FBT001 (the router's own answer)
    """Return the answer to a path or method that does not exist."""
    if known:
        return json_response({"error": "405 Not Allowed"}, 405)
    return json_response({"error": "404 Not Found"}, 404)
