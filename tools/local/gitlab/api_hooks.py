"""Endpoints of project and group webhooks; group webhooks need Premium, which is a setting of the stand-in."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from tools.local.gitlab import autodisable
from tools.local.gitlab.access import require_role, user_of, visible_group, visible_project
from tools.local.gitlab.errors import ForbiddenError, InvalidParameterError, NotFoundError
from tools.local.gitlab.hooks import EVENT_NAMES, Webhook
from tools.local.gitlab.messages import Response, json_response
from tools.local.gitlab.model import MAINTAINER
from tools.local.gitlab.paging import Paging
from tools.local.gitlab.signing import decode_signing_token

if TYPE_CHECKING:
    from tools.local.gitlab.messages import Json
    from tools.local.gitlab.world import Call, World

    Owner = tuple[str, int]


def list_hooks(world: World, call: Call) -> Response:
    """GET /projects/:id/hooks and /groups/:id/hooks."""
    owner = owner_of(world, call)
    ids = [hook.id for hook in world.hooks.webhooks.values() if hook.owner == owner]
    page, headers = Paging(call.parameters, call.url + call.request.path).offset(ids, totals=True)
    return json_response([hook_json(world, world.hooks.webhooks[number], call.now) for number in page], headers=headers)


def create_hook(world: World, call: Call) -> Response:
    """POST /projects/:id/hooks and /groups/:id/hooks."""
    owner = owner_of(world, call)
    blank = Webhook(world.hooks.new_id(), "", "", "", frozenset({"push"}), projects_of(world, owner), owner)
    hook = changed(world, blank, call)
    world.hooks.add(hook)
    return json_response(hook_json(world, hook, call.now), 201)


def edit_hook(world: World, call: Call) -> Response:
    """PUT /projects/:id/hooks/:hook_id and /groups/:id/hooks/:hook_id."""
    hook = changed(world, find(world, call), call)
    world.hooks.webhooks[hook.id] = hook
    return json_response(hook_json(world, hook, call.now))


def delete_hook(world: World, call: Call) -> Response:
    """DELETE /projects/:id/hooks/:hook_id and /groups/:id/hooks/:hook_id."""
    world.hooks.remove(find(world, call).id)
    return Response(204)


def owner_of(world: World, call: Call) -> Owner:
    """Return whose webhooks a request is about, and refuse who may not manage them."""
    if "/groups/" not in call.request.path:
        project = visible_project(world, call)
        require_role(call, project, MAINTAINER)
        return "project", project.id
    group = visible_group(world, call)
    if not world.settings.group_hooks:
        raise NotFoundError("Group Hook")
    if not user_of(call).admin:
        raise ForbiddenError
    return "group", group.id


def projects_of(world: World, owner: Owner) -> frozenset[int]:
    """Return the projects that a webhook listens to; a group's are those it has when the webhook is made."""
    kind, number = owner
    if kind == "project":
        return frozenset({number})
    below = world.store.descendants(number)
    return frozenset(project.id for project in world.store.projects.values() if project.group_id in below)


def find(world: World, call: Call) -> Webhook:
    """Return the webhook that a request names."""
    owner, number = owner_of(world, call), call.path["hook_id"]
    hook = world.hooks.webhooks.get(int(number)) if number.isdigit() else None
    if hook is None or hook.owner != owner:
        raise NotFoundError("Hook")
    return hook


def changed(world: World, hook: Webhook, call: Call) -> Webhook:
    """Return a webhook with what a request's body says."""
    body = json_body(call)
    url, token, signing = (body.get(name) for name in ("url", "token", "signing_token"))
    if not isinstance(url, str) or "://" not in url:
        raise InvalidParameterError("url is invalid")
    events = {name: body.get(f"{name}_events", name in hook.events) for name in EVENT_NAMES}
    return replace(
        hook,
        url=url,
        token=str(token) if token is not None else hook.token,
        signing_token=valid_signing_token(signing) if signing and world.settings.signing_tokens else hook.signing_token,
        events=frozenset(name for name, wanted in events.items() if wanted),
    )


def json_body(call: Call) -> Json:
    """Return the body of a request to the API."""
    try:
        body = json.loads(call.request.body)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise InvalidParameterError("the body must be a JSON object")
    return body


def valid_signing_token(value: object) -> str:
    """Return a signing token of the right form."""
    decode_signing_token(str(value))
    return str(value)


def hook_json(world: World, hook: Webhook, now: float) -> Json:
    """Return a webhook as the API shows it, never its secrets."""
    health = world.hooks.health[hook.id]
    shown: Json = {f"{name}_events": name in hook.events for name in EVENT_NAMES}
    return {
        "id": hook.id,
        "url": hook.url,
        **shown,
        "merge_requests_events": False,
        "tag_push_events": False,
        "enable_ssl_verification": hook.url.startswith("https:"),
        "alert_status": autodisable.alert_status(health, now),
        "token_present": bool(hook.token),
        "signing_token_present": bool(hook.signing_token),
    }
