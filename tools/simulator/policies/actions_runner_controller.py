"""The rule of actions-runner-controller's scale sets: as many runners as jobs are assigned, and a minimum."""

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
class ActionsRunnerController:
    """A runner for each job, which goes when the job ends.

    Attributes:
        runners: minRunners.
    """

    runners: int = 0
    name: str = "actions-runner-controller"

    timing = Timing()

    def decide(self, fleet: Fleet) -> float | None:
        """Follow the assigned jobs, up and down at once."""
        need = instances_for(self.runners + fleet.pending + fleet.running, fleet.slots)
        grow(fleet, need)
        return remove_spare(fleet, need, 0)

    def victims(self, fleet: Fleet, count: int) -> Sequence[str]:
        """Idle ones only."""
        return longest_idle(fleet, count)
