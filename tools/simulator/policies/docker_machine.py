"""The rule of GitLab's docker-machine executor: idle machines are kept ahead, jobs are taken for them only."""

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
class DockerMachine:
    """Machines beyond those in use; a runner without an idle machine does not ask for jobs.

    With `count` 0 a machine is made for each job instead.

    Attributes:
        count: IdleCount.
        least: IdleCountMin, with a factor.
        factor: IdleScaleFactor.
        idle: IdleTime.
        growth: MaxGrowthRate; 0 = unlimited.
    """

    count: int = 5
    least: int = 1
    factor: float = 0.0
    idle: float = 600
    growth: int = 0
    name: str = "docker-machine"

    timing = Timing()

    def decide(self, fleet: Fleet) -> float | None:
        """Create and remove, one machine after the other."""
        if self.count == 0:
            need = instances_for(fleet.pending + fleet.running, fleet.slots)
            grow(fleet, need)
            return remove_spare(fleet, need, self.idle)
        while not self._exceeds(fleet) and fleet.desired < fleet.maximum:
            if self.growth and fleet.booting >= self.growth:
                break
            fleet.set_desired(fleet.desired + 1)
        return self._remove(fleet)

    def _remove(self, fleet: Fleet) -> float | None:
        for instance_id, since in list(fleet.idle.items()):
            if not self._exceeds(fleet, spare=1) and fleet.staying < fleet.maximum:
                return None
            if fleet.now - since < self.idle and fleet.staying < fleet.maximum:
                return since + self.idle
            fleet.terminate(instance_id)
        return None

    def _exceeds(self, fleet: Fleet, spare: int = 0) -> bool:
        """Whether there are enough idle machines, those being created included."""
        available = len(fleet.idle) + fleet.booting - spare
        used = fleet.in_service - len(fleet.idle)
        scaled = self.factor > 0 and available >= self.least and available >= int(used * self.factor)
        return available >= self.count or scaled

    def victims(self, fleet: Fleet, count: int) -> Sequence[str]:
        """Idle ones only."""
        return longest_idle(fleet, count)
