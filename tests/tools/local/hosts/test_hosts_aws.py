from __future__ import annotations

import pytest

from tests.tools.local.hosts.support import FIRST, AwsServer, instances
from tools.local.hosts.aws import AwsError, LocalAws


@pytest.fixture
def aws(aws_server: AwsServer) -> LocalAws:
    return LocalAws(aws_server.endpoint, "us-east-1", "fleet & co")


def test_instances_are_read_from_the_local_aws(aws: LocalAws, aws_server: AwsServer) -> None:
    aws_server.show(first="InService", second="Terminating:Wait")
    assert instances(first="InService", second="Terminating:Wait") == aws.instances()
    assert {"path": "/_local/instances?group=fleet%20%26%20co"} in aws_server.actions


@pytest.mark.parametrize("listed", [[], {}, {"instances": None}, {"instances": [{"instance_id": FIRST}]}, "html"])
def test_a_list_that_is_not_as_agreed_is_an_error_and_never_empty(
    aws: LocalAws, aws_server: AwsServer, listed: object
) -> None:
    aws_server.listed = listed
    with pytest.raises(AwsError, match="not as agreed"):
        aws.instances()


def test_an_error_status_is_an_error(aws: LocalAws, aws_server: AwsServer) -> None:
    aws_server.status = 503
    with pytest.raises(AwsError, match="503"):
        aws.instances()


def test_nobody_at_the_address_is_an_error() -> None:
    with pytest.raises(AwsError, match="refused"):
        LocalAws("http://127.0.0.1:1", "us-east-1", "fleet").instances()


def test_only_the_hooks_for_termination_are_completed(aws: LocalAws, aws_server: AwsServer) -> None:
    aws.complete(FIRST)
    assert aws_server.actions[-1] == {
        "Action": "CompleteLifecycleAction",
        "Version": "2011-01-01",
        "AutoScalingGroupName": "fleet & co",
        "InstanceId": FIRST,
        "LifecycleActionResult": "CONTINUE",
        "LifecycleHookName": "drain",
    }
    assert "/us-east-1/autoscaling/aws4_request" in aws_server.authorization


def test_an_instance_that_begins_completes_the_hooks_for_launches(aws: LocalAws, aws_server: AwsServer) -> None:
    aws.enter(FIRST)
    assert aws_server.actions[-1]["LifecycleHookName"] == "launch"


def test_a_refused_completion_is_an_error(aws: LocalAws, aws_server: AwsServer) -> None:
    aws_server.status = 400
    with pytest.raises(AwsError):
        aws.complete(FIRST)
