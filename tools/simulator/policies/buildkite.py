"""The rule of buildkite-agent-scaler in the elastic stack: scale-out only, idle instances leave by themselves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.simulator.fleet import longest_idle
from tools.simulator.policies.common import instances_for, leave_alone
from tools.simulator.policy import Timing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.simulator.fleet import Fleet

_AVAILABLE = 0.5
_PERIOD = 10.0


@dataclass
class Buildkite:
    """Every 10 s as many instances as pending and running jobs take.

    Attributes:
        idle: seconds after which an idle instance leaves.
        factor: what a change is multiplied with.
        impatient: 1 = booting instances count as ones whose agents are missing, so that one more is launched each
            10 s while most of them boot; 0 reads the availability rule in the scaler's favour, so that it never applies
            here, because a simulated instance in service always has its agents.
    """

    idle: float = 600
    factor: float = 1.0
    impatient: int = 0
    name: str = "buildkite"

    timing = Timing(period=_PERIOD)

    def decide(self, fleet: Fleet) -> float | None:
        """Scale out; replace what seems not to have come."""
        due = leave_alone(fleet, self.idle)
        required = fleet.pending + fleet.running + fleet.running_elsewhere
        desired = instances_for(required, fleet.slots)
        current = fleet.desired
        if desired > current:
            fleet.set_desired(current + math.ceil((desired - current) * self.factor))
        elif self._lacks_agents(fleet) and required and fleet.staying == current:
            fleet.set_desired(current + 1)
        return fleet.now + _PERIOD if self._lacks_agents(fleet) else due

    def _lacks_agents(self, fleet: Fleet) -> bool:
        return bool(self.impatient) and fleet.in_service < _AVAILABLE * fleet.staying

    def victims(self, fleet: Fleet, count: int) -> Sequence[str]:
        """Nobody but the instances themselves removes any."""
        return longest_idle(fleet, count)
