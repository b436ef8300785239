"""Outages on demand, asked for and seen as clients do; and what the credential vendor needs of MiniStack."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.tools.local.aws.stack import Stack

pytestmark = pytest.mark.e2e

CALLS: dict[str, Callable[[Any], Any]] = {
    "dynamodb": lambda client: client.list_tables(),
    "kms": lambda client: client.list_keys(),
    "s3": lambda client: client.list_buckets(),
    "sts": lambda client: client.get_caller_identity(),
}
WORKING = {f"{name}_{what}": value for name in CALLS for what, value in (("delay_seconds", 0), ("fail", ""))}


@pytest.fixture
def failing(stack: Stack) -> Iterator[Stack]:
    yield stack
    stack.local("PUT", "settings", WORKING)


@pytest.mark.parametrize("service", CALLS)
@pytest.mark.parametrize(("code", "status"), [("ServiceUnavailable", 503), ("Throttling", 400), ("AccessDenied", 403)])
def test_a_service_fails_as_long_as_it_is_set_to(failing: Stack, service: str, code: str, status: int) -> None:
    failing.local("PUT", "settings", {f"{service}_fail": code})
    with pytest.raises(ClientError) as caught:
        CALLS[service](failing.client(service))
    error = caught.value.response
    assert (code, status) == (error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"])
    failing.local("PUT", "settings", {f"{service}_fail": ""})
    assert CALLS[service](failing.client(service))["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_a_slow_service_is_late_and_the_others_are_not(failing: Stack) -> None:
    failing.local("PUT", "settings", {"sts_delay_seconds": 0.3})
    took = {}
    for service in ("sts", "kms"):
        client = failing.client(service)
        started = time.monotonic()
        CALLS[service](client)
        took[service] = time.monotonic() - started
    assert took["sts"] >= 0.3
    assert took["kms"] < 0.3


def test_calls_that_fail_are_counted(failing: Stack) -> None:
    failing.local("PUT", "settings", {"sts_fail": "Throttling"})
    failing.local("DELETE", "stats")
    with pytest.raises(ClientError):
        failing.client("sts").get_caller_identity()
    assert failing.local("GET", "stats") == {"sts.GetCallerIdentity": 1}


def test_a_role_is_assumed_with_tags_source_identity_and_session_policy(stack: Stack) -> None:
    actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
    trust = {"Statement": [{"Action": actions, "Effect": "Allow", "Principal": {"AWS": "*"}}], "Version": "2012-10-17"}
    stack.client("iam").create_role(AssumeRolePolicyDocument=json.dumps(trust), RoleName="vended")
    stack.local("DELETE", "stats")
    answer = stack.client("sts").assume_role(
        DurationSeconds=3600,
        Policy=json.dumps({"Statement": [], "Version": "2012-10-17"}),
        RoleArn="arn:aws:iam::000000000000:role/vended",
        RoleSessionName="job-1",
        SourceIdentity="project-1",
        Tags=[{"Key": "project_id", "Value": "1"}],
    )
    assert stack.local("GET", "stats") == {"sts.AssumeRole": 1}
    assert 3500 < answer["Credentials"]["Expiration"].timestamp() - time.time() <= 3600


def test_an_unchanged_object_is_not_sent_again(stack: Stack) -> None:
    client = stack.client("s3")
    client.create_bucket(Bucket="grants")
    client.put_object(Body=b"{}", Bucket="grants", Key="grants.json")
    tag = client.get_object(Bucket="grants", IfNoneMatch='"none"', Key="grants.json")["ETag"]
    with pytest.raises(ClientError) as caught:
        client.get_object(Bucket="grants", IfNoneMatch=tag, Key="grants.json")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 304
