"""How an invocation can end."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """How an invocation ended; docs/scaling.md says what an operator does next."""

    SCALED_OUT = "scaled_out"
    SCALED_IN = "scaled_in"
    REPLACED = "replaced"
    UNCHANGED = "unchanged"
    AT_MAXIMUM = "at_maximum"
    UNKNOWN_KEPT = "unknown_kept"
    DESIRED_CHANGED_MEANWHILE = "desired_changed_meanwhile"
    INSTANCE_GONE = "instance_gone"
    ACTIVITY_IN_PROGRESS = "activity_in_progress"
    GROUP_MISSING = "group_missing"
    GROUP_FAILED = "group_failed"
    STATE_CONFLICT = "state_conflict"
    NOTED = "noted"
    NOTHING_TO_DO = "nothing_to_do"
