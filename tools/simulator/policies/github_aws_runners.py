"""The rule of github-aws-runners: a runner for each job that is still queued after a delay."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tools.simulator.fleet import longest_idle
from tools.simulator.policy import Timing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.simulator.fleet import Fleet


@dataclass
class GithubAwsRunners:
    """Scale-up per job after a delay, scale-down of idle runners at a fixed interval.

    Attributes:
        delay: seconds from a job's event to the look at it.
        interval: seconds between looks for idle runners.
        minimum_age: seconds that a runner exists at least.
    """

    delay: float = 30
    interval: float = 300
    minimum_age: float = 300
    name: str = "github-aws-runners"

    timing = Timing()
    _events: deque[tuple[float, int]] = field(init=False, default_factory=deque)
    _seen: int = field(init=False, default=0)
    _cleaned: int = field(init=False, default=0)

    def decide(self, fleet: Fleet) -> float | None:
        """Answer the events whose delay is over, and clean up when it is time."""
        for number in range(self._seen, fleet.arrived):
            self._events.append((fleet.now + self.delay, number))
        self._seen = fleet.arrived
        new = 0
        while self._events and self._events[0][0] <= fleet.now:
            _, number = self._events.popleft()
            # Jobs are taken in order, so those that still wait are the last that came.
            new += number >= fleet.arrived - fleet.pending
        if new:
            fleet.set_desired(fleet.desired + instances_for_queued(new, fleet.slots))
        interval = int(fleet.now // self.interval)
        if interval != self._cleaned:
            self._cleaned = interval
            self._clean(fleet)
        next_clean = (interval + 1) * self.interval if fleet.hosts else None
        moments = [self._events[0][0] if self._events else None, next_clean]
        return min((at for at in moments if at is not None), default=None)

    def _clean(self, fleet: Fleet) -> None:
        for instance_id in list(fleet.idle):
            if fleet.now - fleet.hosts[instance_id].launched_at >= self.minimum_age:
                fleet.terminate(instance_id)

    def victims(self, fleet: Fleet, count: int) -> Sequence[str]:
        """Idle ones only."""
        return longest_idle(fleet, count)


def instances_for_queued(jobs: int, slots: int) -> int:
    """Return how many instances so many queued jobs take."""
    return -(-jobs // slots)
