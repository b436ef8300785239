"""Read what the schedule has picked, several projects at a time, and note the answers."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal, Protocol

from scaler import matching, scope
from scaler.errors import DeniedError, ReadError
from scaler.model import Listing, Project, ProtectedRefs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from concurrent.futures import Future

    from scaler.matching import Runner
    from scaler.model import Job, State
    from scaler.schedule import Pick
    from scaler.scope import Page, Reach

log = logging.getLogger(__name__)

WORKERS = 10
# The list of projects is read in portions, because hooks wait for the end of the invocation.
PAGES = 5
# More projects than this are not kept in view at any sensible number of requests.
MAX_PROJECTS = 10_000
_PROTECTED_LIFE_SECONDS = 600.0

Answer = Project | Listing
RefKind = Literal["protected_branches", "protected_tags"]


@dataclass(frozen=True)
class JobList:
    """All pending and running jobs of a project, and how many requests it took to list them."""

    jobs: tuple[Job, ...]
    requests: int = 1


class GitLab(Protocol):
    """What is asked of GitLab; every method raises ReadError rather than answer in part."""

    def jobs(self, project_id: int) -> JobList:
        """Return a project's pending and running jobs."""
        ...

    def protected_refs(self, project_id: int, kind: RefKind) -> tuple[str, ...]:
        """Return the names and wildcards of a project's protected branches, or of its protected tags."""
        ...

    def projects(self, source: str, cursor: str, active_since: float | None) -> Page:
        """Return a page of the projects of a source of `scope.sources`."""
        ...

    def busy_managers(self) -> frozenset[str]:
        """Return the system ids of the runner's managers that run jobs."""
        ...


@dataclass(frozen=True)
class Observer:
    """Reads through GitLab's API.

    Attributes:
        gitlab: answers.
        runner: what the fleet's runner takes.
        reach: which projects belong to the fleet.
        clock: epoch seconds.
        gather: runs tasks at the same time for at most so many seconds; None stands for a task that has no answer.
    """

    gitlab: GitLab
    runner: Runner
    reach: Reach
    clock: Callable[[], float]
    gather: Callable[[Sequence[Callable[[], Answer]], float], Sequence[Answer | None]]

    def observe(self, state: State, pick: Pick, seconds: float) -> State:
        """Return the state with what the picked reads have answered.

        Args:
            state: what is known.
            pick: what to read.
            seconds: how long to wait for the answers.
        """
        now = self.clock()
        projects = [state.projects[key] for key in pick.projects]
        listing = scope.begin(state.listing, self.reach, now)
        asked: list[Answer] = [*projects, *([listing] if pick.lists else [])]
        answers = self.gather([partial(self._answer, question) for question in asked], seconds)
        return self._noted(
            state, [answer or _unanswered(question, now) for question, answer in zip(asked, answers, strict=True)]
        )

    def _answer(self, question: Answer) -> Answer:
        return self._list(question) if isinstance(question, Listing) else self._read(question)

    def _noted(self, state: State, answers: Iterable[Answer]) -> State:
        projects = dict(state.projects)
        listing = state.listing
        for answer in answers:
            if isinstance(answer, Listing):
                listing = answer
            else:
                projects[answer.id] = answer
        state = replace(state, projects=projects, listing=listing)
        has_ended = listing.started_at and not listing.sources
        return scope.finish(state, self.reach) if has_ended else state

    def _read(self, project: Project) -> Project:
        started_at = self.clock()
        try:
            listed = self.gitlab.jobs(project.id)
            protected = self._protected(project, listed.jobs, started_at)
        except ReadError as error:
            return _failed(project, started_at, str(error))
        demand = matching.demand(listed.jobs, self.runner, protected)
        return replace(
            project,
            attempted_at=started_at,
            failures=0,
            failure="",
            read_at=started_at,
            hook_first=project.hook_last if project.hook_last > started_at else 0.0,
            wanted_at=project.wanted_at if project.wanted_at > started_at else 0.0,
            pending=demand.pending,
            oldest_pending_at=demand.oldest_pending_at,
            running=demand.running,
            unplaced=demand.unplaced,
            requests=listed.requests,
            protected=protected,
        )

    def _protected(self, project: Project, jobs: Iterable[Job], now: float) -> ProtectedRefs:
        """Return the project's protected refs, read anew when they are old and jobs depend on them."""
        known = project.protected
        fresh = known.read_at > 0 and now - known.read_at < _PROTECTED_LIFE_SECONDS
        asks = self.runner.protected_only and any(
            not job.is_running and matching.takes(self.runner, job) for job in jobs
        )
        if fresh or not asks:
            return known
        return ProtectedRefs(
            now, self._refs(project.id, "protected_branches"), self._refs(project.id, "protected_tags")
        )

    def _refs(self, project_id: int, kind: RefKind) -> tuple[str, ...] | None:
        try:
            return self.gitlab.protected_refs(project_id, kind)
        except DeniedError as error:
            log.warning("project %d: %s cannot be read, so jobs of all of them count: %s", project_id, kind, error)
            return None

    def _list(self, listing: Listing) -> Listing:
        active_since = None
        if self.reach.scope.is_membership and not listing.is_full:
            active_since = listing.started_at - self.reach.activity_seconds
        try:
            for _ in range(PAGES):
                if listing.sources:
                    page = self.gitlab.projects(listing.sources[0], listing.cursor, active_since)
                    listing = scope.add_page(listing, page)
        except ReadError as error:
            return scope.fail(listing, str(error))
        if len(listing.found) > MAX_PROJECTS:
            return scope.fail(listing, f"there are more than {MAX_PROJECTS} projects; name projects or groups")
        return listing


def in_threads(tasks: Sequence[Callable[[], Answer]], seconds: float) -> Sequence[Answer | None]:
    """Run tasks in threads; one that fails, or takes too long, has the answer None."""
    executor = ThreadPoolExecutor(WORKERS)
    futures = [executor.submit(task) for task in tasks]
    wait(futures, timeout=seconds)
    # A task that hangs is left behind; its request has a timeout of its own.
    executor.shutdown(wait=False, cancel_futures=True)
    return [_result(future) for future in futures]


def _result(future: Future[Answer]) -> Answer | None:
    if future.cancelled() or not future.done():
        return None
    if error := future.exception():
        log.error("a read failed in an unforeseen way", exc_info=error)
        return None
    return future.result()


def _unanswered(question: Answer, now: float) -> Answer:
    failure = "it was not read within the deadline"
    if isinstance(question, Listing):
        return scope.fail(question, failure)
    return _failed(question, now, failure)


def _failed(project: Project, started_at: float, failure: str) -> Project:
    return replace(project, attempted_at=started_at, failures=project.failures + 1, failure=failure)
