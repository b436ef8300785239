"""Arithmetic of step and simple scaling policies, pure.

Source: Amazon EC2 Auto Scaling User Guide, "Step and simple scaling policies", and the API's StepAdjustment.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Capacity:
    """A group's capacity when a policy runs.

    Attributes:
        desired: the desired capacity.
        warm: instances in service that have finished warming up.
        ending: instances that are terminating.
        minimum: the group's lower bound.
        maximum: the group's upper bound.
    """

    desired: int
    warm: int
    ending: int
    minimum: int
    maximum: int

    @property
    def warming(self) -> int:
        """How much of the desired capacity has not finished warming up."""
        return max(0, self.desired - self.warm)


def step_adjustment(steps: list[dict[str, Any]], breach: float) -> int | None:
    """Return the adjustment of the step that a breach (metric minus threshold) falls in, or None.

    At or above the threshold a step includes its lower bound, below it includes its upper bound.
    """
    for step in steps:
        lower = step.get("MetricIntervalLowerBound", -math.inf)
        upper = step.get("MetricIntervalUpperBound", math.inf)
        inside = lower <= breach < upper if breach >= 0 else lower < breach <= upper
        if inside:
            return int(step["ScalingAdjustment"])
    return None


def round_percentage(change: float) -> int:
    """Round a change of capacity as AWS does: towards zero, but at least one instance; no change stays none."""
    if change == 0:
        return 0
    size = max(1, math.floor(abs(change)))
    return size if change > 0 else -size


def changed(adjustment_type: str, base: int, adjustment: int, magnitude: int) -> int:
    """Return the capacity that an adjustment of a base capacity asks for."""
    if adjustment_type == "ExactCapacity":
        return adjustment
    if adjustment_type == "ChangeInCapacity":
        return base + adjustment
    change = round_percentage(base * adjustment / 100)
    if adjustment and abs(change) < magnitude:
        change = magnitude if adjustment > 0 else -magnitude
    return base + change


def step_target(policy: dict[str, Any], adjustment: int, capacity: Capacity) -> int:
    """Return the desired capacity that a step policy asks for, within the group's bounds.

    Scaling out counts from the warm instances, so that several breaches of one step start its instances once.
    Scaling in waits until nothing warms up, and counts what is already terminating as part of the capacity.
    """
    kind = policy["AdjustmentType"]
    magnitude = int(policy.get("MinAdjustmentMagnitude", policy.get("MinAdjustmentStep", 0)))
    out = adjustment > (capacity.desired if kind == "ExactCapacity" else 0)
    if out:
        base = min(capacity.desired, capacity.warm)
        wanted = max(capacity.desired, changed(kind, base, adjustment, magnitude))
    elif capacity.warming:
        wanted = capacity.desired
    else:
        base = capacity.desired + capacity.ending
        wanted = min(capacity.desired, changed(kind, base, adjustment, magnitude))
    return bounded(wanted, capacity)


def simple_target(policy: dict[str, Any], capacity: Capacity) -> int:
    """Return the desired capacity that a simple policy asks for, within the group's bounds."""
    magnitude = int(policy.get("MinAdjustmentMagnitude", policy.get("MinAdjustmentStep", 0)))
    wanted = changed(policy["AdjustmentType"], capacity.desired, int(policy["ScalingAdjustment"]), magnitude)
    return bounded(wanted, capacity)


def bounded(wanted: int, capacity: Capacity) -> int:
    """Keep a capacity within the group's bounds."""
    return max(capacity.minimum, min(capacity.maximum, wanted))
