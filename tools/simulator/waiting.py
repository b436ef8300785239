"""The queue of pending jobs."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.simulator.fleet import Fleet
    from tools.simulator.workload import Job


class Queue:
    """Jobs that wait, first come first served; the fleet is told how many there are, and since when."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._jobs: OrderedDict[int, tuple[Job, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._jobs)

    def put(self, job: Job) -> None:
        """A job begins to wait."""
        self._jobs[job.number] = (job, self._fleet.now)
        self._changed()

    def take(self) -> tuple[Job, float]:
        """Return the first job, which waits no longer, and how long it did."""
        _, (job, since) = self._jobs.popitem(last=False)
        self._changed()
        return job, self._fleet.now - since

    def drop(self, number: int) -> None:
        """A job waits no longer, and will not run."""
        del self._jobs[number]
        self._changed()

    def _changed(self) -> None:
        self._fleet.pending = len(self._jobs)
        if self._jobs:
            self._fleet.oldest_pending_at = next(iter(self._jobs.values()))[1]
