"""One test for every correction of MiniStack, against the running server."""

from __future__ import annotations

import contextlib
import inspect
import json
import re
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.tools.local.aws.stack import (
    Stack,
    denied,
    eventually,
    permit_url,
    post,
    put_alarm,
    put_metric,
    running,
    user,
)
from tools.local.aws import corrections

pytestmark = pytest.mark.e2e


def test_a_burst_of_calls_is_answered_whole_by_a_bounded_number_of_workers(stack: Stack) -> None:
    """Correction: workers_are_bounded."""
    stack.function("burst", "echo")
    url = permit_url(stack, "burst")
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: post(url), range(100)))
    assert {202} == {status for status, _ in answers}
    assert 1 <= len({answer["seen"]["pid"] for _, answer in answers}) <= 4


def test_a_public_url_without_its_permissions_is_forbidden(stack: Stack) -> None:
    """Correction: function_urls_need_permission."""
    stack.function("closed", "echo")
    made = stack.client("lambda").create_function_url_config(FunctionName="closed", AuthType="NONE")
    url_id = made["FunctionUrl"].removeprefix("https://").partition(".")[0]
    assert post(f"{stack.endpoint}/_url/{url_id}/")[0] == 403


def test_a_function_called_through_an_aliass_url_sees_the_alias(stack: Stack) -> None:
    """Correction: function_urls_name_their_alias."""
    arn = str(stack.function("doors", "door", Publish=True)["FunctionArn"]).removesuffix(":1")
    client = stack.client("lambda")
    seen = {"": post(f"{permit_url(stack, 'doors')}/")[1]}
    for alias in ("jobs", "hosts"):
        client.create_alias(FunctionName="doors", FunctionVersion="1", Name=alias)
        seen[alias] = post(f"{permit_url(stack, 'doors', alias)}/")[1]
    assert seen == {"": arn, "jobs": f"{arn}:jobs", "hosts": f"{arn}:hosts"}
    invoked = client.invoke(FunctionName="doors", Payload=b"{}", Qualifier="hosts")["Payload"].read()
    assert json.loads(json.loads(invoked)["body"]) == f"{arn}:hosts"


def test_boto3s_metrics_arrive(stack: Stack) -> None:
    """Correction: cbor_is_spoken."""
    client = stack.client("cloudwatch")
    client.put_metric_data(Namespace="Arrive", MetricData=[{"MetricName": "m", "Value": 3.0, "StorageResolution": 1}])
    assert client.list_metrics(Namespace="Arrive")["Metrics"][0]["MetricName"] == "m"


def test_an_alarm_looks_at_its_own_dimensions_only(stack: Stack) -> None:
    """Correction: alarms_follow_cloudwatch."""
    put_alarm(stack, "mine")
    put_metric(stack, "mine", "b", 9.0)
    client = stack.client("cloudwatch")

    def state() -> str:
        return str(client.describe_alarms(AlarmNames=["mine"])["MetricAlarms"][0]["StateValue"])

    eventually(lambda: state() == "OK", 3)
    put_metric(stack, "mine", "a", 9.0)
    eventually(lambda: state() == "ALARM", 3)


def test_alarms_are_described_in_full_in_the_query_protocol(stack: Stack) -> None:
    """Correction: alarms_are_described_in_full."""
    put_alarm(stack, "full", AlarmDescription="a & b")
    body = b"Action=DescribeAlarms&Version=2010-08-01&AlarmNames.member.1=full"
    headers = {
        "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/monitoring/aws4_request, "
        "SignedHeaders=host, Signature=0",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    request = urllib.request.Request(stack.endpoint, data=body, headers=headers)
    with urllib.request.urlopen(request, timeout=5) as response:
        text = response.read().decode()
    for part in ("<Period>10</Period>", "<Statistic>Maximum</Statistic>", "a &amp; b", "<Value>a</Value>"):
        assert part in text


def test_launch_templates_keep_everything(stack: Stack) -> None:
    """Correction: launch_templates_keep_everything."""
    data = {
        "InstanceMarketOptions": {"MarketType": "spot"},
        "NetworkInterfaces": [{"AssociatePublicIpAddress": True, "Groups": ["sg-1"]}],
    }
    client = stack.client("ec2")
    made = client.create_launch_template(LaunchTemplateName="whole", LaunchTemplateData=data)["LaunchTemplate"]
    versions = client.describe_launch_template_versions(LaunchTemplateId=made["LaunchTemplateId"])
    assert data.items() <= versions["LaunchTemplateVersions"][0]["LaunchTemplateData"].items()


def test_an_event_age_that_was_not_given_is_not_answered(stack: Stack) -> None:
    """Correction: event_age_is_not_invented."""
    stack.function("aged", "echo")
    client = stack.client("lambda")
    client.put_function_event_invoke_config(FunctionName="aged", MaximumRetryAttempts=0)
    assert "MaximumEventAgeInSeconds" not in client.get_function_event_invoke_config(FunctionName="aged")


def test_calls_are_counted(stack: Stack) -> None:
    """Correction: calls_are_seen."""
    stack.local("DELETE", "stats")
    stack.client("sts").get_caller_identity()
    with contextlib.suppress(ClientError):
        stack.client("ssm").get_parameter(Name="/none")
    assert stack.local("GET", "stats") == {"sts.GetCallerIdentity": 1, "ssm.GetParameter": 1}


def test_iam_conditions_are_evaluated_on_the_request(tmp_path: Path) -> None:
    """Correction: condition_keys_are_known."""
    with running(tmp_path, "--auth") as stack:
        fleet = [{"Key": "Fleet", "Value": "a"}]
        stack.group("tagged", DesiredCapacity=1, Tags=fleet)
        stack.group("other", DesiredCapacity=1)
        allow = {"Effect": "Allow", "Resource": "*"}
        scaling = allow | {"Condition": {"StringEquals": {"aws:ResourceTag/Fleet": "a"}}}
        metrics = allow | {"Condition": {"StringEquals": {"cloudwatch:namespace": "Fleet"}}}
        key = user(
            stack,
            "scaler",
            scaling | {"Action": ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"]},
            metrics | {"Action": "cloudwatch:PutMetricData"},
        )
        autoscaling, cloudwatch = stack.client("autoscaling", *key), stack.client("cloudwatch", *key)
        ids = {name: stack.described(name)["Instances"][0]["InstanceId"] for name in ("tagged", "other")}
        one = {"MetricData": [{"MetricName": "m", "Value": 1.0}]}
        decrement = {"ShouldDecrementDesiredCapacity": True}
        end = autoscaling.terminate_instance_in_auto_scaling_group
        answers = [
            denied(autoscaling.set_desired_capacity, AutoScalingGroupName="tagged", DesiredCapacity=2),
            denied(autoscaling.set_desired_capacity, AutoScalingGroupName="other", DesiredCapacity=2),
            denied(end, InstanceId=ids["tagged"], **decrement),
            denied(end, InstanceId=ids["other"], **decrement),
            denied(cloudwatch.put_metric_data, Namespace="Fleet", **one),
            denied(cloudwatch.put_metric_data, Namespace="Other", **one),
            denied(autoscaling.describe_auto_scaling_groups),
        ]
    assert answers == [False, True, False, True, False, True, True]


def test_a_reset_forgets_groups_too(tmp_path: Path) -> None:
    """Correction: reset_forgets_groups."""
    with running(tmp_path) as stack:
        stack.group("forgotten", DesiredCapacity=1)
        with urllib.request.urlopen(f"{stack.endpoint}/_ministack/reset", data=b"", timeout=5):
            assert stack.local("GET", "instances") == {"instances": []}


def test_every_correction_has_a_test_that_names_it() -> None:
    tested = Path(__file__).read_text(encoding="utf-8")
    body = inspect.getsource(corrections.install)
    names = re.findall(r"^    (\w+)\(", body, re.MULTILINE)
    assert len(names) > 5
    assert [name for name in names if f"Correction: {name}." not in tested] == []
