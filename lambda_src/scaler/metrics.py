"""The figures that are published. Pure: what is unknown has no figure, which is not the figure zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from scaler.plan import instances_for, shortfall

if TYPE_CHECKING:
    from scaler.act import Acted
    from scaler.capacity import Plan, Rules, Snapshot

Unit = Literal["Count", "Seconds", "Percent"]


@dataclass(frozen=True)
class Figure:
    """A metric's value in this moment."""

    name: str
    value: float
    unit: Unit = "Count"


@dataclass(frozen=True)
class Effort:
    """What the observation took."""

    seconds: float
    requests: int
    errors: int


def of_nothing() -> tuple[Figure, ...]:
    """Return what is known when not even the group could be seen."""
    return (Figure("ObservationsIncomplete", 1),)


def of_effort(effort: Effort) -> tuple[Figure, ...]:
    """Return what is known even when nothing could be read."""
    return (
        Figure("SnapshotSeconds", effort.seconds, "Seconds"),
        Figure("GitLabRequests", effort.requests),
        Figure("GitLabErrors", effort.errors),
    )


def of_instances(snapshot: Snapshot) -> tuple[Figure, ...]:
    """Return what the Auto Scaling group alone tells."""
    return (
        Figure("InstancesInService", snapshot.in_service),
        Figure("InstancesBooting", snapshot.booting),
        Figure("InstancesTerminating", snapshot.terminating),
    )


def of_trouble(snapshot: Snapshot, rules: Rules) -> tuple[Figure, ...]:
    """Return what is wrong. What is not has no figure: a metric costs money in each hour in which it is published."""
    jobs = snapshot.pending + snapshot.running
    found = (
        Figure("BootFailures", snapshot.boot_failures),
        Figure("CapacityBeyondMaximum", max(0, instances_for(jobs, rules) - snapshot.maximum)),
        Figure("ObservationsIncomplete", int(not snapshot.is_complete)),
    )
    return tuple(figure for figure in found if figure.value)


def of_jobs(snapshot: Snapshot, plan: Plan, acted: Acted, rules: Rules) -> tuple[Figure, ...]:
    """Return what depends on jobs: nothing at all when the observation is incomplete."""
    if not snapshot.is_complete:
        return ()
    removed = len(acted.removed)
    return (
        Figure("PendingJobs", snapshot.pending),
        Figure("RunningJobs", snapshot.running + snapshot.running_elsewhere),
        Figure("OldestPendingJobSeconds", snapshot.oldest_pending_seconds, "Seconds"),
        Figure("RunnersOverallLoad", load(snapshot, rules), "Percent"),
        Figure("CapacityShortfall", shortfall(plan.need, acted.desired, snapshot.staying - removed)),
        Figure("CapacitySurplus", plan.surplus - removed),
    )


def load(snapshot: Snapshot, rules: Rules) -> float:
    """Return pending and running jobs in percent of the slots in service; without slots any job is full load."""
    jobs = snapshot.pending + snapshot.running
    if not snapshot.in_service:
        return 100.0 if jobs else 0.0
    return 100.0 * jobs / (snapshot.in_service * rules.slots)
