"""Step and simple scaling, against the examples of AWS's user guide."""

from __future__ import annotations

import pytest

from tools.local.aws.autoscaling.steps import (
    Capacity,
    changed,
    round_percentage,
    simple_target,
    step_adjustment,
    step_target,
)

OUT = [
    {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 10.0, "ScalingAdjustment": 0},
    {"MetricIntervalLowerBound": 10.0, "MetricIntervalUpperBound": 20.0, "ScalingAdjustment": 10},
    {"MetricIntervalLowerBound": 20.0, "ScalingAdjustment": 30},
]
IN = [
    {"MetricIntervalLowerBound": -10.0, "MetricIntervalUpperBound": 0.0, "ScalingAdjustment": 0},
    {"MetricIntervalLowerBound": -20.0, "MetricIntervalUpperBound": -10.0, "ScalingAdjustment": -10},
    {"MetricIntervalUpperBound": -20.0, "ScalingAdjustment": -30},
]
PERCENT = {"AdjustmentType": "PercentChangeInCapacity"}
CHANGE = {"AdjustmentType": "ChangeInCapacity"}
EXACT = {"AdjustmentType": "ExactCapacity"}


def capacity(desired: int, warm: int | None = None, ending: int = 0, maximum: int = 100) -> Capacity:
    return Capacity(desired, desired if warm is None else warm, ending, 0, maximum)


@pytest.mark.parametrize(
    ("steps", "breach", "expected"),
    [
        (OUT, 0.0, 0),
        (OUT, 9.99, 0),
        (OUT, 10.0, 10),
        (OUT, 20.0, 30),
        (OUT, 1000.0, 30),
        (OUT, -1.0, None),
        (IN, -5.0, 0),
        (IN, -10.0, -10),
        (IN, -19.9, -10),
        (IN, -20.0, -30),
    ],
)
def test_a_breach_falls_in_one_step_whose_inner_bound_is_included(
    steps: list[dict[str, float]], breach: float, expected: int | None
) -> None:
    assert expected == step_adjustment(steps, breach)


@pytest.mark.parametrize(("change", "expected"), [(12.7, 12), (0.67, 1), (-0.58, -1), (-6.67, -6), (0.0, 0)])
def test_percentages_round_towards_zero_but_move_at_least_one(change: float, expected: int) -> None:
    assert expected == round_percentage(change)


def test_a_second_breach_of_the_same_step_while_warming_adds_nothing() -> None:
    """User guide: capacity 10, +10 %: one starts; the metric rises within the step while it warms: still 11."""
    assert step_target(PERCENT, 10, capacity(10)) == 11
    assert step_target(PERCENT, 10, capacity(11, warm=10)) == 11


def test_a_larger_breach_while_warming_adds_only_the_difference() -> None:
    """User guide: 30 % of the ten warm ones are three, one of them warms already: two more, 13 in all."""
    assert step_target(PERCENT, 30, capacity(11, warm=10)) == 13


def test_scaling_in_waits_while_anything_warms_up() -> None:
    assert step_target(CHANGE, -2, capacity(5, warm=4)) == 5


def test_instances_that_are_terminating_count_when_scaling_in_again() -> None:
    assert step_target(CHANGE, -2, capacity(3, ending=2)) == 3
    assert step_target(CHANGE, -4, capacity(3, ending=2)) == 1


@pytest.mark.parametrize(("adjustment", "expected"), [(7, 7), (2, 2), (12, 10)])
def test_exact_capacity_is_set_within_the_bounds(adjustment: int, expected: int) -> None:
    assert expected == step_target(EXACT, adjustment, capacity(5, maximum=10))


def test_a_step_of_zero_changes_nothing() -> None:
    assert step_target(CHANGE, 0, capacity(4)) == 4


@pytest.mark.parametrize(("adjustment", "expected"), [(25, 6), (-25, 2)])
def test_a_percentage_moves_at_least_the_minimum_magnitude(adjustment: int, expected: int) -> None:
    """User guide: 25 % of four are one; a magnitude of two makes it two."""
    assert expected == changed("PercentChangeInCapacity", 4, adjustment, 2)


def test_a_simple_policy_counts_from_the_desired_capacity() -> None:
    assert simple_target(CHANGE | {"ScalingAdjustment": 2}, capacity(4, warm=0)) == 6
