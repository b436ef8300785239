"""What several rules share: growing to a need, and ways in which idle instances leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.simulator.fleet import Fleet


def instances_for(jobs: float, slots: int) -> int:
    """Return how many instances so many jobs take."""
    return int(-(-jobs // slots))


def grow(fleet: Fleet, need: int) -> None:
    """Raise the desired capacity to a need, never lower it."""
    if need > fleet.desired:
        fleet.set_desired(need)


def remove_spare(fleet: Fleet, need: int, idle_seconds: float) -> float | None:
    """Remove what is idle for long enough, longest idle first, down to a need; return when the next one is due."""
    while fleet.idle and fleet.staying > max(need, fleet.minimum):
        instance_id, since = next(iter(fleet.idle.items()))
        if fleet.now - since < idle_seconds:
            return since + idle_seconds
        fleet.terminate(instance_id)
    return None


def leave_alone(fleet: Fleet, idle_seconds: float) -> float | None:
    """Let every instance that is idle for long enough leave by itself; return when the next one is due."""
    return remove_spare(fleet, 0, idle_seconds)
