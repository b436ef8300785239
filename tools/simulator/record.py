"""What is measured while a simulation runs, and its result."""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.simulator.fleet import Fleet
    from tools.simulator.workload import Job, Workload


@dataclass(frozen=True)
class Sample:
    """The fleet at one moment."""

    at: float
    pending: int
    running: int
    in_service: int
    booting: int


@dataclass(frozen=True)
class Result:
    """What came of a workload under a policy.

    A wait is the time from pending to running; a job that was re-queued waits anew.

    Attributes:
        policy: its name.
        waits: every wait, in ascending order.
        instance_seconds: from each launch to the end of the instance, all of them.
        busy_seconds: how long jobs ran on the fleet, to their ends.
        lost_seconds: how long jobs ran that were killed, interrupted or cancelled.
        finished: runs of jobs that came to their end on the fleet.
        retries: of them, failures that GitLab retried.
        requeued: runs that were cut short and queued again.
        killed: of these, by the policy; the others by spot interruptions.
        given_up: jobs that were killed ten times.
        unfinished: jobs that were not over when the simulation ended.
        launches: instances launched, failed ones included.
        peak: the largest number of instances.
        seconds: how long it all took, simulated.
        cancelled: runs that ended because their pipelines were cancelled.
        samples: the fleet over time, if kept.
    """

    policy: str
    waits: tuple[float, ...]
    instance_seconds: float
    busy_seconds: float
    lost_seconds: float
    finished: int
    retries: int
    requeued: int
    killed: int
    given_up: int
    unfinished: int
    launches: int
    launch_failures: int
    peak: int
    decisions: int
    seconds: float
    cancelled: int = 0
    samples: tuple[Sample, ...] = ()

    @property
    def mean_wait(self) -> float:
        """The mean wait in seconds."""
        return sum(self.waits) / len(self.waits) if self.waits else 0.0

    @property
    def wait_hours(self) -> float:
        """All waits together, in hours."""
        return sum(self.waits) / 3600

    @property
    def instance_hours(self) -> float:
        """What is paid for, in hours."""
        return self.instance_seconds / 3600

    def share_over(self, seconds: float) -> float:
        """Return the share of the waits that were longer."""
        over = len(self.waits) - bisect.bisect_right(self.waits, seconds)
        return over / len(self.waits) if self.waits else 0.0

    def percentile(self, share: float) -> float:
        """Return the wait that so large a share did not exceed."""
        return self.waits[min(len(self.waits) - 1, int(share * len(self.waits)))] if self.waits else 0.0


class Record:
    """Collects while the simulation runs."""

    def __init__(self, workload: Workload, *, keeps_series: bool) -> None:
        self.jobs: Sequence[Job] = workload.jobs
        self.retries = 0
        self.requeued = 0
        self.killed = 0
        self.given_up = 0
        self.cancelled = 0
        self.launch_failures = 0
        self.lost_seconds = 0.0
        self.interruptions_of: dict[int, int] = {}
        self._waits: list[float] = []
        self._busy_seconds = 0.0
        self._finished = 0
        self._decisions = 0
        self._samples: list[Sample] | None = [] if keeps_series else None

    def started(self, _job: Job, wait: float, fleet: Fleet) -> None:
        """A job has waited and starts."""
        self._waits.append(wait)
        self._sample(fleet)

    def ended(self, _job: Job, seconds: float, fleet: Fleet) -> None:
        """A run has come to its end."""
        self._busy_seconds += seconds
        self._finished += 1
        self._sample(fleet)

    def cut_short(self, seconds: float, fleet: Fleet) -> None:
        """A run was cancelled."""
        self.cancelled += 1
        self.lost_seconds += seconds
        self._sample(fleet)

    def decided(self, fleet: Fleet) -> None:
        """The policy has decided."""
        self._decisions += 1
        self._sample(fleet)

    def _sample(self, fleet: Fleet) -> None:
        if self._samples is not None:
            running = fleet.running + fleet.running_elsewhere
            self._samples.append(Sample(fleet.now, fleet.pending, running, fleet.in_service, fleet.booting))

    def result(self, policy: str, fleet: Fleet, left: int) -> Result:
        """Return what was measured."""
        return Result(
            policy=policy,
            waits=tuple(sorted(self._waits)),
            instance_seconds=fleet.instance_seconds,
            busy_seconds=self._busy_seconds,
            lost_seconds=self.lost_seconds,
            finished=self._finished,
            retries=self.retries,
            requeued=self.requeued,
            killed=self.killed,
            given_up=self.given_up,
            unfinished=left,
            launches=fleet.launches,
            launch_failures=self.launch_failures,
            peak=fleet.peak,
            decisions=self._decisions,
            seconds=fleet.now,
            cancelled=self.cancelled,
            samples=tuple(self._samples or ()),
        )
