"""The GitLab stand-in as a runner manager sees it."""

from __future__ import annotations

import json
import tomllib
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

TIMEOUT_SECONDS = 5.0
ENDED = frozenset({"success", "failed", "canceled"})


class GitLabError(Exception):
    """GitLab did not answer, or refused."""


class ConfigError(Exception):
    """config.toml cannot be used."""


@dataclass(frozen=True)
class Manager:
    """A runner manager: one entry of config.toml, and the system id beside it."""

    url: str
    token: str
    runner_id: int
    name: str
    concurrent: int
    system_id: str


def read_managers(config: Path) -> list[Manager]:
    """Return the runners that a config.toml lists.

    Raises:
        ConfigError: it cannot be read, or an entry lacks what it needs.
    """
    try:
        content = tomllib.loads(config.read_text(encoding="utf-8"))
        system_id = (config.parent / ".runner_system_id").read_text(encoding="utf-8").strip()
        concurrent = int(content.get("concurrent", 1))
        return [
            Manager(
                str(each["url"]),
                str(each["token"]),
                int(each.get("id", 0)),
                each.get("name", ""),
                concurrent,
                system_id,
            )
            for each in content.get("runners", [])
        ]
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise ConfigError(f"{config}: {error!r}") from error


@dataclass
class GitLab:
    """What a manager asks of GitLab. Jobs are taken through the stand-in's control API."""

    manager: Manager
    opener: urllib.request.OpenerDirector = field(
        default_factory=lambda: urllib.request.build_opener(urllib.request.ProxyHandler({}))
    )

    def verify(self) -> None:
        """Make the manager known, as being in contact."""
        self.send("POST", "/api/v4/runners/verify", self.identity())

    def unregister(self) -> None:
        """Remove the manager."""
        self.send("DELETE", "/api/v4/runners/managers", self.identity())

    def identity(self) -> dict[str, str]:
        """Return what tells GitLab who asks."""
        return {"token": self.manager.token, "system_id": self.manager.system_id}

    def take(self) -> int | None:
        """Start the oldest pending job and return its id; None when there is none."""
        waiting = self.send("GET", "/_control/jobs?status=pending")["jobs"]
        for job in sorted(waiting, key=lambda job: int(job["id"])):
            fields: dict[str, Any] = {"system_id": self.manager.system_id}
            if self.manager.runner_id:
                fields["runner_id"] = self.manager.runner_id
            try:
                self.send("POST", f"/_control/jobs/{job['id']}/start", fields)
            except GitLabError:
                continue  # somebody else was faster
            return int(job["id"])
        return None

    def unfinished(self, job_ids: set[int]) -> set[int]:
        """Return which of some jobs go on."""
        jobs = self.send("GET", "/_control/jobs")["jobs"]
        ended = {int(job["id"]) for job in jobs if job["status"] in ENDED}
        return job_ids - ended

    def fail(self, job_id: int) -> None:
        """Fail a job that is aborted, as gitlab-runner does."""
        fields = {"status": "failed", "failure_reason": "runner_system_failure"}
        self.send("POST", f"/_control/jobs/{job_id}/finish", fields)

    def send(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send a request and return the JSON of its answer.

        Raises:
            GitLabError: there is none, or it is a refusal.
        """
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.manager.url.rstrip("/") + path, data, headers, method=method)
        try:
            with self.opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                content: dict[str, Any] = json.loads(answer.read() or b"{}")
                return content
        except (OSError, ValueError) as error:  # HTTPError is an OSError
            raise GitLabError(f"{method} {path}: {error}") from error
