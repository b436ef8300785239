"""A rule like that of GitLab's taskscaler (fleeting), from its documentation and the in-tree pause-pod manager."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.simulator.fleet import longest_idle
from tools.simulator.policies.common import grow, instances_for, remove_spare
from tools.simulator.policy import Timing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.simulator.fleet import Fleet


@dataclass
class TaskscalerLike:
    """Idle slots beyond the demand: a number, or a share of the jobs that run.

    Attributes:
        count: idle_count.
        idle: idle_time.
        factor: scale_factor.
        limit: scale_factor_limit.
    """

    count: int = 5
    idle: float = 600
    factor: float = 0.0
    limit: int = 100
    name: str = "taskscaler-like"

    timing = Timing()

    def decide(self, fleet: Fleet) -> float | None:
        """Up at once, down after the idle time."""
        jobs = fleet.pending + fleet.running
        spare = max(self.count, min(math.ceil(self.factor * jobs), self.limit))
        need = instances_for(jobs + spare, fleet.slots)
        grow(fleet, need)
        return remove_spare(fleet, need, self.idle)

    def victims(self, fleet: Fleet, count: int) -> Sequence[str]:
        """Idle ones only."""
        return longest_idle(fleet, count)
