"""Single checks against a fake account, where the local AWS cannot be made to be wrong."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from tools.smoke import doors, instances, pipeline, upkeep
from tools.smoke.fleet import Fleet
from tools.smoke.model import FailedError, NotTriedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ARN = "arn:aws:lambda:eu-west-1:111122223333:function"
NOW = 1_000_000_000.0
FIRST = {
    "Action": "lambda:InvokeFunctionUrl",
    "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}},
    "Effect": "Allow",
    "Principal": "*",
    "Resource": f"{ARN}:ci-webhook",
    "Sid": "FunctionURLAllowPublicAccess",
}
SECOND = {
    **FIRST,
    "Action": "lambda:InvokeFunction",
    "Condition": {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}},
    "Sid": "ThroughUrl",
}
OPEN = {**SECOND, "Condition": {}, "Sid": "Open"}


class NotFoundError(Exception):
    """What a client raises for what is not there."""


def missing(**_: object) -> Any:
    raise NotFoundError


def service(**calls: Callable[..., Any]) -> SimpleNamespace:
    errors = SimpleNamespace(ResourceNotFoundException=NotFoundError, NoSuchEntityException=NotFoundError)
    return SimpleNamespace(exceptions=errors, **calls)


def fleet(services: Mapping[str, Any], clock: Callable[[], float] = lambda: NOW) -> Fleet:
    return Fleet("ci", lambda name: services[name], clock=clock, sleep=lambda seconds: None)


def with_policy(*statements: dict[str, Any]) -> Fleet:
    calls = service(
        get_function_configuration=lambda FunctionName: {},  # noqa: N803 - boto3's
        get_function_url_config=lambda FunctionName: {"FunctionUrl": "https://x.example/"},  # noqa: N803 - boto3's
        get_policy=lambda **_: {"Policy": json.dumps({"Statement": statements})},
    )
    return fleet({"lambda": calls})


def test_both_permissions_of_a_url_are_enough() -> None:
    assert doors.webhook_permissions(with_policy(FIRST, SECOND))


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        pytest.param([FIRST], "InvokedViaFunctionUrl", id="the second is missing"),
        pytest.param([SECOND], "InvokeFunctionUrl", id="the first is missing"),
        pytest.param([FIRST, OPEN], "InvokedViaFunctionUrl", id="the second without its condition"),
        pytest.param([FIRST, SECOND, OPEN], "otherwise: Open", id="open in another way"),
        pytest.param([FIRST, {**SECOND, "Effect": "Deny"}], "InvokedViaFunctionUrl", id="denied"),
        pytest.param(
            [FIRST, {**SECOND, "Resource": f"{ARN}:ci-other"}], "InvokedViaFunctionUrl", id="another function"
        ),
    ],
)
def test_any_other_set_of_public_permissions_fails(statements: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(FailedError, match=words):
        doors.webhook_permissions(with_policy(*statements))


def test_a_fleet_without_a_webhook_url_is_not_blamed_for_it() -> None:
    calls = service(get_function_configuration=lambda FunctionName: {}, get_function_url_config=missing)  # noqa: N803
    with pytest.raises(NotTriedError, match="no function URL"):
        doors.webhook_permissions(fleet({"lambda": calls}))


@pytest.mark.parametrize("principal", ["AROAEXAMPLEOFADELETEDROLE", "arn:aws:iam::111122223333:role/other"])
def test_a_permission_for_another_principal_than_auto_scaling_fails(principal: str) -> None:
    statement = {**FIRST, "Principal": {"AWS": principal}, "Resource": f"{ARN}:ci-termination:live"}
    with pytest.raises(FailedError, match="does not name"):
        doors.termination_permission(with_policy(statement))


def sweep(expression: str, seconds_old: float = 86_400) -> SimpleNamespace:
    created = datetime.fromtimestamp(NOW - seconds_old, tz=UTC)
    return service(get_schedule=lambda **_: {"CreationDate": created, "ScheduleExpression": expression})


def observed(*seconds: float, seconds_old: float = 86_400) -> Fleet:
    moments = [datetime.fromtimestamp(NOW + at, tz=UTC) for at in seconds]
    answer = {"MetricDataResults": [{"Timestamps": moments, "Values": [1.0] * len(moments)}]}
    return fleet(
        {
            "cloudwatch": service(get_metric_data=lambda **_: answer),
            "scheduler": sweep("rate(1 hour)", seconds_old),
        }
    )


def test_metrics_at_whole_minutes_are_not_of_a_seconds_resolution() -> None:
    minute = -(NOW % 60)
    assert pipeline.published(observed(minute, minute - 61))
    with pytest.raises(FailedError, match="whole minutes"):
        pipeline.published(observed(minute, minute - 60))


def test_no_metric_where_a_sweep_promises_one_fails() -> None:
    with pytest.raises(FailedError, match="nothing in the last 70 minutes"):
        pipeline.published(observed())


def test_no_metric_yet_is_no_fault_of_a_new_fleet() -> None:
    with pytest.raises(NotTriedError, match="the fleet is new; try again in 69 minutes"):
        pipeline.published(observed(seconds_old=90))


@pytest.mark.parametrize(
    ("expression", "seconds"), [("rate(1 minute)", 660), ("rate(2 hours)", 7800), ("cron(0 21 * * ? *)", None)]
)
def test_how_old_an_observation_may_be_follows_from_the_sweep(expression: str, seconds: float | None) -> None:
    calls = service(get_schedule=lambda **_: {"ScheduleExpression": expression})
    assert pipeline.sweep_seconds(fleet({"scheduler": calls})) == seconds


def ticked(times: float, minutes_old: float) -> str:
    created = datetime.fromtimestamp(NOW - 60 * minutes_old, tz=UTC)
    answer = {"MetricDataResults": [{"Timestamps": [created], "Values": [times]}]}
    calls = {
        "cloudwatch": service(get_metric_data=lambda **_: answer),
        "scheduler": service(get_schedule=lambda **_: {"CreationDate": created}),
    }
    return pipeline.ticks(fleet(calls))


def test_a_schedule_that_starts_nothing_fails_once_the_fleet_is_not_new() -> None:
    assert ticked(9, minutes_old=600) == "9 starts in the last 10 minutes"
    with pytest.raises(FailedError, match="4 starts in the last 10 minutes"):
        ticked(4, minutes_old=600)
    with pytest.raises(NotTriedError, match="new"):
        ticked(0, minutes_old=2)


def test_an_old_state_fails() -> None:
    assert state(600) == "600 s old"
    with pytest.raises(FailedError, match="700 s old"):
        state(700)


def test_a_state_that_was_never_written_fails_once_the_fleet_is_not_new() -> None:
    with pytest.raises(FailedError, match="never written"):
        state(None, seconds_old=661)
    with pytest.raises(NotTriedError, match="not written its state yet: the fleet is new; try again in 10 minutes"):
        state(None, seconds_old=61)


def state(age: float | None, seconds_old: float = 86_400) -> str:
    """Check a fleet whose state was written so long ago, None = never."""
    item = {} if age is None else {"Item": {"written_at": {"N": str(NOW - age)}}}
    table = service(get_item=lambda **_: item)
    return pipeline.state(fleet({"dynamodb": table, "scheduler": sweep("rate(1 minute)", seconds_old)}))


def test_a_log_that_is_kept_for_ever_fails() -> None:
    group = {"logGroupName": "/aws/lambda/ci-scaler"}
    calls = service(describe_log_groups=lambda **_: {"logGroups": [group]})
    configured = service(get_function_configuration=lambda FunctionName: {})  # noqa: N803 - boto3's
    with pytest.raises(FailedError, match="kept for ever"):
        upkeep.logs(fleet({"lambda": configured, "logs": calls}))


class Group:
    """An Auto Scaling group whose instances come or do not."""

    def __init__(self, *, boots: bool = True, maximum: int = 2) -> None:
        self.boots = boots
        self.maximum = maximum
        self.desired = 0
        self.instances: list[dict[str, str]] = []
        self.terminated: list[str] = []

    def describe_auto_scaling_groups(self, **_: object) -> dict[str, Any]:
        described = {
            "AutoScalingGroupName": "ci-runners",
            "DesiredCapacity": self.desired,
            "Instances": list(self.instances),
            "MaxSize": self.maximum,
        }
        return {"AutoScalingGroups": [described]}

    def set_desired_capacity(self, DesiredCapacity: int, **_: object) -> None:  # noqa: N803 - boto3's
        self.desired = DesiredCapacity
        if self.boots and DesiredCapacity:
            self.instances.append({"InstanceId": "i-1", "LifecycleState": "InService"})

    def terminate_instance_in_auto_scaling_group(self, InstanceId: str, **options: object) -> None:  # noqa: N803 - boto3's
        assert options == {"ShouldDecrementDesiredCapacity": True}
        self.terminated.append(InstanceId)
        self.instances.clear()
        self.desired -= 1


def booted(group: Group) -> str:
    ticks = iter(range(0, 10_000, 100))
    return instances.boot(fleet({"autoscaling": group}, clock=lambda: float(next(ticks))))


def test_the_instance_that_was_booted_is_terminated() -> None:
    group = Group()
    assert "i-1 was in service" in booted(group)
    assert (group.terminated, group.desired) == (["i-1"], 0)


def test_a_boot_that_never_ends_leaves_the_capacity_as_it_was() -> None:
    group = Group(boots=False)
    with pytest.raises(FailedError, match="no new instance"):
        booted(group)
    assert group.desired == 0


def test_a_group_at_its_maximum_is_left_alone() -> None:
    group = Group(maximum=0)
    with pytest.raises(NotTriedError, match="maximum"):
        booted(group)
    assert group.desired == 0
