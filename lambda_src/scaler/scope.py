"""Which projects count, and the list of them, which takes several invocations to read. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scaler.model import Listing, Project

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scaler.model import Scope, State

MEMBERSHIP = "membership"
GROUP = "group:"
PROJECT = "project:"

# A sweep reads the list anew when it is this old; one second's grace for a schedule that is early.
SWEEP_LIFE_SECONDS = 55
# A tick keeps the list this fresh while there are instances, so that scale-in works without sweeps, too.
TICK_LIFE_SECONDS = 300
# GitLab does not count scheduled pipelines as activity: once an hour projects without activity are read, too.
FULL_SECONDS = 3600
_RETRY_SECONDS = 5
_MAX_RETRY_SECONDS = 60


@dataclass(frozen=True)
class Reach:
    """What belongs to the fleet.

    Attributes:
        scope: the projects and groups named, if any.
        activity_seconds: a project without activity for so long is not in the membership scope.
        narrow: whether the membership scope holds the token's own projects only, instead of all that it can see.
    """

    scope: Scope
    activity_seconds: float
    narrow: bool = True


@dataclass(frozen=True)
class Page:
    """A page of projects.

    Attributes:
        ids: their ids.
        cursor: where the next page starts, "" = there is none.
    """

    ids: tuple[int, ...]
    cursor: str = ""


def sources(scope: Scope) -> tuple[str, ...]:
    """Return what has to be listed."""
    if scope.is_membership:
        return (MEMBERSHIP,)
    return (*(PROJECT + name for name in scope.projects), *(GROUP + name for name in scope.groups))


def accepts(project_id: int, state: State, scope: Scope) -> bool:
    """Return whether a hook of the project may matter; an unknown one may be new in one of the groups."""
    known = state.projects.get(project_id)
    if scope.is_membership or scope.groups or (known is not None and known.listed):
        return True
    # A project that is named by its path is recognised once the path has been resolved.
    return str(project_id) in scope.projects or not all(name.isdigit() for name in scope.projects)


def counts(project: Project, reach: Reach, now: float) -> bool:
    """Return whether the project is in scope: without a good read of it, the observation is incomplete."""
    if project.listed:
        return True
    if not reach.scope.is_membership:
        return str(project.id) in reach.scope.projects
    hooked = project.hook_last > 0 and now - project.hook_last < reach.activity_seconds
    return hooked or project.is_busy


def may_be_read(project: Project, reach: Reach, now: float) -> bool:
    """Return whether the project may be read: it is in scope, or the hourly look at inactive projects wants it."""
    return counts(project, reach, now) or (reach.scope.is_membership and project.wanted_at > 0)


def is_current(listing: Listing, scope: Scope) -> bool:
    """Return whether there is a complete listing of this very scope."""
    return listing.read_at > 0 and not listing.failure and listing.scope == sources(scope)


def want_listing(listing: Listing, scope: Scope, now: float, life_seconds: float) -> Listing:
    """Ask for a new listing when the present one is too old or of another scope."""
    fresh = is_current(listing, scope) and now - listing.read_at < life_seconds
    if fresh or listing.wanted_at:
        return listing
    return replace(listing, wanted_at=now)


def ready_at(listing: Listing) -> float:
    """Return when pages may be asked for again."""
    if not listing.failures:
        return 0.0
    return listing.attempted_at + min(_MAX_RETRY_SECONDS, _RETRY_SECONDS * 4.0 ** (min(listing.failures, 9) - 1))


def begin(listing: Listing, reach: Reach, now: float) -> Listing:
    """Go on with the listing under way, or start one."""
    wanted = sources(reach.scope)
    if listing.started_at and listing.under_way == wanted:
        return replace(listing, attempted_at=now)
    numbers = tuple(int(name) for name in reach.scope.projects if name.isdigit())
    full = reach.scope.is_membership and reach.narrow and listing.read_at > 0 and now - listing.full_at >= FULL_SECONDS
    return replace(
        listing,
        attempted_at=now,
        started_at=now,
        is_full=full,
        under_way=wanted,
        sources=tuple(source for source in wanted if not source.removeprefix(PROJECT).isdigit()),
        cursor="",
        found=numbers,
    )


def add_page(listing: Listing, page: Page) -> Listing:
    """Return the listing under way with one more page."""
    left = listing.sources if page.cursor else listing.sources[1:]
    return replace(listing, found=listing.found + page.ids, cursor=page.cursor, sources=left)


def fail(listing: Listing, failure: str) -> Listing:
    """Give up the listing under way; a later one starts from the beginning."""
    return replace(listing, failures=listing.failures + 1, failure=failure, started_at=0.0, sources=(), found=())


def finish(state: State, reach: Reach) -> State:
    """Apply the listing under way, which has reached its end."""
    listing = state.listing
    done = replace(listing, wanted_at=0.0, started_at=0.0, failures=0, failure="", found=())
    if listing.is_full:
        done = replace(done, full_at=listing.started_at)
        projects = _with_inactive(state)
    else:
        done = replace(done, read_at=listing.started_at, scope=listing.under_way)
        projects = _as_listed(state)
    return prune(replace(state, listing=done, projects=projects), reach, listing.started_at)


def prune(state: State, reach: Reach, now: float) -> State:
    """Forget projects that are neither in scope nor wanted.

    Args:
        state: what is known.
        reach: what belongs to the fleet.
        now: start of the listing; a hook since then may name a project that is newer than it.
    """
    kept = {
        project.id: project
        for project in state.projects.values()
        if may_be_read(project, reach, now) or project.hook_first >= now
    }
    return replace(state, projects=kept)


def _as_listed(state: State) -> Mapping[int, Project]:
    found = frozenset(state.listing.found)
    known = {key: replace(project, listed=key in found) for key, project in state.projects.items()}
    new = {key: Project(key, listed=True, wanted_at=state.listing.started_at) for key in found - known.keys()}
    return known | new


def _with_inactive(state: State) -> Mapping[int, Project]:
    """Want every project of the membership once; forget those that neither it nor a read confirms."""
    listing = state.listing
    found = frozenset(listing.found)
    known = {
        key: project if key in found else _without_stale_hooks(project, listing.started_at)
        for key, project in state.projects.items()
    }
    new = {key: Project(key, wanted_at=listing.started_at) for key in found - known.keys()}
    return known | new


def _without_stale_hooks(project: Project, before: float) -> Project:
    # A hook can name a project that the token cannot read; it would make every observation incomplete for hours.
    if project.listed or not project.failure or project.hook_last >= before:
        return project
    return Project(project.id)
