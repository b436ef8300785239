"""Note what messages want. Pure: nothing is read here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scaler import budget, scope, waking
from scaler.model import Kind, Project

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scaler.capacity import Group
    from scaler.model import Message, State
    from scaler.scope import Reach

HOOK_WINDOW_SECONDS = 10
# So many of the hooks that wait for the same read are found in the log of the invocation that answers them.
MAX_HOOK_IDS = 10
# While GitLab cannot be read, hooks of all projects wait.
MAX_HOOK_IDS_IN_ALL = 200
# While hooks come, a tick leaves out what was read so lately.
FRESH_SECONDS = 30.0
_MIN_KNOWN_SECONDS = 300.0
# Round robins may use this share of the request budget at least; see budget.py.
_ROUND_ROBIN_SHARE = 0.7


@dataclass(frozen=True)
class Limits:
    """What bounds the reading.

    Attributes:
        reach: which projects belong to the fleet.
        requests_per_minute: never exceeded in any 60 seconds.
        idle_seconds: how long an instance is idle before it may go.
    """

    reach: Reach
    requests_per_minute: int
    idle_seconds: float


@dataclass(frozen=True)
class Answered:
    """The hooks that an invocation has answered: when the first of them came, 0 = there were none, and their ids."""

    received_at: float = 0.0
    ids: tuple[str, ...] = ()


def note(state: State, messages: Sequence[Message], group: Group | None, limits: Limits, now: float) -> State:
    """Note what messages want.

    Args:
        state: what is known.
        messages: what has come.
        group: the Auto Scaling group, None = not looked up; a tick then goes by the jobs alone.
        limits: what bounds the reading.
        now: epoch seconds.
    """
    kinds = {message.kind for message in messages}
    state = _note_hooks(state, [message for message in messages if message.kind is Kind.HOOK], limits.reach, now)
    if Kind.CONTINUE in kinds:
        state = replace(state, continue_at=0.0)
    if Kind.TICK in kinds and is_active(state, group):
        state = _want(state, limits.reach, now, scope.TICK_LIFE_SECONDS, _refresh(state, limits, now))
    if Kind.SWEEP in kinds:
        state = _want(state, limits.reach, now, scope.SWEEP_LIFE_SECONDS, lambda _: True)
    return state


def is_active(state: State, group: Group | None) -> bool:
    """Return whether a tick has anything to do: there are instances, or jobs wait, or something is left to be done."""
    if group is not None and (group.desired or group.instances):
        return True
    # The list of projects may have failed, and be all that is known of the fleet.
    if state.listing.wanted_at or state.zeros_left:
        return True
    return any(p.pending or p.is_hooked or p.wanted_at for p in state.projects.values())


def answered(before: State, after: State) -> Answered:
    """Return the hooks that reads have answered.

    Args:
        before: what was known before the reads.
        after: what is known since.
    """
    hooked = [project for project in before.projects.values() if project.is_hooked and _is_answered(project, after)]
    return Answered(
        received_at=min((project.hook_first for project in hooked), default=0.0),
        ids=tuple(key for project in hooked for key in project.hook_ids),
    )


def _is_answered(project: Project, after: State) -> bool:
    return project.id in after.projects and after.projects[project.id].hook_first != project.hook_first


def known_seconds(state: State, requests_per_minute: int) -> float:
    """Return for how long a count is believed: three turns of the round robin, but no less than five minutes."""
    per_second = requests_per_minute * _ROUND_ROBIN_SHARE / 60
    return max(_MIN_KNOWN_SECONDS, 3 * round_requests(state) / per_second)


def round_requests(state: State) -> int:
    """Return how many requests it takes to read every project once."""
    return sum(project.requests for project in state.projects.values())


def want_oldest(state: State, limits: Limits, now: float) -> State:
    """Want the project read longest ago, so that another observation comes soon."""
    counted = (p for p in state.projects.values() if scope.counts(p, limits.reach, now))
    oldest = min(counted, key=lambda p: (p.read_at, p.id), default=None)
    if oldest is None:
        return state
    return replace(state, projects={**state.projects, oldest.id: replace(oldest, wanted_at=now)})


def _note_hooks(state: State, hooks: Sequence[Message], reach: Reach, now: float) -> State:
    accepted = [hook for hook in hooks if scope.accepts(hook.project_id, state, reach.scope)]
    if not accepted:
        return state
    projects = dict(state.projects)
    has_room = sum(len(project.hook_ids) for project in projects.values()) < MAX_HOOK_IDS_IN_ALL
    for hook in accepted:
        project = projects.get(hook.project_id, Project(hook.project_id))
        # A clock that is ahead must not make a hook that no read can ever answer.
        projects[project.id] = _hooked(project, min(hook.received_at, now), hook.id if has_room else "")
    listing = state.listing
    if any(not scope.counts(projects[hook.project_id], reach, now) for hook in accepted):
        listing = scope.want_listing(listing, reach.scope, now, scope.SWEEP_LIFE_SECONDS)
    counted = budget.add(state.hooks, now, len(accepted), HOOK_WINDOW_SECONDS)
    return replace(state, projects=projects, listing=listing, hooks=counted, last_hook_at=now)


def _hooked(project: Project, received_at: float, hook_id: str) -> Project:
    last = max(project.hook_last, received_at)
    if received_at < project.read_at:
        return replace(project, hook_last=last)
    ids = (*project.hook_ids, *filter(None, [hook_id]))[:MAX_HOOK_IDS]
    return replace(project, hook_last=last, hook_first=project.hook_first or received_at, hook_ids=ids)


def _refresh(state: State, limits: Limits, now: float) -> Callable[[Project], bool]:
    """Return which projects a tick wants: those with jobs, those that fail, those whose count grows old.

    Those with jobs are left out where others see to them in time: a wake leaves them to the schedule's tick, which
    comes within the minute; and while hooks come, each invocation reads those that are overdue.

    And always the one read longest ago: nothing is removed or published from memory alone, without an answer of GitLab.
    """
    aged = now - known_seconds(state, limits.requests_per_minute) / 2
    # An idle instance goes once every project has been read since it became idle: those that are due before the next
    # tick count, too, so that they can go in time.
    soon = limits.idle_seconds - waking.MAX_SECONDS
    idle = (c.since for c in state.instances.values() if not c.is_busy and now - c.since >= soon)
    before = max([aged, *idle])
    counted = (p for p in state.projects.values() if scope.counts(p, limits.reach, now))
    oldest = min(counted, key=lambda p: (p.read_at, p.id), default=None)
    # The first tick since the time that a wake was asked for is that wake.
    is_wake = state.observed_at < state.wake_at <= now
    stale = now - FRESH_SECONDS if now - state.last_hook_at < HOOK_WINDOW_SECONDS else now
    return lambda p: (
        p is oldest or bool(p.failure) or p.read_at < before or (p.is_busy and p.read_at <= stale and not is_wake)
    )


def _want(
    state: State, reach: Reach, now: float, listing_life_seconds: float, wanted: Callable[[Project], bool]
) -> State:
    projects = {
        key: replace(p, wanted_at=now) if not p.wanted_at and scope.counts(p, reach, now) and wanted(p) else p
        for key, p in state.projects.items()
    }
    listing = scope.want_listing(state.listing, reach.scope, now, listing_life_seconds)
    return replace(state, projects=projects, listing=listing)
