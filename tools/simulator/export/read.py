"""Read finished jobs through GitLab's API, page by page, newest first, and keep each page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import gitlab

from tools.simulator.export.records import FINISHED, from_api

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.simulator.export.progress import Progress

_PER_PAGE = 100
_DAY = 86_400.0
# Waits of 0.1, 0.2, … 1.6 seconds, or those that a 429 asks for. An export goes on where it was.
_RETRIES = 5
_WAYS_OUT = {
    401: "GITLAB_TOKEN must be a valid token of this GitLab, with the scope read_api",
    403: "GITLAB_TOKEN needs the scope read_api, and its user the role Reporter in the project",
    404: "check PROJECTS and URL, and that the token's user is a Reporter in the project",
}


class ExportError(Exception):
    """GitLab's answer is not what an export needs; the message says which project."""


@dataclass(frozen=True)
class Page:
    """Jobs as the API shows them, and the address of the next page, "" if it was the last."""

    jobs: list[dict[str, Any]]
    next: str


class Pages(Protocol):
    """Where pages of jobs come from."""

    def page(self, project: str, address: str) -> Page:
        """Return the page at an address, or a project's first if the address is ""."""
        ...


@dataclass(frozen=True)
class GitLabPages:
    """Pages of a GitLab; it waits when it is told to (429) and repeats what fails for a moment."""

    client: gitlab.Gitlab

    def page(self, project: str, address: str) -> Page:
        """Return a page of finished jobs, newest first."""
        first = f"/projects/{gitlab.utils.EncodedId(project)}/jobs"
        query: dict[str, Any] = {}
        if not address:
            query = {"scope[]": list(FINISHED), "per_page": _PER_PAGE, "pagination": "keyset", "order_by": "id"}
            query["sort"] = "desc"
        try:
            answer = self.client.http_request(
                "get", address or first, query_data=query, max_retries=_RETRIES, retry_transient_errors=True
            )
            jobs = answer.json()
        except gitlab.GitlabError as error:
            raise ExportError(f"project {project}: {_explained(error)}") from error
        except json.JSONDecodeError as error:
            raise ExportError(f"{self.client.url} does not answer as a GitLab does, check URL: {error}") from error
        except OSError as error:
            raise ExportError(f"{self.client.url} cannot be reached, check URL: {_innermost(error)}") from error
        if not isinstance(jobs, list):
            raise ExportError(f"project {project}: a list of jobs was expected")
        return Page(jobs, answer.links.get("next", {}).get("url", ""))


def _explained(error: gitlab.GitlabError) -> str:
    """Return what GitLab answered, and what to do about it where that is known."""
    code = error.response_code or ""
    words = f"{code} {str(error.error_message).removeprefix(f'{code} ')}"
    return ": ".join(filter(None, (words, _WAYS_OUT.get(error.response_code or 0))))


def _innermost(error: BaseException) -> str:
    """Return the words of the error that an error of requests wraps several times."""
    inner = error.args[0] if error.args else None
    reason = getattr(inner, "reason", inner)
    return _innermost(reason) if isinstance(reason, BaseException) else str(error).rpartition(": ")[2]


def read(pages: Pages, projects: list[str], progress: Progress, tell: Callable[[str], None], now: float) -> None:
    """Read what is missing of each project.

    Args:
        pages: where jobs come from.
        projects: ids or paths.
        progress: what was read before; pages are added to it.
        tell: hears of each page.
        now: epoch seconds.
    """
    for number, project in enumerate(projects):
        while (address := progress.next_pages.get(number, None)) != "":
            page = pages.page(project, address or "")
            seen = [record for job in page.jobs if (record := from_api(job, number, progress.salt))]
            kept = [record for record in seen if record.created_at >= progress.since]
            # Newest first, so that a page of older jobs only is the end.
            is_last = not page.next or (bool(seen) and not kept)
            progress.add(number, kept, "" if is_last else page.next)
            oldest = min((record.created_at for record in seen), default=now)
            tell(
                f"project {number + 1} of {len(projects)}: {len(progress.records)} jobs in all,"
                f" back to {(now - oldest) / _DAY:.1f} days ago"
            )
