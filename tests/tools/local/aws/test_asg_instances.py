"""Actions on single instances."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tools.local.aws.autoscaling.errors import ScalingActivityInProgressError, ValidationError

if TYPE_CHECKING:
    from tests.tools.local.aws.fakes import World


def test_instance_ids_look_like_ec2s(world: World) -> None:
    world.create(desired=3)
    assert all(re.fullmatch(r"i-[0-9a-f]{17}", each) for each in world.ids())


def test_terminating_with_decrement_removes_that_instance_and_no_other_comes(world: World) -> None:
    ids = world.serving(3)
    activity = world.terminate(ids[1])["Activity"]
    assert f"Terminating EC2 instance: {ids[1]}" == activity["Description"]
    world.wait(30)
    assert [ids[0], ids[2]] == world.ids()
    assert world.desired() == 2


def test_terminating_without_decrement_starts_a_replacement(world: World) -> None:
    (only,) = world.serving(1)
    world.terminate(only, decrement=False)
    world.wait(10)
    assert world.desired() == 1
    assert only not in world.ids()
    assert world.states() == ["InService"]


def test_terminating_below_the_minimum_is_refused(world: World) -> None:
    (only,) = world.serving(1)
    world.call("UpdateAutoScalingGroup", MinSize=1)
    with pytest.raises(ValidationError, match=r"desiredSize equals minSize \(1\)"):
        world.terminate(only)
    assert world.states() == ["InService"]


def test_an_instance_nobody_manages_is_named(world: World) -> None:
    with pytest.raises(ValidationError, match="i-0123456789abcdef0"):
        world.terminate("i-0123456789abcdef0")


def test_an_instance_is_terminated_once(world: World) -> None:
    ids = world.serving(2)
    world.terminate(ids[0])
    with pytest.raises(ScalingActivityInProgressError):
        world.terminate(ids[0])
    assert world.desired() == 1


def test_scale_in_protection_does_not_stop_a_person(world: World) -> None:
    (only,) = world.serving(1, NewInstancesProtectedFromScaleIn=True)
    world.terminate(only)
    world.wait(1)
    assert world.ids() == []


def test_a_booting_instance_can_be_terminated_and_its_launch_is_cancelled(world: World) -> None:
    world.create(desired=1)
    world.terminate(world.ids()[0])
    world.wait(1)
    assert world.ids() == []
    assert world.activities()[1]["StatusCode"] == "Cancelled"


def test_protection_is_shown_and_needs_a_member(world: World) -> None:
    (only,) = world.serving(1)
    world.call("SetInstanceProtection", InstanceIds=[only], ProtectedFromScaleIn=True)
    assert world.group()["Instances"][0]["ProtectedFromScaleIn"]
    with pytest.raises(ValidationError, match="not part of"):
        world.call("SetInstanceProtection", InstanceIds=["i-other"], ProtectedFromScaleIn=True)


def test_an_instance_in_standby_is_replaced_unless_the_capacity_shrinks_with_it(world: World) -> None:
    ids = world.serving(2)
    world.call("EnterStandby", InstanceIds=[ids[0]], ShouldDecrementDesiredCapacity=True)
    assert world.states() == ["Standby", "InService"]
    assert world.desired() == 1
    world.call("ExitStandby", InstanceIds=[ids[0]])
    assert world.states() == ["InService", "InService"]
    world.call("EnterStandby", InstanceIds=[ids[1]], ShouldDecrementDesiredCapacity=False)
    assert world.states() == ["InService", "Standby", "Pending"]


def test_standby_keeps_to_the_minimum(world: World) -> None:
    (only,) = world.serving(1)
    world.call("UpdateAutoScalingGroup", MinSize=1)
    with pytest.raises(ValidationError, match="min-size=1"):
        world.call("EnterStandby", InstanceIds=[only], ShouldDecrementDesiredCapacity=True)


def test_an_unhealthy_instance_is_replaced(world: World) -> None:
    (only,) = world.serving(1)
    world.call("SetInstanceHealth", None, InstanceId=only, HealthStatus="Unhealthy")
    world.wait(10)
    assert only not in world.ids()
    assert world.states() == ["InService"]


def test_instances_are_described_with_their_group(world: World) -> None:
    (only,) = world.serving(1)
    (shown,) = world.call("DescribeAutoScalingInstances", None, InstanceIds=[only, "i-other"])["AutoScalingInstances"]
    assert ("fleet", only, "InService") == (
        shown["AutoScalingGroupName"],
        shown["InstanceId"],
        shown["LifecycleState"],
    )
