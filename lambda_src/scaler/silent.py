"""Find instances in service that take no jobs although one waits, because their runner manager is dead. Pure.

When GitLab last heard of a manager does not tell: while there is nothing to do, GitLab's Workhorse answers for up to an
hour without the application, which alone notes the contact. But a job that a runner may take makes each of its managers
ask within seconds, and one with a free slot takes it. So only while a job waits is a silent manager a dead one, unless
the job waits for something else; that is why instances are replaced more and more rarely when it does not help.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scaler.capacity import system_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scaler.capacity import Group, Snapshot
    from scaler.model import State

# A job that waits for so long beside an idle instance is a reason to ask.
WAITING_SECONDS = 180.0
# An instance is not judged before it has been idle for so long, and its manager silent.
GRACE_SECONDS = 600.0
# GitLab is asked no more often.
ASK_SECONDS = 60.0
# Pause between two replacements, twice as long after each further one ...
PAUSE_SECONDS = 60.0
MAX_PAUSE_SECONDS = 3600.0
# ... and no shorter when most of the fleet looks dead: then GitLab may be at fault, and one replacement is a trial.
DOUBT_SECONDS = 900.0


@dataclass(frozen=True)
class Manager:
    """A runner manager.

    Attributes:
        system_id: its system id.
        is_busy: whether it runs a job.
        silent_seconds: for how long GitLab has not heard of it, None = not known.
    """

    system_id: str
    is_busy: bool
    silent_seconds: float | None = None


def is_worth_asking(seen: Snapshot, state: State, now: float) -> bool:
    """Return whether a job waits beside an idle instance, so that the managers are asked for."""
    return _is_starved(seen) and now - state.managers_at >= ASK_SECONDS


def judge(
    seen: Snapshot, managers: Sequence[Manager], group: Group, state: State, now: float, *, lists_all: bool
) -> Snapshot:
    """Return the observation with the instances that take no jobs.

    Args:
        seen: what was observed.
        managers: all managers of the runner, none = they were not asked for.
        group: the group as it is now.
        state: what is known.
        now: epoch seconds.
        lists_all: whether the runner is certain to be the only one of the fleet, so that an instance whose manager it
            does not have has none. With a registration token, each instance has a runner of its own.
    """
    missing = math.inf if lists_all else None
    own = {instance.system_id for instance in group.instances}
    silences = {manager.system_id: manager.silent_seconds for manager in managers if manager.system_id in own}
    # Managers of other instances alone are those of another runner.
    if not (silences and _is_starved(seen)):
        return seen
    dead = tuple(
        instance.id
        for instance in seen.idle
        if instance.seconds >= GRACE_SECONDS and _is_silent(silences.get(system_id(instance.id), missing))
    )
    seen = replace(seen, silent=dead)
    return replace(seen, may_replace=now - state.replaced_at >= _pause(seen, state.replaced))


def noted(state: State, seen: Snapshot, now: float, *, replaced: bool) -> State:
    """Return the state with what was replaced; when no job waits any more, the next time is the first again."""
    if replaced:
        return replace(state, replaced_at=now, replaced=state.replaced + 1)
    if seen.is_complete and seen.oldest_pending_seconds < WAITING_SECONDS:
        return replace(state, replaced=0)
    return state


def _is_starved(seen: Snapshot) -> bool:
    waits = seen.is_complete and seen.oldest_pending_seconds >= WAITING_SECONDS
    return waits and any(instance.seconds >= GRACE_SECONDS for instance in seen.idle)


def _is_silent(seconds: float | None) -> bool:
    return seconds is not None and seconds >= GRACE_SECONDS


def _pause(seen: Snapshot, replaced: int) -> float:
    if not replaced:
        return PAUSE_SECONDS
    pause = min(PAUSE_SECONDS * 2.0 ** min(replaced - 1, 9), MAX_PAUSE_SECONDS)
    return max(pause, DOUBT_SECONDS) if seen.is_doubtful else pause
