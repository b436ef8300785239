"""Counting what was asked and how it was answered."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.local.gitlab.messages import Json, Request


@dataclass
class Stats:
    """Counters since the start or the last reset.

    Args:
        endpoints: requests by method and route.
        statuses: answers by status.
        project_reads: reads of each project's job list: first pages.
        job_list_pages: pages read of all job lists, the first ones too.
        faults: requests struck by a fault, by its name.
    """

    endpoints: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    project_reads: Counter[int] = field(default_factory=Counter)
    job_list_pages: int = 0
    faults: Counter[str] = field(default_factory=Counter)

    def count_job_list(self, project_id: int, request: Request) -> None:
        """Count one page of a project's job list."""
        self.job_list_pages += 1
        query = dict(request.query)
        if not query.get("cursor") and query.get("page", "1") in {"", "1"}:
            self.project_reads[project_id] += 1

    def report(self) -> Json:
        """Return the counters."""
        return {
            "requests": self.endpoints.total(),
            "endpoints": dict(self.endpoints),
            "statuses": {str(status): count for status, count in self.statuses.items()},
            "too_many_requests": self.statuses[429],
            "project_reads": {str(project): count for project, count in self.project_reads.items()},
            "project_reads_max": max(self.project_reads.values(), default=0),
            "job_list_pages": self.job_list_pages,
            "faults": dict(self.faults),
        }
