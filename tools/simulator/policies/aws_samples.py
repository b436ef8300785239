"""The rule of aws-samples/amazon-ec2-gitlab-runner: two slots beyond the running jobs, once a minute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.simulator.fleet import oldest
from tools.simulator.policies.common import instances_for
from tools.simulator.policy import Timing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.simulator.fleet import Fleet


@dataclass
class AwsSamples:
    """It never sees pending jobs.

    Attributes:
        spare: slots beyond the running jobs.
    """

    spare: int = 2
    name: str = "aws-samples"

    timing = Timing(period=60.0, tick=60.0)

    def decide(self, fleet: Fleet) -> float | None:
        """Follow the running jobs."""
        running = fleet.running + fleet.running_elsewhere
        fleet.set_desired(instances_for(running + self.spare, fleet.slots))
        return None

    def victims(self, fleet: Fleet, count: int) -> Sequence[str]:
        """The group's default order knows nothing of jobs."""
        return oldest(fleet, count)
