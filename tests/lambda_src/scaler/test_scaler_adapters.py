"""The group and the metrics, against botocore's own models of requests and answers."""

from __future__ import annotations

from typing import Any

import pytest

from scaler.autoscaling import AutoScalingGroup
from scaler.capacity import Group, Instance, Phase
from scaler.cloudwatch import Metrics
from scaler.errors import GroupError, PublishError
from scaler.metrics import Figure
from scaler.outcome import Outcome


def described(*states: str, protected: bool = False) -> dict[str, Any]:
    instances = [
        {
            "InstanceId": f"i-{number:017x}",
            "LifecycleState": state,
            "ProtectedFromScaleIn": protected,
            "AvailabilityZone": "us-east-1a",
            "HealthStatus": "Healthy",
        }
        for number, state in enumerate(states)
    ]
    return {
        "AutoScalingGroups": [
            {
                "AutoScalingGroupName": "fleet",
                "MinSize": 1,
                "MaxSize": 9,
                "DesiredCapacity": 3,
                "DefaultCooldown": 0,
                "AvailabilityZones": ["us-east-1a"],
                "HealthCheckType": "EC2",
                "CreatedTime": "2026-11-22T00:00:00Z",
                "Instances": instances,
            }
        ]
    }


@pytest.mark.parametrize(
    ("lifecycle_state", "phase"),
    [
        ("Pending", Phase.BOOTING),
        ("Pending:Wait", Phase.BOOTING),
        ("Pending:Proceed", Phase.BOOTING),
        ("InService", Phase.IN_SERVICE),
        ("Terminating", Phase.TERMINATING),
        ("Terminating:Wait", Phase.TERMINATING),
        ("Detaching", Phase.TERMINATING),
        ("EnteringStandby", Phase.STANDBY),
        ("Standby", Phase.STANDBY),
        ("Warmed:Stopped", Phase.WARM),
    ],
)
def test_lifecycle_states_become_phases(stubbed: Any, lifecycle_state: str, phase: Phase) -> None:
    client, stubber = stubbed("autoscaling")
    stubber.add_response(
        "describe_auto_scaling_groups", described(lifecycle_state, protected=True), {"AutoScalingGroupNames": ["fleet"]}
    )
    group = AutoScalingGroup(lambda: client, "fleet").describe()
    assert group == Group(1, 9, 3, (Instance("i-00000000000000000", phase, is_protected=True),))


def test_a_group_that_does_not_exist_is_missing(stubbed: Any) -> None:
    client, stubber = stubbed("autoscaling")
    stubber.add_response("describe_auto_scaling_groups", {"AutoScalingGroups": []})
    with pytest.raises(GroupError, match="the group fleet does not exist") as caught:
        AutoScalingGroup(lambda: client, "fleet").describe()
    assert caught.value.outcome is Outcome.GROUP_MISSING


def test_a_group_that_cannot_be_described_is_unknown(stubbed: Any) -> None:
    client, stubber = stubbed("autoscaling")
    stubber.add_client_error("describe_auto_scaling_groups", "Throttling", "Rate exceeded")
    with pytest.raises(GroupError, match="Rate exceeded") as caught:
        AutoScalingGroup(lambda: client, "fleet").describe()
    assert caught.value.outcome is Outcome.GROUP_FAILED


def test_a_replaced_instance_leaves_the_capacity_as_it_is(stubbed: Any) -> None:
    client, stubber = stubbed("autoscaling")
    expected = {"InstanceId": "i-1", "ShouldDecrementDesiredCapacity": False}
    stubber.add_response("terminate_instance_in_auto_scaling_group", {}, expected)
    AutoScalingGroup(lambda: client, "fleet").replace("i-1")


def test_the_capacity_is_set_without_cooldown(stubbed: Any) -> None:
    client, stubber = stubbed("autoscaling")
    expected = {"AutoScalingGroupName": "fleet", "DesiredCapacity": 4, "HonorCooldown": False}
    stubber.add_response("set_desired_capacity", {}, expected)
    AutoScalingGroup(lambda: client, "fleet").set_desired(4)


def test_an_instance_is_removed_with_its_place(stubbed: Any) -> None:
    client, stubber = stubbed("autoscaling")
    expected = {"InstanceId": "i-1234567890abcdef0", "ShouldDecrementDesiredCapacity": True}
    stubber.add_response("terminate_instance_in_auto_scaling_group", {}, expected)
    AutoScalingGroup(lambda: client, "fleet").terminate("i-1234567890abcdef0")


@pytest.mark.parametrize(
    ("code", "message", "outcome"),
    [
        ("ScalingActivityInProgress", "Scaling activity is in progress", Outcome.ACTIVITY_IN_PROGRESS),
        ("ResourceContention", "There is contention", Outcome.ACTIVITY_IN_PROGRESS),
        ("ValidationError", "AutoScalingGroup name not found - no such group: fleet", Outcome.GROUP_MISSING),
        ("ValidationError", "New SetDesiredCapacity value 5 is above max value 3", Outcome.DESIRED_CHANGED_MEANWHILE),
        ("AccessDenied", "not authorized", Outcome.GROUP_FAILED),
    ],
)
def test_a_refused_capacity_is_named(stubbed: Any, code: str, message: str, outcome: Outcome) -> None:
    client, stubber = stubbed("autoscaling")
    stubber.add_client_error("set_desired_capacity", code, message)
    with pytest.raises(GroupError, match="the desired capacity 5 was not set") as caught:
        AutoScalingGroup(lambda: client, "fleet").set_desired(5)
    assert caught.value.outcome is outcome


@pytest.mark.parametrize(
    ("message", "outcome"),
    [
        ("Instance Id not found - No managed instance found for instance ID: i-1", Outcome.INSTANCE_GONE),
        ("Instance i-1 is already terminating", Outcome.INSTANCE_GONE),
        ("Currently, desiredSize equals minSize (1). Terminating instance", Outcome.DESIRED_CHANGED_MEANWHILE),
    ],
)
def test_a_refused_removal_is_named(stubbed: Any, message: str, outcome: Outcome) -> None:
    client, stubber = stubbed("autoscaling")
    stubber.add_client_error("terminate_instance_in_auto_scaling_group", "ValidationError", message)
    with pytest.raises(GroupError, match="was not removed") as caught:
        AutoScalingGroup(lambda: client, "fleet").terminate("i-1234567890abcdef0")
    assert caught.value.outcome is outcome


def test_metrics_go_out_in_one_call_with_a_resolution_of_a_second(stubbed: Any) -> None:
    client, stubber = stubbed("cloudwatch")
    expected = {
        "Namespace": "GitLabRunnerFleet",
        "MetricData": [
            {
                "MetricName": name,
                "Dimensions": [{"Name": "Fleet", "Value": "blue"}],
                "Value": value,
                "Unit": unit,
                "StorageResolution": 1,
            }
            for name, value, unit in (("PendingJobs", 3, "Count"), ("SnapshotSeconds", 0.5, "Seconds"))
        ],
    }
    stubber.add_response("put_metric_data", {}, expected)
    figures = (Figure("PendingJobs", 3), Figure("SnapshotSeconds", 0.5, "Seconds"))
    Metrics(lambda: client, "blue").publish(figures)


def test_metrics_that_cannot_be_published_are_said(stubbed: Any) -> None:
    client, stubber = stubbed("cloudwatch")
    stubber.add_client_error("put_metric_data", "Throttling", "Rate exceeded")
    with pytest.raises(PublishError, match="Rate exceeded"):
        Metrics(lambda: client, "blue").publish((Figure("PendingJobs", 3),))
