"""The rule of taskcluster's simple estimate: every second, pending jobs beyond the idle capacity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.simulator.fleet import longest_idle
from tools.simulator.policies.common import instances_for, leave_alone
from tools.simulator.policy import Timing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.simulator.fleet import Fleet


@dataclass
class Taskcluster:
    """Spawns for a share of what waits; workers leave by themselves.

    Attributes:
        idle: seconds after which an idle worker leaves.
        ratio: workers per pending job.
    """

    idle: float = 600
    ratio: float = 1.0
    name: str = "taskcluster"

    timing = Timing(period=1.0)

    def decide(self, fleet: Fleet) -> float | None:
        """Spawn what is missing."""
        due = leave_alone(fleet, self.idle)
        slots = fleet.slots
        waiting = max(0, fleet.pending - len(fleet.idle) * slots)
        existing = (fleet.in_service + fleet.terminating) * slots
        wanted = min(max(waiting * self.ratio + existing, fleet.minimum * slots), fleet.maximum * slots)
        spawn = instances_for(max(0, wanted - existing - fleet.booting * slots), slots)
        if spawn:
            fleet.set_desired(fleet.desired + spawn)
        return due

    def victims(self, fleet: Fleet, count: int) -> Sequence[str]:
        """Nobody but the workers themselves removes any."""
        return longest_idle(fleet, count)
