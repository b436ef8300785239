"""The figures that are published. Pure: what is unknown has no figure, which is not the figure zero.

A metric costs money in each hour in which it is published. So a fleet at rest, of which every figure is zero, publishes
that it was looked at and that no job waits, and nothing else; what was not zero before is published as zero first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from scaler.plan import instances_for, shortfall

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scaler.act import Acted
    from scaler.capacity import Plan, Rules, Snapshot
    from scaler.intake import Answered

Unit = Literal["Count", "Seconds", "Percent"]

# What a fleet at rest publishes ...
AT_REST = frozenset({"PendingJobs", "SnapshotSeconds"})
# ... and how seldom: with sweeps each minute every fourth time, with sweeps each three minutes every second time. So
# six minutes are never without, and a sweep may be missing before the alarm takes it for silence, after eleven.
REST_SECONDS = 230.0
# The second is the last only when the one before it is known to be published.
CLOSING_ZEROS = 2
# The fleet may be at rest whatever these are: they tell of the observation, or exist only while they are not zero.
_WITHOUT_ZERO = frozenset(
    {
        "BootFailures",
        "CapacityBeyondMaximum",
        "GitLabRequests",
        "InstancesStandby",
        "InstancesWarm",
        "ObservationsIncomplete",
        "ReactionSeconds",
        "SnapshotSeconds",
    }
)


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


def of_reaction(hooks: Answered, now: float) -> tuple[Figure, ...]:
    """Return how long the first of the webhooks has waited that were just answered, from its arrival on."""
    if not hooks.received_at:
        return ()
    return (Figure("ReactionSeconds", max(0.0, now - hooks.received_at), "Seconds"),)


def of_fleet(snapshot: Snapshot, plan: Plan, acted: Acted, rules: Rules) -> tuple[Figure, ...]:
    """Return what is known of the fleet."""
    return (*of_instances(snapshot), *of_jobs(snapshot, plan, acted, rules), *of_trouble(snapshot, rules))


def of_instances(snapshot: Snapshot) -> tuple[Figure, ...]:
    """Return what the Auto Scaling group alone tells."""
    return (
        Figure("InstancesInService", snapshot.in_service),
        Figure("InstancesBooting", snapshot.booting),
        Figure("InstancesTerminating", snapshot.terminating),
    )


def of_trouble(snapshot: Snapshot, rules: Rules) -> tuple[Figure, ...]:
    """Return what is wrong, or rare. What is not so has no figure."""
    jobs = snapshot.pending + snapshot.running
    found = (
        Figure("BootFailures", snapshot.boot_failures),
        Figure("CapacityBeyondMaximum", max(0, instances_for(jobs, rules) - snapshot.maximum)),
        Figure("InstancesStandby", snapshot.standby),
        Figure("InstancesWarm", snapshot.warm),
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


def zeros_left(figures: Iterable[Figure], before: int, *, has_arrived: bool) -> int:
    """Return in how many more observations the figures that have become zero are to be published.

    Only an observation that was complete brings the end nearer: what is unknown is not zero. And only after one whose
    figures are known to be published: an alarm would keep for ever what no zero has ended.

    Args:
        figures: what is known now.
        before: what this returned last.
        has_arrived: whether the figures of the last complete observation are known to be published.
    """
    values = {figure.name: figure.value for figure in figures}
    if any(value for name, value in values.items() if name not in _WITHOUT_ZERO):
        return CLOSING_ZEROS
    return max(0, before - (has_arrived and "PendingJobs" in values))


def shown(figures: Sequence[Figure], before: int, after: int) -> tuple[Figure, ...]:
    """Return what is published of the figures; `after` is what `zeros_left` makes of `before`."""
    if before or after:
        return tuple(figures)
    return tuple(each for each in figures if each.name in AT_REST or (each.value and each.name != "GitLabRequests"))


def is_rest(figures: Iterable[Figure]) -> bool:
    """Return whether there is nothing to publish but that the fleet is at rest."""
    return {figure.name for figure in figures} == AT_REST


def is_complete(figures: Iterable[Figure]) -> bool:
    """Return whether these are of a complete observation."""
    return any(figure.name == "PendingJobs" for figure in figures)
