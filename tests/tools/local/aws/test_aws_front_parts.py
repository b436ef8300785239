"""The small parts of the front: clock, CBOR, call names, function URLs, permissions, condition keys, environment."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from tools.local.aws import cbor, conditions, function_urls, launch_templates
from tools.local.aws.calls import operation_name
from tools.local.aws.clock import Clock, ClockError
from tools.local.aws.driver import advice_of
from tools.local.aws.environment import environment
from tools.local.aws.permissions import principal_allowed, public_url_allowed

ROLE = "arn:aws:iam::000000000000:role/asg"
URL = {
    "Action": "lambda:InvokeFunctionUrl",
    "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}},
    "Effect": "Allow",
    "Principal": "*",
}
VIA_URL = {
    "Action": "lambda:InvokeFunction",
    "Condition": {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}},
    "Effect": "Allow",
    "Principal": "*",
}


def test_a_clock_runs_as_fast_as_it_is_told_and_never_jumps() -> None:
    real = [100.0]
    clock = Clock(lambda: real[0])
    clock.set_speed(60)
    assert clock.now() == 100.0
    real[0] += 2
    assert clock.now() == 220.0
    clock.set_speed(1)
    real[0] += 5
    assert clock.now() == 225.0


def test_a_clock_does_not_stand_still_or_run_backwards() -> None:
    with pytest.raises(ClockError):
        Clock(lambda: 0.0).set_speed(0)


@pytest.mark.parametrize(
    "value",
    [
        0,
        23,
        24,
        255,
        65536,
        2**40,
        -1,
        -500,
        1.5,
        "",
        "ü" * 300,
        b"\x00\xff",
        [],
        [1, [2]],
        {},
        {"a": {"b": None}},
        True,
    ],
    ids=repr,
)
def test_cbor_comes_back_as_it_was(value: object) -> None:
    assert value == cbor.loads(cbor.dumps(value))


def test_cbor_reads_what_aws_clients_write() -> None:
    assert cbor.loads(b"\xbfaa\x9f\x01\x02\xffab\x7faxay\xff\xff") == {"a": [1, 2], "b": "xy"}
    assert cbor.loads(b"\xf9\x3e\x00") == 1.5
    moment = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
    assert moment == cbor.loads(cbor.dumps(moment))


@pytest.mark.parametrize("data", [b"", b"\x62a", b"\x1c", b"\xff\xff"[:0], b"\xa1\x01"], ids=repr)
def test_broken_cbor_is_an_error(data: bytes) -> None:
    with pytest.raises(cbor.CBORDecodeError):
        cbor.loads(data)


@pytest.mark.parametrize(
    ("service", "method", "path", "headers", "body", "query", "expected"),
    [
        ("ssm", "POST", "/", {"x-amz-target": "AmazonSSM.GetParameter"}, b"{}", {}, "GetParameter"),
        ("cloudwatch", "POST", "/service/G/operation/PutMetricData", {}, b"", {}, "PutMetricData"),
        (
            "sts",
            "POST",
            "/",
            {"content-type": "application/x-www-form-urlencoded"},
            b"Action=AssumeRole",
            {},
            "AssumeRole",
        ),
        ("sts", "GET", "/", {}, b"", {"Action": ["GetCallerIdentity"]}, "GetCallerIdentity"),
        ("lambda", "POST", "/2015-03-31/functions/f/invocations", {}, b"", {}, "Invoke"),
        ("lambda", "GET", "/2015-03-31/functions/f", {}, b"", {}, "GetFunction"),
        ("s3", "PUT", "/bucket/a/b.txt", {}, b"", {}, "PutObject"),
        ("nonsense", "GET", "/", {}, b"", {}, "Unknown"),
    ],
)
def test_a_call_is_named_in_every_protocol(
    service: str,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    query: dict[str, list[str]],
    expected: str,
) -> None:
    assert expected == operation_name(service, method, path, headers, body, query)


def test_a_function_url_keeps_everything_but_its_host() -> None:
    scope = {
        "headers": [(b"host", b"127.0.0.1:1"), (b"x-gitlab-token", b"t")],
        "path": "/_url/abc/hook/a b",
        "query_string": b"x=%2F",
        "raw_path": b"/_url/abc/hook/a%20b",
    }
    found = function_urls.rewritten(scope, "us-east-1")
    assert found is not None
    assert (found["path"], found["raw_path"], found["query_string"]) == ("/hook/a b", b"/hook/a%20b", b"x=%2F")
    assert found["headers"] == [(b"x-gitlab-token", b"t"), (b"host", b"abc.lambda-url.us-east-1.on.aws")]


@pytest.mark.parametrize(("path", "expected"), [("/_url/abc", "/"), ("/_url/abc/", "/")])
def test_a_function_url_without_a_path_is_its_root(path: str, expected: str) -> None:
    found = function_urls.rewritten({"headers": [], "path": path, "raw_path": path.encode()}, "us-east-1")
    assert found is not None
    assert expected == found["path"]


def test_other_paths_are_left_alone() -> None:
    assert function_urls.rewritten({"headers": [], "path": "/2015-03-31/functions"}, "us-east-1") is None


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        pytest.param([URL, VIA_URL], True, id="both"),
        pytest.param([URL], False, id="the URL alone, as before October 2025"),
        pytest.param([VIA_URL], False, id="the function alone"),
        pytest.param([URL, VIA_URL | {"Principal": {"AWS": "000000000000"}}], False, id="not the public"),
        pytest.param([URL, VIA_URL | {"Effect": "Deny"}], False, id="no Allow"),
        pytest.param([], False, id="none"),
    ],
)
def test_a_public_url_needs_both_permissions(statements: list[dict[str, Any]], expected: bool) -> None:
    assert expected is public_url_allowed(statements)


def test_the_permission_for_calls_through_the_url_opens_no_other_way() -> None:
    assert not principal_allowed([VIA_URL], ROLE)
    assert principal_allowed([{"Action": "lambda:InvokeFunction", "Effect": "Allow", "Principal": {"AWS": ROLE}}], ROLE)


def test_the_encryption_context_becomes_condition_keys() -> None:
    keys = conditions.kms_keys({"EncryptionContext": {"table": "t"}})
    assert keys == {"kms:EncryptionContext:table": "t", "kms:EncryptionContextKeys": ["table"]}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"TableName": "t", "Key": {"id": {"S": "a"}}}, ["a"]),
        ({"TableName": "t", "Item": {"id": {"S": "b"}, "x": {"N": "1"}}}, ["b"]),
        ({"RequestItems": {"t": {"Keys": [{"id": {"S": "a"}}, {"id": {"S": "b"}}]}}}, ["a", "b"]),
        ({"RequestItems": {"t": [{"PutRequest": {"Item": {"id": {"S": "c"}}}}]}}, ["c"]),
        ({"TransactItems": [{"Put": {"TableName": "t", "Item": {"id": {"S": "d"}}}}]}, ["d"]),
        (
            {
                "TableName": "t",
                "KeyConditionExpression": "#k = :v",
                "ExpressionAttributeNames": {"#k": "id"},
                "ExpressionAttributeValues": {":v": {"S": "e"}},
            },
            ["e"],
        ),
    ],
)
def test_the_partition_keys_of_a_request_become_leading_keys(fields: dict[str, Any], expected: list[str]) -> None:
    assert {"dynamodb:LeadingKeys": expected} == conditions.dynamodb_keys(fields, lambda _: "id")


def test_a_scan_has_no_leading_keys() -> None:
    assert conditions.dynamodb_keys({"TableName": "t"}, lambda _: "id") == {}


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/cbor", cbor.dumps({"Namespace": "N", "MetricData": []})),
        ("application/x-www-form-urlencoded", b"Namespace=N&MetricData.member.1.MetricName=m"),
        ("application/x-amz-json-1.0", b'{"Namespace": "N", "MetricData": []}'),
    ],
)
def test_the_namespace_is_read_in_every_protocol(content_type: str, body: bytes) -> None:
    assert conditions.cloudwatch_keys(conditions.body_fields(content_type, body)) == {"cloudwatch:namespace": "N"}


def test_launch_template_data_keeps_everything() -> None:
    form = {
        "LaunchTemplateData.InstanceMarketOptions.MarketType": ["spot"],
        "LaunchTemplateData.InstanceMarketOptions.SpotOptions.MaxPrice": ["0.01"],
        "LaunchTemplateData.MetadataOptions.HttpTokens": ["required"],
        "LaunchTemplateData.NetworkInterface.1.AssociatePublicIpAddress": ["true"],
        "LaunchTemplateData.NetworkInterface.1.SecurityGroupId.1": ["sg-1"],
    }
    data = launch_templates.parse(form)
    assert data["NetworkInterfaces"][0]["Groups"] == ["sg-1"]
    assert data["InstanceMarketOptions"]["SpotOptions"]["MaxPrice"] == "0.01"
    shown = launch_templates.xml(data)
    assert "<groupSet><groupId>sg-1</groupId></groupSet>" in shown
    assert "<state>applied</state>" in shown


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"InstanceIDs": ["i-1"]}, ["i-1"]),
        ({"InstanceIDs": []}, []),
    ],
)
def test_a_termination_policys_answer_is_a_list_of_ids(answer: object, expected: list[str]) -> None:
    assert expected == advice_of(answer)


@pytest.mark.parametrize("answer", [None, [], {}, {"InstanceIDs": "i-1"}, {"InstanceIDs": [1]}], ids=repr)
def test_any_other_answer_of_a_termination_policy_is_a_failure(answer: object) -> None:
    assert isinstance(advice_of(answer), str)


def test_functions_see_nothing_of_the_developers_environment() -> None:
    inherited = {"AWS_PROFILE": "prod", "HOME": "/h", "HTTP_PROXY": "http://p", "PATH": "/bin", "PYTHONPATH": "/x"}
    found = environment(inherited, 4000, Path("/private"), auth=True, log_level="info")
    assert not {"AWS_PROFILE", "HTTP_PROXY", "PYTHONPATH", "AWS_ENDPOINT_URL"} & set(found)
    assert (
        found["BIND_HOST"],
        found["GATEWAY_PORT"],
        found["AUTH"],
        found["IOT_MTLS_ENABLED"],
    ) == ("127.0.0.1", "4000", "true", "0")
    assert all(found[name].startswith("/private") for name in ("S3_DATA_DIR", "STATE_DIR", "TMPDIR"))
