"""Name what lasts: conditions that are said when they begin, and not with each observation after. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scaler.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scaler.act import Acted
    from scaler.capacity import Snapshot

# Instances that were asked for usually exist within seconds.
MISSING_SECONDS = 60


def lasting(snapshot: Snapshot, acted: Acted) -> tuple[str, ...]:
    """Return what is worth a warning and need not be repeated each minute."""
    return tuple(_lasting(snapshot, acted))


def _lasting(snapshot: Snapshot, acted: Acted) -> Iterator[str]:
    if acted.outcome is Outcome.AT_MAXIMUM:
        yield f"more is needed than the maximum of {snapshot.maximum}; raise asg.max_size if jobs wait too long"
    if snapshot.desired > snapshot.staying and snapshot.unfulfilled_seconds >= MISSING_SECONDS:
        yield "instances that were asked for do not come; the group's activities say why, such as no spot capacity"
