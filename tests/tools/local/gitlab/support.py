"""A GitLab stand-in under a clock that tests set, and short ways to ask it."""

from __future__ import annotations

import json
from typing import Any

from tools.local.gitlab import GitLab, Request, Response

START = 1_800_000_000.0
"""A time at the start of a minute, so that rate-limit windows are predictable."""


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


class Client:
    """Speaks to a GitLab in this process."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.gitlab = GitLab(clock=self.clock)

    def get(self, path: str, token: str | None = None, **headers: str) -> Response:
        used = {"private-token": self.gitlab.token if token is None else token, **headers}
        return self.gitlab.handle(Request("GET", f"/api/v4/{path}", used))

    def admin(self, path: str) -> Response:
        return self.get(path, self.gitlab.admin_token)

    def listed(self, path: str) -> list[Any]:
        response = self.get(path)
        found = response.json()
        assert response.status == 200, response.body
        assert isinstance(found, list)
        return found

    def send(self, method: str, path: str, body: object = None) -> Response:
        content = b"" if body is None else json.dumps(body).encode()
        return self.gitlab.handle(Request(method, f"/_control/{path}", {}, content))

    def control(self, method: str, path: str, body: object = None) -> Any:
        response = self.send(method, path, body)
        assert response.status < 300, response.body
        return response.json() if response.body else None

    def project(self, **fields: object) -> int:
        return int(self.control("POST", "projects", fields)["ids"][0])

    def jobs(self, project: int, count: int = 1, **fields: object) -> list[int]:
        ids: list[int] = self.control("POST", "jobs", {"project_id": project, "count": count, **fields})["ids"]
        return ids


def next_link(response: Response) -> str | None:
    """Return the target of the link to the next page."""
    for link in (response.header("Link") or "").split(", "):
        address, _, relation = link.partition("; ")
        if relation == 'rel="next"':
            return address.strip("<>").partition("/api/v4/")[2]
    return None


def all_pages(client: Client, path: str) -> list[list[int]]:
    """Follow the links from a first page and return each page's ids."""
    pages: list[list[int]] = []
    target: str | None = path
    while target is not None:
        response = client.get(target)
        found: Any = response.json()
        pages.append([entry["id"] for entry in found])
        target = next_link(response)
    return pages
