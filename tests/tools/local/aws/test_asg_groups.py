"""Groups: creating, changing, deleting, describing, and their desired capacity."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.tools.local.aws.fakes import ACCOUNT, FUNCTION, REGION, TERMINATING, World
from tools.local.aws.autoscaling.errors import (
    ActiveInstanceRefreshNotFoundError,
    AlreadyExistsError,
    InvalidActionError,
    ResourceInUseError,
    ScalingActivityInProgressError,
    ValidationError,
)
from tools.local.aws.autoscaling.model import Market

MIXED = {
    "InstancesDistribution": {"OnDemandBaseCapacity": 1, "OnDemandPercentageAboveBaseCapacity": 25},
    "LaunchTemplate": {
        "LaunchTemplateSpecification": {"LaunchTemplateName": "runner", "Version": "$Latest"},
        "Overrides": [{"InstanceType": "c5.large"}, {"InstanceType": "m5.large"}],
    },
}


def test_a_new_group_starts_its_desired_capacity_in_balance(world: World) -> None:
    world.create(desired=7)
    counts = Counter(instance.zone for instance in world.instances())
    assert sorted(counts.values()) == [2, 2, 3]


def test_desired_capacity_defaults_to_the_minimum(world: World) -> None:
    fields: dict[str, Any] = {"LaunchTemplate": {"LaunchTemplateId": "lt-1"}, "MinSize": 2, "MaxSize": 3}
    world.call("CreateAutoScalingGroup", AvailabilityZones=["us-east-1a"], **fields)
    assert world.desired() == 2


def test_describe_shows_what_aws_fills_in(world: World) -> None:
    world.create()
    group = world.group()
    expected = {
        "DefaultCooldown": 300,
        "HealthCheckType": "EC2",
        "TerminationPolicies": ["Default"],
        "AvailabilityZones": ["us-east-1a", "us-east-1b", "us-east-1c"],
        "LaunchTemplate": {"LaunchTemplateId": "lt-1", "LaunchTemplateName": "runner", "Version": "1"},
    }
    assert expected == {name: group[name] for name in expected}
    assert "DefaultInstanceWarmup" not in group


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param({"LaunchTemplate": {"LaunchTemplateId": "lt-9"}}, "lt-9", id="unknown template"),
        pytest.param({"VPCZoneIdentifier": "subnet-z"}, "subnet-z", id="unknown subnet"),
        pytest.param({"VPCZoneIdentifier": ""}, "Availability Zone", id="no zone"),
        pytest.param({"MinSize": 5, "MaxSize": 3}, "Max bound", id="bounds"),
        pytest.param({"DesiredCapacity": 11}, "Desired capacity:11", id="desired above max"),
        pytest.param({"TerminationPolicies": ["Random"]}, "Random", id="unknown policy"),
        pytest.param({"TerminationPolicies": ["Default", FUNCTION]}, "first", id="custom policy not first"),
        pytest.param({"TerminationPolicies": ["arn:x:$LATEST"]}, r"\$LATEST", id="custom policy unpinned"),
        pytest.param({"MixedInstancesPolicy": MIXED}, "Only one of", id="two launch sources"),
    ],
)
def test_a_wrong_group_is_refused(world: World, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        world.create(**fields)
    assert world.call("DescribeAutoScalingGroups", None)["AutoScalingGroups"] == []


def test_a_name_can_be_used_once_a_region(world: World) -> None:
    world.create()
    with pytest.raises(AlreadyExistsError):
        world.create()
    assert world.scaling.call(ACCOUNT, "eu-west-1", "DescribeAutoScalingGroups", {})["AutoScalingGroups"] == []


@pytest.mark.parametrize(("desired", "message"), [(11, "above max value 10"), (0, "below min value 1")])
def test_the_desired_capacity_stays_within_the_bounds(world: World, desired: int, message: str) -> None:
    world.create(desired=1, minimum=1)
    with pytest.raises(ValidationError, match=message):
        world.desire(desired)


def test_honor_cooldown_refuses_a_change_during_the_cooldown_only(world: World) -> None:
    world.create(DefaultCooldown=300)
    world.desire(1)
    with pytest.raises(ScalingActivityInProgressError):
        world.desire(2, HonorCooldown=True)
    world.desire(2)
    world.wait(300)
    world.desire(3, HonorCooldown=True)
    assert world.desired() == 3


def test_bounds_that_move_past_the_desired_capacity_take_it_along(world: World) -> None:
    world.create(desired=2)
    world.call("UpdateAutoScalingGroup", MinSize=4)
    assert world.desired() == 4
    world.call("UpdateAutoScalingGroup", MinSize=0, MaxSize=1)
    assert world.desired() == 1


def test_an_update_changes_only_what_it_names(world: World) -> None:
    world.create(HealthCheckGracePeriod=30)
    world.call("UpdateAutoScalingGroup", DefaultInstanceWarmup=120)
    group = world.group()
    assert (group["HealthCheckGracePeriod"], group["DefaultInstanceWarmup"]) == (30, 120)
    world.call("UpdateAutoScalingGroup", DefaultInstanceWarmup=-1)
    assert "DefaultInstanceWarmup" not in world.group()


def test_another_launch_source_replaces_the_first(world: World) -> None:
    world.create()
    world.call("UpdateAutoScalingGroup", MixedInstancesPolicy=MIXED)
    group = world.group()
    assert "LaunchTemplate" not in group
    assert group["MixedInstancesPolicy"]["InstancesDistribution"]["OnDemandPercentageAboveBaseCapacity"] == 25


def test_a_mixed_group_buys_its_base_and_share_on_demand_and_spreads_spot(world: World) -> None:
    fields: dict[str, Any] = {"MinSize": 0, "MaxSize": 10, "DesiredCapacity": 5, "VPCZoneIdentifier": "subnet-a"}
    world.call("CreateAutoScalingGroup", MixedInstancesPolicy=MIXED, **fields)
    instances = world.instances()
    assert sum(1 for instance in instances if instance.market is Market.ON_DEMAND) == 2
    spot = Counter(instance.instance_type for instance in instances if instance.market is Market.SPOT)
    assert spot == {"c5.large": 2, "m5.large": 1}


def test_a_spot_launch_template_starts_spot_instances(world: World) -> None:
    world.ec2.market = Market.SPOT
    world.create(desired=1)
    assert Market.SPOT is world.instances()[0].market


def test_a_group_with_instances_is_not_deleted_without_force(world: World) -> None:
    (only,) = world.serving(1)
    with pytest.raises(ResourceInUseError):
        world.call("DeleteAutoScalingGroup")
    world.terminate(only)
    with pytest.raises(ScalingActivityInProgressError):
        world.call("DeleteAutoScalingGroup")
    world.wait(1)
    world.call("DeleteAutoScalingGroup")
    assert world.call("DescribeAutoScalingGroups", None)["AutoScalingGroups"] == []


def test_deleting_by_force_takes_the_instances_along_without_their_hooks(world: World) -> None:
    world.serving(2)
    world.hook(TERMINATING)
    world.terminate(world.ids()[0])
    world.call("DeleteAutoScalingGroup", ForceDelete=True)
    assert world.group()["Status"] == "Delete in progress"
    world.wait(1)
    assert world.call("DescribeAutoScalingGroups", None)["AutoScalingGroups"] == []


def test_suspended_launches_start_nothing_until_they_are_resumed(world: World) -> None:
    world.create()
    world.call("SuspendProcesses", ScalingProcesses=["Launch"])
    world.desire(1)
    assert world.ids() == []
    assert [each["ProcessName"] for each in world.group()["SuspendedProcesses"]] == ["Launch"]
    world.call("ResumeProcesses")
    assert world.states() == ["Pending"]


def test_suspended_terminations_keep_the_instances(world: World) -> None:
    ids = world.serving(1)
    world.call("SuspendProcesses", ScalingProcesses=["Terminate"])
    world.desire(0)
    world.wait(60)
    assert ids == world.ids()


def test_an_unknown_process_is_refused(world: World) -> None:
    world.create()
    with pytest.raises(ValidationError, match="Dance"):
        world.call("SuspendProcesses", ScalingProcesses=["Dance"])


def test_groups_come_in_pages(world: World) -> None:
    for number in range(5):
        fields: dict[str, Any] = {"LaunchTemplate": {"LaunchTemplateId": "lt-1"}, "MinSize": 0, "MaxSize": 1}
        world.call("CreateAutoScalingGroup", f"g{number}", AvailabilityZones=["us-east-1a"], **fields)
    first = world.call("DescribeAutoScalingGroups", None, MaxRecords=3)
    second = world.call("DescribeAutoScalingGroups", None, MaxRecords=3, NextToken=first["NextToken"])
    named = [group["AutoScalingGroupName"] for page in (first, second) for group in page["AutoScalingGroups"]]
    assert [f"g{number}" for number in range(5)] == named
    assert "NextToken" not in second


def test_tags_can_be_set_filtered_and_removed(world: World) -> None:
    tag = {"Key": "team", "ResourceId": "fleet", "ResourceType": "auto-scaling-group", "Value": "ci"}
    world.create()
    world.call("CreateOrUpdateTags", None, Tags=[tag])
    filters = [{"Name": "tag:team", "Values": ["ci"]}]
    assert len(world.call("DescribeAutoScalingGroups", None, Filters=filters)["AutoScalingGroups"]) == 1
    assert world.call("DescribeTags", None)["Tags"][0]["Value"] == "ci"
    world.call("DeleteTags", None, Tags=[tag])
    assert world.call("DescribeTags", None)["Tags"] == []


def test_an_action_that_is_not_emulated_says_so(world: World) -> None:
    with pytest.raises(InvalidActionError, match="PutScheduledUpdateGroupAction"):
        world.scaling.call(ACCOUNT, REGION, "PutScheduledUpdateGroupAction", {})


def test_activities_tell_what_happened_and_why(world: World) -> None:
    (only,) = world.serving(1)
    world.desire(0)
    world.wait(1)
    ended, started = world.activities()
    assert f"Terminating EC2 instance: {only}" == ended["Description"]
    assert "changing the desired capacity from 1 to 0" in ended["Cause"]
    assert "shrinking the capacity from 1 to 0" in ended["Cause"]
    assert (ended["StatusCode"], started["StatusCode"]) == ("Successful", "Successful")
    assert "increasing the capacity from 0 to 1" in started["Cause"]


def test_a_launch_template_that_is_gone_is_a_failed_activity_not_a_silence(world: World) -> None:
    world.create()
    world.group()["LaunchTemplate"]["LaunchTemplateId"] = "lt-gone"
    world.desire(1)
    world.wait(60)
    assert world.activities()[0]["StatusCode"] == "Failed"
    assert len(world.activities()) == 1


def test_a_warm_pool_can_be_put_described_and_deleted(world: World) -> None:
    world.create()
    world.call("PutWarmPool", MinSize=1)
    assert world.call("DescribeWarmPool")["WarmPoolConfiguration"]["PoolState"] == "Stopped"
    world.call("DeleteWarmPool")
    assert "WarmPoolConfiguration" not in world.call("DescribeWarmPool")


def test_an_instance_refresh_is_a_record_and_replaces_nothing(world: World) -> None:
    world.create(desired=1)
    before = world.ids()
    first = world.call("StartInstanceRefresh", Strategy="Rolling")["InstanceRefreshId"]
    second = world.call("StartInstanceRefresh")["InstanceRefreshId"]
    shown = world.call("DescribeInstanceRefreshes")["InstanceRefreshes"]
    assert [(each["InstanceRefreshId"], each["Status"]) for each in shown] == [
        (second, "Successful"),
        (first, "Successful"),
    ]
    assert len(world.call("DescribeInstanceRefreshes", InstanceRefreshIds=[first])["InstanceRefreshes"]) == 1
    with pytest.raises(ActiveInstanceRefreshNotFoundError):
        world.call("CancelInstanceRefresh")
    assert world.ids() == before
