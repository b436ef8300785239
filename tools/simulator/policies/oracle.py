"""A reference that knows the future: how many jobs would run within the next boot time if none had to wait."""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tools.simulator.dependencies import Pipeline, pending_at
from tools.simulator.fleet import longest_idle
from tools.simulator.policies.common import grow, instances_for, remove_spare
from tools.simulator.policy import Timing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.simulator.fleet import Fleet
    from tools.simulator.setup import Setup
    from tools.simulator.workload import Job, Workload


def without_waits(workload: Workload, setup: Setup) -> list[tuple[float, int]]:
    """Return how many jobs run on the fleet from when on, if none ever waits."""
    events: list[tuple[float, int, Job]] = []
    pipelines: dict[int, Pipeline] = {}
    changes: dict[float, int] = {}

    def release(pipeline: Pipeline, jobs: Sequence[Job], now: float) -> None:
        for job in jobs:
            at = pending_at(job, now)
            if at is None:
                release(pipeline, pipeline.skip(job.number), now)
                continue
            if at >= job.cancelled_at:
                continue
            end = min(at + job.duration * job.runs, job.cancelled_at)
            heapq.heappush(events, (end, job.number, job))
            if setup.takes(job.tags):
                changes[at] = changes.get(at, 0) + 1
                changes[end] = changes.get(end, 0) - 1

    for jobs in workload.pipelines():
        pipeline = pipelines[jobs[0].pipeline] = Pipeline(jobs)
        release(pipeline, pipeline.begin(), min(job.created for job in jobs))
        while events:
            now, number, job = heapq.heappop(events)
            release(pipeline, pipeline.end(number, is_success=not job.fails and now < job.cancelled_at), now)
    running = 0
    steps = []
    for at in sorted(changes):
        running += changes[at]
        steps.append((at, running))
    return steps


def highest_ahead(steps: Sequence[tuple[float, int]], seconds: float) -> list[tuple[float, int]]:
    """Return the highest value of a step function within the next seconds, as a step function."""
    moments = sorted({at for at, _ in steps} | {max(0.0, at - seconds) for at, _ in steps})
    window: deque[tuple[float, int]] = deque()
    ahead = []
    value, behind, entering = 0, 0, 0
    for now in moments:
        while entering < len(steps) and steps[entering][0] <= now + seconds:
            while window and window[-1][1] <= steps[entering][1]:
                window.pop()
            window.append(steps[entering])
            entering += 1
        while behind < len(steps) and steps[behind][0] <= now:
            value = steps[behind][1]
            behind += 1
        while window and window[0][0] <= now:
            window.popleft()
        ahead.append((now, max(value, window[0][1] if window else 0)))
    return ahead


@dataclass
class Oracle:
    """Has an instance ready for every job of the next `ahead` seconds.

    Attributes:
        steps: how many jobs run from when on, by `without_waits`.
        ahead: how far it sees, normally one boot time.
        idle: seconds after which an idle instance goes.
    """

    steps: Sequence[tuple[float, int]]
    ahead: float = 120
    idle: float = 300
    name: str = "oracle"

    timing = Timing()
    _future: list[tuple[float, int]] = field(init=False, default_factory=list)
    _place: int = field(init=False, default=0)
    _known: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._future = highest_ahead(self.steps, self.ahead)

    def decide(self, fleet: Fleet) -> float | None:
        """Have what the next seconds take."""
        while self._place < len(self._future) and self._future[self._place][0] <= fleet.now:
            self._known = self._future[self._place][1]
            self._place += 1
        need = instances_for(max(self._known, fleet.pending + fleet.running), fleet.slots)
        grow(fleet, need)
        due = remove_spare(fleet, need, self.idle)
        moments = [at for at in (due, self._next()) if at is not None]
        return min(moments, default=None)

    def _next(self) -> float | None:
        return self._future[self._place][0] if self._place < len(self._future) else None

    def victims(self, fleet: Fleet, count: int) -> Sequence[str]:
        """Idle ones only."""
        return longest_idle(fleet, count)
