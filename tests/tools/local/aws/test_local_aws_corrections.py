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
    TRUST,
    Stack,
    denied,
    enforced,
    eventually,
    permit_url,
    post,
    put_alarm,
    put_metric,
    running,
    sum_of,
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


def test_every_run_of_a_function_is_measured(stack: Stack) -> None:
    """Correction: every_run_is_measured."""
    stack.function("measured", "echo")
    url = permit_url(stack, "measured")
    stack.client("lambda").invoke(FunctionName="measured", Payload=b"{}")
    assert post(url)[0] == 202
    assert sum_of(stack, "AWS/Lambda", "Invocations", FunctionName="measured") == 2
    assert sum_of(stack, "AWS/Lambda", "Errors", FunctionName="measured") == 0
    assert sum_of(stack, "AWS/Lambda", "Duration", FunctionName="measured") > 0


def test_requests_to_a_function_url_are_counted_by_their_answers(stack: Stack) -> None:
    """Correction: function_urls_are_counted."""
    stack.function("counted", "teapot")
    assert post(permit_url(stack, "counted"))[0] == 418
    counts = {
        name: sum_of(stack, "AWS/Lambda", name, FunctionName="counted")
        for name in ("UrlRequestCount", "Url4xxCount", "Url5xxCount")
    }
    assert counts == {"UrlRequestCount": 1, "Url4xxCount": 1, "Url5xxCount": 0}


def test_metrics_in_a_functions_log_are_metrics(stack: Stack) -> None:
    """Correction: logged_metrics_are_metrics."""
    stack.function("embeds", "embed")
    stack.client("lambda").invoke(FunctionName="embeds", Payload=b"{}")
    assert sum_of(stack, "Embedded", "Hits", Fleet="f") == 2
    assert sum_of(stack, "Embedded", "Seconds", Fleet="f") == 0.75


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


def test_the_default_rule_of_a_security_group_can_be_revoked_as_terraform_does(stack: Stack) -> None:
    """Correction: rules_for_all_traffic_have_no_ports."""
    client = stack.client("ec2")
    group = client.create_security_group(GroupName="closed", Description="closed")["GroupId"]
    default = {"IpProtocol": "-1", "FromPort": 0, "ToPort": 0, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    client.revoke_security_group_egress(GroupId=group, IpPermissions=[default])
    assert client.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissionsEgress"] == []


def test_an_event_age_that_was_not_given_is_not_answered(stack: Stack) -> None:
    """Correction: event_age_is_not_invented."""
    stack.function("aged", "echo")
    client = stack.client("lambda")
    client.put_function_event_invoke_config(FunctionName="aged", MaximumRetryAttempts=0)
    assert "MaximumEventAgeInSeconds" not in client.get_function_event_invoke_config(FunctionName="aged")


def test_a_saved_query_is_there_until_it_is_deleted(stack: Stack) -> None:
    """Correction: queries_can_be_saved."""
    logs = stack.client("logs")
    made = logs.put_query_definition(name="ci/why", queryString="fields @message", logGroupNames=["/ci"])
    name = made["queryDefinitionId"]
    logs.put_query_definition(name="ci/why", queryDefinitionId=name, queryString="limit 1")
    assert logs.describe_query_definitions(queryDefinitionNamePrefix="ci/")["queryDefinitions"] == [
        {"queryDefinitionId": name, "name": "ci/why", "queryString": "limit 1"}
    ]
    assert logs.delete_query_definition(queryDefinitionId=name)["success"]
    assert logs.describe_query_definitions()["queryDefinitions"] == []


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


def trust(**condition: str) -> str:
    """Return a trust policy: the account's roles that meet a condition on a key of AWS."""
    key, value = next(iter(condition.items()))
    statement = {
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {f"aws:{key}": value}},
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::000000000000:root"},
    }
    return json.dumps({"Statement": [statement], "Version": "2012-10-17"})


def test_a_session_is_known_by_its_roles_arn_and_comes_over_a_secure_transport(stack: Stack) -> None:
    """Correction: sessions_are_their_role. Correction: transport_counts_as_secure."""
    iam, sts = stack.client("iam"), stack.client("sts")
    arn = "arn:aws:iam::000000000000:role"
    may_assume = {"Action": "sts:AssumeRole", "Effect": "Allow", "Resource": "*"}
    everything = json.dumps({"Statement": [may_assume], "Version": "2012-10-17"})
    for name in ("caller", "stranger"):
        iam.create_role(AssumeRolePolicyDocument=json.dumps(TRUST), Path="/ci/", RoleName=name)
        iam.put_role_policy(PolicyDocument=everything, PolicyName="p", RoleName=name)
    iam.create_role(AssumeRolePolicyDocument=trust(PrincipalArn=f"{arn}/ci/caller"), RoleName="by-arn")
    iam.create_role(AssumeRolePolicyDocument=trust(SecureTransport="true"), RoleName="by-transport")
    answers = {}
    for name in ("caller", "stranger"):
        made = sts.assume_role(RoleArn=f"{arn}/ci/{name}", RoleSessionName="job-1")["Credentials"]
        session = stack.client("sts", made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
        with enforced(stack):
            answers[name] = [
                denied(session.assume_role, RoleArn=f"{arn}/{wanted}", RoleSessionName="job-1")
                for wanted in ("by-arn", "by-transport")
            ]
    assert answers == {"caller": [False, False], "stranger": [True, False]}


def test_who_may_invoke_one_alias_may_invoke_nothing_else(stack: Stack) -> None:
    """Correction: aliases_are_resources."""
    arn = str(stack.function("guarded", "door", Publish=True)["FunctionArn"]).removesuffix(":1")
    client = stack.client("lambda")
    for alias in ("jobs", "hosts"):
        client.create_alias(FunctionName="guarded", FunctionVersion="1", Name=alias)
    allow = {"Action": "lambda:InvokeFunction", "Effect": "Allow"}
    keys = {
        "hosts": user(stack, "host", allow | {"Resource": f"{arn}:hosts"}),
        "": user(stack, "unqualified", allow | {"Resource": arn}),
    }
    doors: dict[str, dict[str, str]] = {
        "": {},
        "jobs": {"Qualifier": "jobs"},
        "hosts": {"Qualifier": "hosts"},
        "1": {"Qualifier": "1"},
    }
    answers = {}
    with enforced(stack):
        for name, key in keys.items():
            invoke = stack.client("lambda", *key).invoke
            answers[name] = [
                door
                for door, more in doors.items()
                if not denied(invoke, FunctionName="guarded", Payload=b"{}", **more)
            ]
    assert answers == {"hosts": ["hosts"], "": [""]}


def test_a_reset_forgets_groups_too(tmp_path: Path) -> None:
    """Correction: reset_forgets_groups."""
    with running(tmp_path) as stack:
        stack.group("forgotten", DesiredCapacity=1)
        with urllib.request.urlopen(f"{stack.endpoint}/_ministack/reset", data=b"", timeout=5):
            assert stack.local("GET", "instances") == {"instances": []}


def test_every_correction_has_a_test_that_names_it() -> None:
    files = Path(__file__).parent.glob("test_local_aws_*.py")
    tested = "".join(path.read_text(encoding="utf-8") for path in files)
    body = inspect.getsource(corrections.install)
    names = re.findall(r"^    (\w+)\(", body, re.MULTILINE)
    assert len(names) > 5
    assert [name for name in names if f"Correction: {name}." not in tested] == []
