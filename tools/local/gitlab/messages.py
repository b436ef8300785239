"""HTTP requests and answers as plain data, so that the application runs with or without sockets."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = dict[str, object]
"""A JSON object."""

Broken = Literal["", "timeout", "reset"]
"""How an answer fails to arrive: not at all, or by a reset connection; empty when it arrives."""


@dataclass(frozen=True)
class Request:
    """An HTTP request.

    Args:
        method: in capitals.
        target: path and query as on the request line, still percent-encoded.
        headers: names in lower case.
        body: the raw body.
        scheme: http or https, as the client sees it.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    scheme: str = "http"

    @cached_property
    def path(self) -> str:
        """The path, still percent-encoded: a project's path may be one segment of it."""
        return urlsplit(self.target).path

    @cached_property
    def query(self) -> list[tuple[str, str]]:
        """The query's names and values in order, decoded."""
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)


@dataclass(frozen=True)
class Response:
    """An HTTP answer, and how it is to be sent.

    Args:
        status: the HTTP status.
        headers: header names as they are written.
        body: the raw body.
        delay_seconds: how long the answer is held back.
        broken: how it fails to arrive, if it does.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay_seconds: float = 0.0
    broken: Broken = ""

    def json(self) -> object:
        """Return the body as JSON."""
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        """Return a header's value whatever the case of its name, or None."""
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), None)


def json_response(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer with a JSON body."""
    body = json.dumps(content, separators=(",", ":")).encode()
    return Response(status, {"Content-Type": "application/json", **(headers or {})}, body)
