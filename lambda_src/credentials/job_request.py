"""Read a job's request, without trusting any of it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from credentials.errors import MethodError, RequestError, TokenError

if TYPE_CHECKING:
    from collections.abc import Mapping

_PATH = re.compile(r"/v1/credentials/([a-z0-9][a-z0-9_-]{0,63})")


@dataclass(frozen=True)
class JobRequest:
    """A job asks for a grant."""

    grant: str
    token: str = field(repr=False)


def parse_job_request(event: object) -> JobRequest:
    """Return the request of a function URL event (payload format 2.0).

    Raises:
        MethodError: the method is not GET.
        RequestError: it is malformed otherwise.
        TokenError: there is no token.
    """
    if not isinstance(event, dict):
        raise RequestError("the event is not an object")
    context = _mapping(event, "requestContext")
    if _mapping(context, "http").get("method") != "GET":
        raise MethodError("the method must be GET")
    path = _PATH.fullmatch(str(event.get("rawPath")))
    if path is None:
        raise RequestError("the path must be /v1/credentials/{grant}")
    if event.get("rawQueryString"):
        raise RequestError("the query must be empty")
    return JobRequest(path[1], _token(_mapping(event, "headers")))


def _mapping(parent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = parent.get(name)
    if not isinstance(value, dict):
        raise RequestError(f"the event has no {name}")
    return value


def _token(headers: Mapping[str, Any]) -> str:
    given = [value for name, value in headers.items() if str(name).lower() == "authorization"]
    if len(given) != 1 or not isinstance(given[0], str):
        raise TokenError("there is no Authorization header")
    scheme, space, rest = given[0].partition(" ")
    return rest.strip() if space and scheme.lower() == "bearer" else given[0]
