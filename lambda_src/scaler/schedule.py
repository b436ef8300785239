"""Decide which projects to read next, within the request budget. Pure.

The rules: nothing that is wanted is forgotten, the budget is never exceeded, one hook is answered at once, many
hooks share reads, and under overload every project has its turn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scaler import budget, scope
from scaler.intake import HOOK_WINDOW_SECONDS, known_seconds, round_requests

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scaler.intake import Limits
    from scaler.model import Listing, Project, State

# A project is not read again within this time; the more hooks there are, the longer, so that a burst shares reads.
MIN_HOLD_OFF_SECONDS = 0.5
MAX_HOLD_OFF_SECONDS = 6.0
HOLD_OFF_SECONDS_PER_HOOK = 0.2
# A burst is over when no hook has come for so long; what was held off is then read at once.
QUIET_SECONDS = 0.75
# A busy project whose count is this old is read before anything else, so that no count grows older than a minute.
OVERDUE_SECONDS = 45.0
# Reads in one invocation; hooks that arrive meanwhile wait for its end.
MAX_READS = 30
# The list of projects gives way to hooks for so long.
LISTING_PATIENCE_SECONDS = 20.0
# What has to wait for longer is left to the next tick.
MAX_WAIT_SECONDS = 10.0
# A `continue` message that has not come back by then is taken for lost.
CONTINUE_LIFE_SECONDS = 60.0
# A project that could not be read is left alone for so long, four times as long after each further failure.
_RETRY_SECONDS = 5.0
# A project with very many pages must have its turn, too; the hard limit on requests then applies while it is read.
_MAX_COST = 10
_MAX_RETRY_SECONDS = 60.0


@dataclass(frozen=True)
class Pick:
    """What to read now.

    Attributes:
        projects: ids of the projects to read.
        lists: whether to go on with the list of projects.
        wait_seconds: when more of what is wanted may be read; infinite if nothing more is wanted.
    """

    projects: tuple[int, ...] = ()
    lists: bool = False
    wait_seconds: float = math.inf

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be read now."""
        return not (self.projects or self.lists)


@dataclass(frozen=True)
class _Pauses:
    """For how long projects are left alone after a read."""

    hold_off_seconds: float
    quiet_at: float

    def end(self, project: Project) -> float:
        """Return when the project may be read; a quiet time may end its hold-off early."""
        if not project.attempted_at:
            return 0.0
        if project.failures:
            pause = _RETRY_SECONDS * 4.0 ** (min(project.failures, 9) - 1)
            return project.attempted_at + min(_MAX_RETRY_SECONDS, pause)
        quiet_at = max(self.quiet_at, project.attempted_at + MIN_HOLD_OFF_SECONDS)
        return min(project.attempted_at + self.hold_off_seconds, quiet_at)


def pick(state: State, limits: Limits, now: float, *, hooks_only: bool) -> Pick:
    """Choose what to read now, the most urgent first.

    Args:
        state: what is known and wanted.
        limits: what bounds the reading.
        now: epoch seconds.
        hooks_only: leave what the schedule wants for later, unless it is overdue.
    """
    left = budget.budget(state.requests, limits.requests_per_minute, now, round_requests(state))
    if not (left.for_overdue or left.for_hooks):
        return Pick(wait_seconds=budget.frees_at(state.requests, now) - now)
    due = [p for p in state.projects.values() if _is_due(p, limits, now, hooks_only=hooks_only)]
    listing = state.listing if _wants_listing(state, limits, now, hooks_only=hooks_only) else None
    if not (due or listing):
        return Pick()
    if now < state.not_before:
        return Pick(wait_seconds=state.not_before - now)
    pauses = _Pauses(hold_off(state, now), state.last_hook_at + QUIET_SECONDS)
    ready = [p for p in due if pauses.end(p) <= now]
    chosen = _affordable(ready, left, now, known_seconds(state, limits.requests_per_minute))
    lists = listing is not None and _may_list(listing, chosen, left, now)
    waits = [*_waits(due, ready, chosen, state, pauses, now), *_listing_waits(listing, state, now, lists=lists)]
    return Pick(
        projects=tuple(project.id for project in chosen),
        lists=lists,
        wait_seconds=min(waits, default=math.inf),
    )


def asks_to_continue(state: State, wait_seconds: float, now: float) -> bool:
    """Return whether a `continue` message is to be sent: more can be read soon, and none is on its way."""
    outstanding = state.continue_at > 0 and now - state.continue_at < CONTINUE_LIFE_SECONDS
    return wait_seconds <= MAX_WAIT_SECONDS and not outstanding


def hold_off(state: State, now: float) -> float:
    """Return for how long a project is left alone after a read."""
    if now - state.last_hook_at >= QUIET_SECONDS:
        return MIN_HOLD_OFF_SECONDS
    hooks = budget.total(state.hooks, now, HOOK_WINDOW_SECONDS)
    return min(max(HOLD_OFF_SECONDS_PER_HOOK * hooks, MIN_HOLD_OFF_SECONDS), MAX_HOLD_OFF_SECONDS)


def _is_due(project: Project, limits: Limits, now: float, *, hooks_only: bool) -> bool:
    wanted = project.is_hooked or (project.wanted_at > 0 and not hooks_only)
    overdue = project.is_busy and now - project.attempted_at >= OVERDUE_SECONDS
    return (wanted or overdue) and scope.may_be_read(project, limits.reach, now)


def _overdue_at(project: Project, believed: float) -> float:
    """Return from when on the project goes before everything else, so that each has its turn under overload."""
    if project.is_busy:
        return project.attempted_at + OVERDUE_SECONDS
    if project.is_hooked:
        return project.hook_first + believed / 2
    return max(project.attempted_at, project.wanted_at) + believed / 2


def _urgency(project: Project, now: float, believed: float) -> tuple[int, float]:
    """Return the sort key: overdue ones in turn, then hooks as they came, then busy projects, then the rest."""
    overdue_at = _overdue_at(project, believed)
    if overdue_at <= now:
        return 0, overdue_at
    if project.is_hooked:
        return 1, project.hook_first if project.attempted_at else 0.0
    return (2 if project.is_busy else 3), project.attempted_at


def _affordable(ready: Sequence[Project], left: budget.Budget, now: float, believed: float) -> list[Project]:
    for_hooks = left.for_hooks if len(ready) <= left.for_hooks else min(left.for_hooks, left.paced)
    room = (left.for_overdue, for_hooks, left.for_busy, left.for_sweeps)
    chosen: list[Project] = []
    spent = 0
    ranked = sorted((*_urgency(project, now, believed), project.id, project) for project in ready)
    for rank, _, _, project in ranked:
        cost = min(project.requests, _MAX_COST)
        if spent + cost <= room[rank]:
            chosen.append(project)
            spent += cost
        if len(chosen) == MAX_READS:
            break
    return chosen


def _waits(
    due: Sequence[Project],
    ready: Sequence[Project],
    chosen: Sequence[Project],
    state: State,
    pauses: _Pauses,
    now: float,
) -> Iterable[float]:
    """Yield in how many seconds each project that is due and not chosen may be read."""
    if len(chosen) == MAX_READS:
        yield 0.0
    elif len(chosen) < len(ready):
        yield budget.frees_at(state.requests, now) - now
    yield from (end - now for end in map(pauses.end, due) if end > now)


def _wants_listing(state: State, limits: Limits, now: float, *, hooks_only: bool) -> bool:
    if not (state.listing.wanted_at or state.listing.started_at):
        return False
    # A hook of an unknown project can only be answered once the list says whether the project is in scope.
    return not hooks_only or any(
        p.is_hooked and not scope.may_be_read(p, limits.reach, now) for p in state.projects.values()
    )


def _may_list(listing: Listing, chosen: Iterable[Project], left: budget.Budget, now: float) -> bool:
    if scope.ready_at(listing) > now or not left.for_overdue:
        return False
    patient = now - listing.wanted_at < LISTING_PATIENCE_SECONDS
    return not (patient and any(project.is_hooked for project in chosen))


def _listing_waits(listing: Listing | None, state: State, now: float, *, lists: bool) -> Iterable[float]:
    if listing is not None and not lists:
        yield max(scope.ready_at(listing), budget.frees_at(state.requests, now), now) - now
