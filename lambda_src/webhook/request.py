"""Turn a function URL's event into a request, without trusting any of it."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

# GitLab's job events are a few kilobytes. 1 MB is 1 MiB here.
MAX_BODY_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Request:
    """An HTTP request; header names are lower case."""

    method: str
    source_ip: str
    headers: Mapping[str, str]
    body: bytes


class RequestError(Exception):
    """A request that cannot be accepted, with the HTTP status that says so.

    Args:
        status: the HTTP status to answer with.
        reason: what is wrong, for the log; the sender is told nothing but the status.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def parse_request(event: object) -> Request:
    """Return the request of a function URL event (payload format 2.0).

    Raises:
        RequestError: 405 for a method other than POST, 413 for a body over 1 MB, 400 for anything malformed.
    """
    if not isinstance(event, dict):
        raise RequestError(400, "the event is not an object")
    http = _mapping(_mapping(event, "requestContext"), "http")
    method = http.get("method")
    if method != "POST":
        raise RequestError(405, "the method is not POST")
    headers = {name.lower(): value for name, value in _mapping(event, "headers").items() if isinstance(value, str)}
    _refuse_oversize(headers.get("content-length", ""))
    return Request(method, str(http.get("sourceIp", "")), headers, _body(event))


def _mapping(parent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = parent.get(name)
    if not isinstance(value, dict):
        raise RequestError(400, f"the event has no {name}")
    return value


def _refuse_oversize(claimed: str) -> None:
    # What is no number is left to the length of the body itself.
    if claimed.isascii() and claimed.isdigit() and int(claimed[:20]) > MAX_BODY_BYTES:
        raise RequestError(413, "the body is claimed to be over 1 MB")


def _body(event: Mapping[str, Any]) -> bytes:
    text = event.get("body", "")
    if not isinstance(text, str):
        raise RequestError(400, "the body is not text")
    body = _decoded(text) if event.get("isBase64Encoded") is True else _encoded(text)
    if len(body) > MAX_BODY_BYTES:
        raise RequestError(413, "the body is over 1 MB")
    return body


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise RequestError(400, "the body is not base64") from error


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise RequestError(400, "the body is not Unicode") from error
