"""The Query protocol around the Auto Scaling emulator, as a client sees it."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.parsers import QueryParser
from botocore.serialize import QuerySerializer

from tests.tools.local.aws.fakes import ACCOUNT, REGION, World
from tools.local.aws.autoscaling_service import AutoScalingService
from tools.local.aws.query import QueryError, QueryModelError, QueryService

SERVICE = QueryService("autoscaling")


def request(world: World, form: dict[str, str]) -> tuple[int, str]:
    status, _, body = AutoScalingService(world.scaling, SERVICE).answer(ACCOUNT, REGION, urlencode(form).encode(), {})
    return status, body.decode()


def serialized(action: str, parameters: dict[str, Any]) -> dict[str, str]:
    """Return a request's form as boto3 makes it."""
    made = QuerySerializer().serialize_to_request(parameters, SERVICE.model.operation_model(action))
    body: dict[str, Any] = made["body"]
    return {str(name): str(value) for name, value in body.items()}


@pytest.mark.parametrize(
    ("action", "parameters"),
    [
        pytest.param(
            "SetDesiredCapacity",
            {"AutoScalingGroupName": "f", "DesiredCapacity": 3, "HonorCooldown": True},
            id="scalars",
        ),
        pytest.param(
            "PutScalingPolicy",
            {
                "AutoScalingGroupName": "f",
                "PolicyName": "p",
                "StepAdjustments": [
                    {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 1.5, "ScalingAdjustment": 1},
                    {"MetricIntervalLowerBound": 1.5, "ScalingAdjustment": -2},
                ],
            },
            id="a list of structures",
        ),
        pytest.param(
            "UpdateAutoScalingGroup", {"AutoScalingGroupName": "f", "TerminationPolicies": []}, id="an empty list"
        ),
        pytest.param(
            "CreateOrUpdateTags",
            {"Tags": [{"ResourceId": "f", "Key": "a&b=c", "Value": "ü", "PropagateAtLaunch": False}]},
            id="special characters",
        ),
    ],
)
def test_what_boto3_writes_is_what_is_read(action: str, parameters: dict[str, Any]) -> None:
    assert (action, parameters) == SERVICE.parse(serialized(action, parameters))


@pytest.mark.parametrize(
    ("form", "code", "message"),
    [
        pytest.param({"Action": "Dance"}, "InvalidAction", "Dance", id="unknown action"),
        pytest.param({}, "InvalidAction", "not valid", id="no action"),
        pytest.param(
            {"Action": "SetDesiredCapacity", "AutoScalingGroupName": "f", "DesiredCapacity": "1", "Colour": "red"},
            "ValidationError",
            "Colour",
            id="unknown parameter",
        ),
        pytest.param(
            {"Action": "SetDesiredCapacity", "AutoScalingGroupName": "f", "DesiredCapacity": "many"},
            "ValidationError",
            "many",
            id="wrong type",
        ),
        pytest.param(
            {"Action": "SetDesiredCapacity", "AutoScalingGroupName": "f"},
            "ValidationError",
            "Value null at 'desiredCapacity' failed to satisfy constraint: Member must not be null",
            id="missing",
        ),
        pytest.param(
            {"Action": "DescribeWarmPool", "AutoScalingGroupName": ""},
            "ValidationError",
            "length greater than or equal to 1",
            id="too short",
        ),
        pytest.param(
            {"Action": "PutWarmPool", "AutoScalingGroupName": "f", "PoolState": "Hot"},
            "ValidationError",
            "enum value set",
            id="not in the enum",
        ),
        pytest.param(
            {"Action": "PutLifecycleHook", "AutoScalingGroupName": "f", "LifecycleHookName": "a b"},
            "ValidationError",
            "regular expression",
            id="pattern",
        ),
    ],
)
def test_a_request_that_breaks_the_model_is_refused_by_name(form: dict[str, str], code: str, message: str) -> None:
    with pytest.raises(QueryError) as refused:
        SERVICE.parse(form)
    assert code == refused.value.code
    assert message in refused.value.message


def test_an_answer_reads_back_as_it_was_meant(world: World) -> None:
    world.create(desired=2, maximum=4)
    _, text = request(world, {"Action": "DescribeAutoScalingGroups"})
    shape = SERVICE.model.operation_model("DescribeAutoScalingGroups").output_shape
    assert shape is not None
    parsed = QueryParser().parse({"body": text.encode(), "headers": {}, "status_code": 200}, shape)
    (group,) = parsed["AutoScalingGroups"]
    assert (
        group["AutoScalingGroupName"],
        group["MinSize"],
        group["MaxSize"],
        group["DesiredCapacity"],
    ) == ("fleet", 0, 4, 2)
    assert dt.timedelta(0) == group["CreatedTime"].utcoffset()
    assert [instance["LifecycleState"] for instance in group["Instances"]] == ["Pending", "Pending"]


def test_an_error_carries_its_code_and_status(world: World) -> None:
    world.create(desired=1)
    status, text = request(world, {"Action": "DeleteAutoScalingGroup", "AutoScalingGroupName": "fleet"})
    assert status == 400
    assert "<Code>ResourceInUse</Code>" in text


def test_an_answer_that_does_not_fit_the_model_never_leaves() -> None:
    with pytest.raises(QueryModelError, match="Activities"):
        SERVICE.answer("DescribeScalingActivities", {"Activities": [{"StatusCode": "Successful"}]}, "id")


def test_text_is_escaped() -> None:
    answer = SERVICE.answer("DescribeAdjustmentTypes", {"AdjustmentTypes": [{"AdjustmentType": "<&>"}]}, "id")
    assert b"&lt;&amp;&gt;" in answer
