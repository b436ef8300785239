"""Faults that can be switched on: what a struggling GitLab, or a proxy in front of it, answers."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from tools.local.gitlab.errors import UnauthorizedError
from tools.local.gitlab.messages import Response, json_response

if TYPE_CHECKING:
    from collections.abc import Callable

HTML = (
    b"<!DOCTYPE html><html><head><title>GitLab is not responding</title></head><body>Deploy in progress</body></html>"
)


@dataclass(frozen=True)
class Fault:
    """A fault.

    Args:
        name: one of NAMES.
        path: a pattern over the percent-encoded path, `*` standing for any characters, slashes too.
        until: epoch seconds after which it no longer happens; None = until removed.
        remaining: how many more requests it strikes; None = all.
        seconds: the delay of `slow`, the Retry-After of `rate_limit`.
        status: the status of `5xx` and `html`; 0 = its own (503 and 502).
    """

    name: str
    path: str = "/api/*"
    until: float | None = None
    remaining: int | None = None
    seconds: float = 3.0
    status: int = 0


def strikes(fault: Fault, path: str, now: float) -> bool:
    """Tell whether a fault strikes a request."""
    over = fault.until is not None and now >= fault.until
    return not over and fault.remaining != 0 and fnmatchcase(path, fault.path)


def server_error(fault: Fault) -> Response:
    """Return GitLab's own answer when it fails."""
    status = fault.status or 503
    words = {500: "500 Internal Server Error", 502: "502 Bad Gateway", 503: "503 Service Unavailable"}
    return json_response({"message": words.get(status, f"{status} Server Error")}, status)


def rate_limited(fault: Fault) -> Response:
    """Return the answer of a rate limit in front of GitLab (Rack::Attack, plain text)."""
    headers = {"Content-Type": "text/plain", "Retry-After": str(round(fault.seconds)), "RateLimit-Remaining": "0"}
    return Response(429, headers, b"Retry later\n")


def html_page(fault: Fault) -> Response:
    """Return the page of a proxy instead of JSON."""
    return Response(fault.status or 502, {"Content-Type": "text/html; charset=utf-8"}, HTML)


def truncated(response: Response) -> Response:
    """Return an answer whose body ends in the middle."""
    return replace(response, body=response.body[: len(response.body) // 2])


def without_next_page(response: Response) -> Response:
    """Return a page that no longer says that another one follows."""
    lost = {"X-Next-Page": "", "X-Next-Cursor": "", "X-Total": "", "X-Total-Pages": ""}
    headers = {name: value for name, value in response.headers.items() if name not in lost}
    links = re.split(r",\s*(?=<)", headers.pop("Link", ""))
    kept = [link for link in links if link and not re.search(r'rel="(next|last)"', link)]
    return replace(response, headers={**headers, **({"Link": ", ".join(kept)} if kept else {})})


def wrong_type(response: Response) -> Response:
    """Return an object where a list belongs, and a list where an object does."""
    if not response.body:
        return response
    content = json.loads(response.body)
    swapped = {"items": content} if isinstance(content, list) else [content]
    return json_response(swapped, response.status, response.headers)


INSTEAD: dict[str, Callable[[Fault], Response]] = {
    "5xx": server_error,
    "connection_reset": lambda _: Response(503, broken="reset"),
    "html": html_page,
    "rate_limit": rate_limited,
    "timeout": lambda _: Response(504, broken="timeout"),
    "unauthorized": lambda _: UnauthorizedError().response(),
}
"""Faults that answer in GitLab's stead: such requests do not reach it."""

AFTERWARDS: dict[str, Callable[[Fault, Response], Response]] = {
    "dropped_page": lambda _, response: without_next_page(response),
    "slow": lambda fault, response: replace(response, delay_seconds=fault.seconds),
    "truncated_json": lambda _, response: truncated(response),
    "wrong_type": lambda _, response: wrong_type(response),
}
"""Faults that spoil GitLab's own answer."""

NAMES = tuple(sorted([*INSTEAD, *AFTERWARDS]))


class Faults:
    """The faults that are switched on; the first that matches a request strikes it."""

    def __init__(self) -> None:
        self.active: list[Fault] = []

    def set(self, faults: list[Fault]) -> None:
        """Replace all faults."""
        self.active = list(faults)

    def pick(self, path: str, now: float) -> Fault | None:
        """Return the fault that strikes a request, and use up one of its strikes."""
        for position, fault in enumerate(self.active):
            if strikes(fault, path, now):
                if fault.remaining is not None:
                    self.active[position] = replace(fault, remaining=fault.remaining - 1)
                return fault
        return None
