"""The little of ASGI that the front needs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, MutableMapping

    Scope = MutableMapping[str, Any]
    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]

LARGEST_CONTROL_BODY = 65536


class BodyTooLargeError(Exception):
    """A request's body is larger than what is read of it."""


async def read_body(receive: Receive) -> bytes:
    """Return a control request's body.

    Raises:
        BodyTooLargeError: it is larger than any control request.
    """
    parts: list[bytes] = []
    more = True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
        if sum(map(len, parts)) > LARGEST_CONTROL_BODY:
            raise BodyTooLargeError
    return b"".join(parts)


async def send_json(send: Send, status: int, body: Mapping[str, Any]) -> None:
    """Answer with a JSON document."""
    encoded = json.dumps(body, sort_keys=True).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(encoded)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": encoded})
