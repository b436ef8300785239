"""Endpoints about the caller and about GitLab itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.local.gitlab.access import user_of
from tools.local.gitlab.clock import iso
from tools.local.gitlab.errors import UnauthorizedError
from tools.local.gitlab.messages import Response, json_response
from tools.local.gitlab.presenters import user_json

if TYPE_CHECKING:
    from tools.local.gitlab.messages import Json
    from tools.local.gitlab.world import Call, World

VERSION: Json = {"version": "19.2.0-ee", "revision": "0000000000"}


def get_user(_world: World, call: Call) -> Response:
    """GET /user."""
    user = user_of(call)
    more: Json = {"email": f"{user.username}@example.com", "bot": False, "is_admin": user.admin}
    return json_response({**user_json(user, call.url), **more})


def get_version(_world: World, _call: Call) -> Response:
    """GET /version."""
    return json_response(VERSION)


def get_metadata(_world: World, _call: Call) -> Response:
    """GET /metadata."""
    return json_response(
        {**VERSION, "enterprise": True, "kas": {"enabled": False, "externalUrl": None, "version": None}}
    )


def get_own_token(_world: World, call: Call) -> Response:
    """GET /personal_access_tokens/self."""
    token = call.token
    if token is None:
        raise UnauthorizedError
    found: Json = {
        "id": token.id,
        "name": f"token {token.id}",
        "revoked": False,
        "created_at": iso(token.created_at),
        "description": None,
        "scopes": sorted(token.scopes),
        "user_id": token.user.id,
        "last_used_at": iso(call.now),
        "active": True,
        "expires_at": None,
    }
    return json_response(found)
