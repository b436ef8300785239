"""Find instances that do not get to their end. Pure.

What a host writes about its own end is counted from its log; a host that cannot write any more is seen here alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scaler.capacity import Phase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scaler.capacity import Group

# For the shutdown, and because an instance is seen to be gone only by the next observation.
MARGIN_SECONDS = 300.0


def follow(since: Mapping[str, float], group: Group, now: float) -> tuple[tuple[str, float], ...]:
    """Return the ids of the instances that are going, and since when they have been seen to.

    Args:
        since: what this returned last.
        group: the group as it is now.
        now: epoch seconds.
    """
    going = (instance.id for instance in group.instances if instance.phase is Phase.TERMINATING)
    return tuple((key, since.get(key, now)) for key in going)


def stuck(since: Mapping[str, float], drain_seconds: float, now: float) -> tuple[str, ...]:
    """Return the ids of the instances that should be gone.

    Args:
        since: since when instances have been going, by id.
        drain_seconds: how long it may take.
        now: epoch seconds.
    """
    return tuple(key for key, at in since.items() if now - at > drain_seconds + MARGIN_SECONDS)
