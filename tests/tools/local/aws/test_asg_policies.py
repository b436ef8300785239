"""Scaling policies, run by alarms and by people."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.local.aws.fakes import ACCOUNT, World
from tools.local.aws.alarm_watch import Alarming, AlarmWatch
from tools.local.aws.autoscaling.errors import ScalingActivityInProgressError, ValidationError

PROPORTIONAL = [
    {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 1.0, "ScalingAdjustment": 1},
    {"MetricIntervalLowerBound": 1.0, "MetricIntervalUpperBound": 2.0, "ScalingAdjustment": 2},
    {"MetricIntervalLowerBound": 2.0, "ScalingAdjustment": 5},
]


def step_policy(world: World, **fields: Any) -> str:
    given: dict[str, Any] = {
        "AdjustmentType": "ChangeInCapacity",
        "EstimatedInstanceWarmup": 60,
        "StepAdjustments": PROPORTIONAL,
    }
    answer = world.call("PutScalingPolicy", PolicyName="out", PolicyType="StepScaling", **(given | fields))
    return str(answer["PolicyARN"])


def alarm(world: World, arn: str, breach: float) -> None:
    world.scaling.alarm(ACCOUNT, arn, breach, "shortfall")


@pytest.mark.parametrize(("breach", "expected"), [(0.0, 1), (1.5, 2), (40.0, 5), (-1.0, 0)])
def test_an_alarm_scales_by_the_size_of_its_breach(world: World, breach: float, expected: int) -> None:
    world.create()
    alarm(world, step_policy(world), breach)
    assert expected == world.desired()


def test_the_same_breach_while_instances_warm_up_adds_nothing_more(world: World) -> None:
    world.create()
    arn = step_policy(world)
    for seconds in (0, 30, 30):
        world.wait(seconds)
        alarm(world, arn, 1.0)
    assert world.desired() == 2
    world.wait(10)
    alarm(world, arn, 1.0)
    assert world.desired() == 4


def test_warming_up_ends_so_long_after_the_instance_is_in_service(world: World) -> None:
    world.create()
    arn = step_policy(world)
    alarm(world, arn, 0.0)
    world.wait(69.9)
    alarm(world, arn, 0.0)
    assert world.desired() == 1
    world.wait(0.1)
    alarm(world, arn, 0.0)
    assert world.desired() == 2


def test_without_a_warm_up_of_its_own_a_policy_takes_the_groups(world: World) -> None:
    world.create(DefaultInstanceWarmup=0)
    world.call(
        "PutScalingPolicy",
        PolicyName="out",
        PolicyType="StepScaling",
        AdjustmentType="ChangeInCapacity",
        StepAdjustments=PROPORTIONAL,
    )
    (policy,) = world.call("DescribePolicies")["ScalingPolicies"]
    alarm(world, policy["PolicyARN"], 0.0)
    world.wait(10)
    alarm(world, policy["PolicyARN"], 0.0)
    assert world.desired() == 2


def test_a_policy_never_leaves_the_bounds(world: World) -> None:
    world.create(maximum=3)
    alarm(world, step_policy(world), 100.0)
    assert world.desired() == 3


def test_suspended_alarm_notifications_run_nothing(world: World) -> None:
    world.create()
    arn = step_policy(world)
    world.call("SuspendProcesses", ScalingProcesses=["AlarmNotification"])
    alarm(world, arn, 5.0)
    assert world.desired() == 0


def test_a_disabled_policy_does_not_run(world: World) -> None:
    world.create()
    alarm(world, step_policy(world, Enabled=False), 5.0)
    assert world.desired() == 0


def test_a_policy_put_again_keeps_its_arn(world: World) -> None:
    world.create()
    assert step_policy(world) == step_policy(world, EstimatedInstanceWarmup=5)


def test_a_deleted_policy_is_gone_and_its_alarm_does_nothing(world: World) -> None:
    world.create()
    arn = step_policy(world)
    world.call("DeletePolicy", None, PolicyName=arn)
    alarm(world, arn, 5.0)
    assert world.desired() == 0
    assert world.call("DescribePolicies")["ScalingPolicies"] == []


def test_a_person_runs_a_step_policy_with_a_metric_value(world: World) -> None:
    world.create()
    step_policy(world)
    world.call("ExecutePolicy", PolicyName="out", MetricValue=2.5, BreachThreshold=1.0)
    assert world.desired() == 2
    with pytest.raises(ValidationError, match="MetricValue"):
        world.call("ExecutePolicy", PolicyName="out")


def test_a_simple_policy_keeps_its_cooldown(world: World) -> None:
    world.create()
    fields: dict[str, Any] = {"AdjustmentType": "ChangeInCapacity", "ScalingAdjustment": 1, "Cooldown": 100}
    arn = world.call("PutScalingPolicy", PolicyName="one", **fields)["PolicyARN"]
    alarm(world, arn, 1.0)
    alarm(world, arn, 1.0)
    assert world.desired() == 1
    with pytest.raises(ScalingActivityInProgressError):
        world.call("ExecutePolicy", PolicyName="one", HonorCooldown=True)
    world.wait(100)
    alarm(world, arn, 1.0)
    assert world.desired() == 2


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param({"AdjustmentType": "Some"}, "AdjustmentType", id="adjustment type"),
        pytest.param({"StepAdjustments": []}, "At least one", id="no steps"),
        pytest.param({"Cooldown": 5}, "Cooldown", id="a cooldown"),
        pytest.param({"StepAdjustments": [PROPORTIONAL[0], PROPORTIONAL[2]]}, "gap", id="a gap"),
        pytest.param({"StepAdjustments": [*PROPORTIONAL, PROPORTIONAL[1]]}, "overlap", id="an overlap"),
    ],
)
def test_a_wrong_policy_is_refused(world: World, fields: dict[str, Any], message: str) -> None:
    world.create()
    with pytest.raises(ValidationError, match=message):
        step_policy(world, **fields)


def test_a_kind_of_policy_that_is_not_run_is_refused_not_ignored(world: World) -> None:
    world.create()
    with pytest.raises(ValidationError, match="TargetTrackingScaling"):
        world.call("PutScalingPolicy", PolicyName="t", PolicyType="TargetTrackingScaling")


def test_an_alarm_runs_its_policy_at_once_and_each_minute_while_it_lasts(world: World) -> None:
    world.create()
    arn = step_policy(world, EstimatedInstanceWarmup=0)
    alarming = [Alarming(ACCOUNT, "shortfall", arn, 0.0, since=1.0)]
    watch = AlarmWatch(world.scaling, world.clock, lambda: alarming)
    seen = []
    for seconds in (0, 1, 58, 1, 60):
        world.wait(seconds)
        watch.run()
        seen.append(world.desired())
    assert seen == [1, 1, 1, 2, 3]


def test_an_alarm_that_recovered_and_came_back_runs_at_once(world: World) -> None:
    world.create()
    arn = step_policy(world, EstimatedInstanceWarmup=0)
    alarming = [Alarming(ACCOUNT, "shortfall", arn, 0.0, since=1.0)]
    watch = AlarmWatch(world.scaling, world.clock, lambda: alarming)
    watch.run()
    world.wait(15)
    alarming[0] = Alarming(ACCOUNT, "shortfall", arn, 0.0, since=16.0)
    watch.run()
    assert world.desired() == 2
