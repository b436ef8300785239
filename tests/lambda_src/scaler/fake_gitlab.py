"""A GitLab in memory: projects and jobs, faults, a rate limit, and answers that take time."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scaler import pages
from scaler.errors import DeniedError, ReadError
from scaler.observe import JobList
from scaler.scope import GROUP, PROJECT, Page
from scaler.silent import Manager

if TYPE_CHECKING:
    from collections.abc import Callable

    from scaler.call import Call
    from scaler.model import Job
    from scaler.observe import RefKind
    from scaler.pipelines import Created
    from tests.lambda_src.scaler.fakes import FakeClock


@dataclass
class FakeGitLab:
    """Projects and their jobs; answers take time, and more than `limit` job lists in a minute are refused."""

    clock: FakeClock
    projects: dict[int, list[Job]] = field(default_factory=dict)
    limit: int = 600
    seconds_per_request: float = 0.0
    page_size: int = 100
    fault: Callable[[str], None] | None = None
    groups: dict[str, list[int]] = field(default_factory=dict)
    paths: dict[str, int] = field(default_factory=dict)
    inactive: set[int] = field(default_factory=set)
    busy: frozenset[str] = frozenset()
    silences: dict[str, float | None] = field(default_factory=dict)
    protected: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {"protected_branches": ("main",), "protected_tags": ()}
    )
    created: dict[int, tuple[Created, ...]] = field(default_factory=dict)
    without_later: set[int] = field(default_factory=set)
    later_reads: Counter[int] = field(default_factory=Counter)
    reads: Counter[int] = field(default_factory=Counter)
    refused: int = 0
    requests: int = 0
    _recent: deque[float] = field(default_factory=deque)

    def connect(self, call: Call) -> GitLabCall:
        return GitLabCall(self, call)

    def request(self, call: Call, what: str) -> None:
        """Count a request, and let the fault that is switched on strike."""
        call.take()
        self.requests += 1
        self.clock.sleep(self.seconds_per_request)
        if self.fault is None:
            return
        try:
            self.fault(what)
        except ReadError:
            call.failed()
            raise

    def count_job_list(self, call: Call) -> None:
        """Refuse what is over the limit, as GitLab does with 429."""
        while self._recent and self._recent[0] <= self.clock.now - 60:
            self._recent.popleft()
        if len(self._recent) >= self.limit:
            self.refused += 1
            call.pause(60)
            raise ReadError("GitLab asked for a pause (429)")
        self._recent.append(self.clock.now)


@dataclass
class GitLabCall:
    """GitLab for the requests of one invocation."""

    gitlab: FakeGitLab
    call: Call

    def jobs(self, project_id: int) -> JobList:
        now = self.gitlab.clock.now
        jobs = tuple(job for job in self.gitlab.projects.get(project_id, ()) if job.queued_at <= now)
        pages = max(1, -(-len(jobs) // self.gitlab.page_size))
        self.gitlab.reads[project_id] += 1
        for _ in range(pages):
            self.gitlab.request(self.call, f"/projects/{project_id}/jobs")
            self.gitlab.count_job_list(self.call)
        if project_id not in self.gitlab.projects:
            raise DeniedError("404 at projects/:id/jobs: it is gone or hidden from the token's user")
        return JobList(jobs, pages)

    def protected_refs(self, project_id: int, kind: RefKind) -> tuple[str, ...]:
        self.gitlab.request(self.call, f"/projects/{project_id}/{kind}")
        return self.gitlab.protected[kind]

    def projects(self, source: str, cursor: str, active_since: float | None) -> Page:
        self.gitlab.request(self.call, "/projects")
        if source.startswith(PROJECT):
            return Page((self.gitlab.paths[source.removeprefix(PROJECT)],))
        if source.startswith(GROUP):
            ids = self.gitlab.groups[source.removeprefix(GROUP)]
        else:
            hidden = self.gitlab.inactive if active_since is not None else set()
            ids = [key for key in sorted(self.gitlab.projects) if key not in hidden]
        start = int(cursor or 0)
        following = start + self.gitlab.page_size
        return Page(tuple(ids[start:following]), str(following) if following < len(ids) else "")

    def created_jobs(self, project_id: int, cursor: str) -> pages.Page:
        self.gitlab.later_reads[project_id] += 1
        self.gitlab.request(self.call, "/api/graphql")
        if project_id in self.gitlab.without_later:
            self.call.failed()
            raise ReadError("GitLab answers 503")
        listed = sorted(self.gitlab.created.get(project_id, ()), reverse=True)
        behind = [job for job in listed if not cursor or job.id < int(cursor)]
        some = tuple(behind[: self.gitlab.page_size])
        return pages.Page(some, str(some[-1].id) if len(behind) > len(some) else "")

    def managers(self, runner_id: str) -> tuple[Manager, ...]:
        self.gitlab.request(self.call, f"/runners/{runner_id}/managers")
        busy = (Manager(key, is_busy=True, silent_seconds=0.0) for key in sorted(self.gitlab.busy))
        return (*busy, *(Manager(key, False, seconds) for key, seconds in self.gitlab.silences.items()))
