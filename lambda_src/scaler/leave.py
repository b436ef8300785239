"""End an invocation: save what it leaves to the next, and ask for more turns. Faults are logged, not raised."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scaler import schedule
from scaler.errors import ConflictError, SendError, StateError
from scaler.outcome import Outcome

if TYPE_CHECKING:
    from scaler.model import State, Stored
    from scaler.services import Services
    from scaler.turn import Turn

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ending:
    """What an invocation leaves, whether the table holds it, and what went wrong with that, if anything."""

    stored: Stored
    is_saved: bool = False
    failed: Outcome | None = None


def leave(services: Services, turn: Turn, state: State, wait_seconds: float) -> Ending:
    """Save the state and, if more can be read soon, ask for another turn.

    Args:
        services: what is needed of the world.
        turn: the invocation.
        state: what it leaves.
        wait_seconds: when more of what is wanted may be read; infinite if nothing more is wanted.
    """
    now = services.clock()
    asks = schedule.asks_to_continue(state, wait_seconds, now)
    if asks:
        state = replace(state, continue_at=now)
    ending = Ending(replace(turn.stored, state=state))
    if turn.trouble:
        # Without the version that the table holds, nothing can be written.
        return ending
    try:
        is_saved = _save(services, turn, state)
    except ConflictError as error:
        log.warning("what was observed is dropped: %s", error)
        return replace(ending, failed=Outcome.STATE_CONFLICT)
    if asks:
        _ask(services, f"continue-{turn.stored.version + 1}-{int(now * 1000)}")
    return replace(ending, is_saved=is_saved)


def _save(services: Services, turn: Turn, state: State) -> bool:
    if state == turn.stored.state:
        return True
    try:
        services.table.save(state, turn.stored.version)
    except ConflictError:
        raise
    except StateError as error:
        log.warning("what was observed is not saved: %s", error)
        return False
    return True


def _ask(services: Services, deduplication_id: str) -> None:
    try:
        services.continue_later(deduplication_id)
    except SendError as error:
        log.warning("the rest is left to the next tick: %s", error)
