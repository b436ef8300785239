"""Decide when to look again between two ticks, because an idle instance will have had its time. Pure."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from scaler import budget

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scaler.model import State

# Instances that are due so soon after the first of them leave together with it.
TOGETHER_SECONDS = 2.0
# A wake is no nearer ...
MIN_SECONDS = 3.0
# ... and no further away: until then the next tick comes.
MAX_SECONDS = 60.0
# Between two wakes; each of them costs an observation.
PAUSE_SECONDS = 10.0
# So many hooks in so many seconds bring observations often enough.
MANY_HOOKS = 5
HOOK_WINDOW_SECONDS = 10
# When a wake would leave less than this share of the minute's requests to hooks, instances wait for the tick instead.
MIN_LEFT = 0.2
# After a wake that failed, none is tried for so long: what forbids it or cannot be reached will stay so.
FAILED_SECONDS = 900.0


def due_seconds(seconds: Iterable[float]) -> float:
    """Return when the first instances are due, infinite if none is.

    Args:
        seconds: after which time each instance may go; those that may go already do not count.
    """
    later = sorted(each for each in seconds if each > 0)
    return max((each for each in later if each <= later[0] + TOGETHER_SECONDS), default=math.inf)


def noted(state: State, due: float, now: float, left: int, requests_per_minute: int) -> State:
    """Return the state with the wake to ask for, if one is.

    Args:
        state: what is known.
        due: in how many seconds an instance will be due, infinite = none.
        now: epoch seconds.
        left: how many GitLab requests may be made now.
        requests_per_minute: how many in any 60 seconds.
    """
    spare = left - sum(project.requests for project in state.projects.values() if project.is_busy)
    hurried = budget.total(state.hooks, now, HOOK_WINDOW_SECONDS) >= MANY_HOOKS
    may_wake = not hurried and spare >= MIN_LEFT * requests_per_minute
    return replace(state, wake_at=wake_at(state.wake_at, due if may_wake else math.inf, now))


def is_new(before: State, after: State, now: float) -> bool:
    """Return whether a wake is to be asked for: not for one that was only forgotten.

    Args:
        before: the state that the last invocation left.
        after: what `noted` returned.
        now: epoch seconds.
    """
    return after.wake_at != before.wake_at and after.wake_at > now


def wake_at(outstanding_at: float, due: float, now: float) -> float:
    """Return when to be woken: as before while that is yet to come, and the last time if no other is to be asked for.

    A wake that is lost is forgotten when its time is over, and so is one that a wrong clock has put too far away.

    Args:
        outstanding_at: when the last wake was asked for to come, 0 = never.
        due: in how many seconds an instance will be due, infinite = none.
        now: epoch seconds.
    """
    if now < outstanding_at <= now + MAX_SECONDS:
        return outstanding_at
    last = outstanding_at if outstanding_at <= now else 0.0
    at = max(now + max(due, MIN_SECONDS), last + PAUSE_SECONDS)
    return at if at <= now + MAX_SECONDS else last
