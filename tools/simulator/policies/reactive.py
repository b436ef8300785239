"""References: launch at arrival, with or without a fixed number of spare instances, remove exactly in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.simulator.fleet import longest_idle
from tools.simulator.policies.common import grow, instances_for, remove_spare
from tools.simulator.policy import Timing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.simulator.fleet import Fleet


@dataclass
class Reactive:
    """The reactive ideal: it sees everything at once, and acts at once.

    Attributes:
        idle: seconds after which an idle instance goes.
        buffer: instances beyond the demand.
    """

    idle: float = 300
    buffer: int = 0
    name: str = "reactive ideal"

    timing = Timing()

    def decide(self, fleet: Fleet) -> float | None:
        """Launch what is missing, remove what is idle for too long."""
        need = instances_for(fleet.pending + fleet.running, fleet.slots) + self.buffer
        grow(fleet, need)
        return remove_spare(fleet, need, self.idle)

    def victims(self, fleet: Fleet, count: int) -> Sequence[str]:
        """Idle ones only."""
        return longest_idle(fleet, count)
