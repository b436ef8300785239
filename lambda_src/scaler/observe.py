"""Read what the schedule has picked, several projects at a time, and note the answers."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Protocol

from scaler import history, lessons, matching, scope
from scaler.errors import DeniedError, ReadError
from scaler.foresee import bounded
from scaler.lessons import Hint
from scaler.model import FORGOTTEN, Listing, Project, ProtectedRefs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from concurrent.futures import Future

    from scaler.matching import Runner
    from scaler.model import Job, State
    from scaler.pages import Page as LaterPage
    from scaler.schedule import Pick
    from scaler.scope import Page, Reach
    from scaler.silent import Manager

log = logging.getLogger(__name__)

WORKERS = 10
# The list of projects is read in portions, because hooks wait for the end of the invocation.
PAGES = 5
# More projects than this are not kept in view at any sensible number of requests.
MAX_PROJECTS = 10_000
_PROTECTED_LIFE_SECONDS = 600.0

# Later jobs of a project are read again when they are this old.
HINT_LIFE_SECONDS = 15.0


Answer = Project | Listing | Hint
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

    def managers(self, runner_id: str) -> tuple[Manager, ...]:
        """Return all managers of a runner."""
        ...


class Ahead(Protocol):
    """What GitLab is asked to look ahead; raises ReadError."""

    def created_jobs(self, project_id: int, cursor: str) -> LaterPage:
        """Return a page of the jobs of a project that exist already and come later, the newest first."""
        ...


class Source(GitLab, Ahead, Protocol):
    """All that is asked of GitLab."""


@dataclass(frozen=True)
class Observer:
    """Reads through GitLab's API.

    Attributes:
        gitlab: answers.
        runner: what the fleet's runner takes.
        reach: which projects belong to the fleet.
        clock: epoch seconds.
        gather: runs tasks at the same time for at most so many seconds; None stands for a task that has no answer.
        looks_ahead: whether jobs are remembered and learnt from.
        learnt_id: the runner's id as it was learnt, "" = unknown; a hint only, so that it hides no job.
    """

    gitlab: Source
    runner: Runner
    reach: Reach
    clock: Callable[[], float]
    gather: Callable[[Sequence[Callable[[], Answer]], float], Sequence[Answer | None]]
    looks_ahead: bool = False
    learnt_id: str = ""

    def observe(self, state: State, pick: Pick, seconds: float, hints: int = 0) -> State:
        """Return the state with what the picked reads have answered.

        Args:
            state: what is known.
            pick: what to read.
            seconds: how long to wait for the answers.
            hints: for how many of the projects to ask for later jobs, too.
        """
        now = self.clock()
        projects = [state.projects[key] for key in pick.projects]
        listing = scope.begin(state.listing, self.reach, now)
        ahead = self._worth_a_hint(state, projects, now)[:hints]
        asked: list[Answer] = [*projects, *([listing] if pick.lists else []), *ahead]
        answers = self.gather([partial(self._answer, question) for question in asked], seconds)
        return self._noted(
            state, [answer or _unanswered(question, now) for question, answer in zip(asked, answers, strict=True)], now
        )

    def _worth_a_hint(self, state: State, projects: Iterable[Project], now: float) -> list[Hint]:
        if not self.looks_ahead or now < state.created_not_before:
            return []
        worth = (p for p in projects if p.live and not lessons.is_paused(p, now))
        return [Hint(p.id, p.created_cursor) for p in worth if now - p.created_at >= HINT_LIFE_SECONDS]

    def _answer(self, question: Answer) -> Answer:
        if isinstance(question, Hint):
            return self._hint(question)
        return self._list(question) if isinstance(question, Listing) else self._read(question)

    def _noted(self, state: State, answers: Iterable[Answer], now: float) -> State:
        projects = dict(state.projects)
        listing = state.listing
        known, absences = dict(state.history), dict(state.absences)
        for answer in answers:
            if isinstance(answer, Listing):
                listing = answer
            elif isinstance(answer, Project):
                before = projects[answer.id]
                known = history.learn(known, lessons.ended(before, answer))
                absences, unfinished = lessons.come(absences, before, answer)
                projects[answer.id] = replace(answer, unfinished=unfinished)
            else:
                projects[answer.project] = lessons.foretold(projects[answer.project], answer, now)
        state = replace(
            state,
            projects=bounded(projects),
            listing=listing,
            history=known,
            absences=absences,
            created_not_before=lessons.hints_not_before(projects.values(), now),
        )
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
        is_answered = project.hook_last <= started_at
        return replace(
            project,
            attempted_at=started_at,
            failures=0,
            failure="",
            read_at=started_at,
            hook_first=0.0 if is_answered else project.hook_last,
            hook_ids=() if is_answered else project.hook_ids,
            wanted_at=project.wanted_at if project.wanted_at > started_at else 0.0,
            pending=demand.pending,
            oldest_pending_at=demand.oldest_pending_at,
            running=demand.running,
            runners=demand.runners,
            unplaced=demand.unplaced,
            requests=listed.requests,
            protected=protected,
            **self._under_way(project, listed.jobs, protected),
        )

    def _under_way(self, project: Project, jobs: Iterable[Job], protected: ProtectedRefs) -> dict[str, Any]:
        runner = replace(self.runner, id=self.runner.id or self.learnt_id)
        live = matching.under_way(project.id, jobs, runner, protected) if self.looks_ahead else ()
        if not live:
            # Without a pipeline under way nothing is foreseen, and what was to come need not be kept.
            return dict(FORGOTTEN)
        # What has been under way does not come again, even if it has ended when GitLab is asked next.
        ids = {job.id for job in live}
        return {"live": live, "created": tuple(job for job in project.created if job.id not in ids)}

    def _hint(self, hint: Hint) -> Hint:
        now = self.clock()
        try:
            return hint._replace(at=now, page=self.gitlab.created_jobs(hint.project, hint.cursor))
        except ReadError as error:
            log.info("project %d: its later jobs cannot be read, so nothing is foreseen: %s", hint.project, error)
            return hint

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
    if isinstance(question, Hint):
        return question
    if isinstance(question, Listing):
        return scope.fail(question, failure)
    return _failed(question, now, failure)


def _failed(project: Project, started_at: float, failure: str) -> Project:
    return replace(project, attempted_at=started_at, failures=project.failures + 1, failure=failure)
