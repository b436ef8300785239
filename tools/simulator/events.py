"""What can happen, in the order in which it happens within one instant."""

from __future__ import annotations

from enum import IntEnum


class Kind(IntEnum):
    """A kind of event: whatever frees or adds capacity comes before what asks for it, decisions come last."""

    ENDED = 0
    BOOTED = 1
    LAUNCH_FAILED = 2
    NOTICE = 3
    RECLAIMED = 4
    DRAIN_ENDED = 5
    SHUT_DOWN = 6
    RECONCILE = 7
    CREATED = 8
    PENDING = 9
    CANCELLED = 10
    ASKED = 11
    DECISION = 12
