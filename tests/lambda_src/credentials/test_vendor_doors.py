"""The two doors, from request to answer."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from credentials import doors
from credentials.budget import Deadline
from credentials.errors import DeniedError, RequestError, VendError
from credentials.model import CacheArea
from tests.lambda_src.credentials import tokens
from tests.lambda_src.credentials.world import CACHE_ROLE, ROLE, Container, grants, url_event

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lambda_src.credentials.world import Aws

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:blue-credentials"


def answer(container: Container, event: object) -> dict[str, Any]:
    return container.doors.answer_job(event, Deadline(0.85))


def test_a_job_gets_the_container_credentials_document(container: Container) -> None:
    given = container.job()
    assert given.status == 200
    assert given.body.keys() == {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"}
    assert given.body["Expiration"] == "2026-11-22T04:00:00Z"
    assert given.raw["headers"]["Cache-Control"] == "no-store"


@pytest.mark.parametrize("scheme", ["", "Bearer ", "bearer "])
def test_the_token_may_come_raw_or_as_bearer(container: Container, scheme: str) -> None:
    assert container.job(scheme + tokens.token()).status == 200


def test_the_name_of_the_header_may_have_any_case(container: Container) -> None:
    event = url_event(None, headers={"Authorization": tokens.token()})
    assert answer(container, event)["statusCode"] == 200


def test_sts_is_asked_for_the_whole_session_with_its_subject(container: Container, aws: Aws) -> None:
    container.job()
    (request,) = aws.sts.requests
    assert request["RoleArn"] == ROLE
    assert request["DurationSeconds"] == 3600
    assert request["RoleSessionName"] == request["SourceIdentity"]
    assert request["RoleSessionName"].startswith("my-group.my-project@main-")
    assert "Tags" not in request
    assert "Policy" not in request


def test_a_host_gets_the_credential_process_document(container: Container, aws: Aws) -> None:
    document = container.host()
    assert document.keys() == {"Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"}
    assert document["Version"] == 1
    assert aws.sts.requests[0]["RoleArn"] == CACHE_ROLE


@pytest.mark.parametrize(
    ("parameters", "resource", "actions", "key_actions"),
    [
        ({}, "fleet-a/*", ["s3:GetObject", "s3:PutObject"], ["kms:Decrypt", "kms:GenerateDataKey"]),
        (
            {"object": "fleet-a/p/1", "operation": "upload"},
            "fleet-a/p/1",
            ["s3:PutObject"],
            ["kms:Decrypt", "kms:GenerateDataKey"],
        ),
        ({"object": "fleet-a/p/1", "operation": "download"}, "fleet-a/p/1", ["s3:GetObject"], ["kms:Decrypt"]),
    ],
    ids=["prefix", "upload", "download"],
)
def test_a_host_gets_the_least_policy(
    container: Container,
    aws: Aws,
    parameters: dict[str, Any],
    resource: str,
    actions: list[str],
    key_actions: list[str],
) -> None:
    container.host(**parameters)
    statements = json.loads(aws.sts.requests[0]["Policy"])["Statement"]
    assert [(s["Effect"], s["Action"], s["Resource"]) for s in statements] == [
        ("Allow", actions, f"arn:aws:s3:::my-cache/{resource}"),
        ("Allow", key_actions, "arn:aws:kms:eu-west-1:123456789012:key/1"),
    ]


@pytest.mark.parametrize(
    ("event", "field"),
    [
        ([], "the document"),
        ({"grant": "cache"}, "version"),
        ({"version": 2, "grant": "cache"}, "version"),
        ({"version": True, "grant": "cache"}, "version"),
        ({"version": 1}, "grant"),
        ({"version": 1, "grant": 7}, "grant"),
        ({"version": 1, "grant": "cache", "role": "x"}, "role"),
        ({"version": 1, "grant": "cache", "parameters": []}, "parameters"),
        ({"version": 1, "grant": "cache", "parameters": {"object": "fleet-a/x"}}, "parameters.operation"),
        ({"version": 1, "grant": "cache", "parameters": {"operation": "upload"}}, "parameters.object"),
        (
            {"version": 1, "grant": "cache", "parameters": {"object": "fleet-a/x", "operation": "delete"}},
            "parameters.operation",
        ),
        ({"version": 1, "grant": "cache", "parameters": {"min_validity_seconds": 0}}, "min_validity_seconds"),
        ({"version": 1, "grant": "cache", "parameters": {"min_validity_seconds": "60"}}, "min_validity_seconds"),
        ({"version": 1, "grant": "cache", "parameters": {"bucket": "other"}}, "parameters.bucket"),
    ],
)
def test_a_malformed_host_request_names_the_field(container: Container, event: object, field: str) -> None:
    with pytest.raises(RequestError, match=field):
        container.doors.answer_host(event, Deadline(1))


def test_a_job_grant_is_not_given_to_hosts(container: Container) -> None:
    with pytest.raises(DeniedError):
        container.host(grant="deploy")


def test_an_unknown_grant_is_not_given_to_hosts(container: Container) -> None:
    with pytest.raises(DeniedError):
        container.host(grant="unknown")


@pytest.mark.parametrize("grant", ["unknown", "cache", "other"])
def test_refusals_are_no_oracle(containers: Callable[..., Container], grant: str) -> None:
    other = {"role_arn": ROLE, "callers": "gitlab_job", "match": {"project_id": 21}}
    refused = containers(grants(other=other)).job(grant=grant)
    assert (refused.status, refused.body) == (403, {"Code": "AccessDenied", "Message": "no grant allows this"})


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT", "DELETE", None])
def test_only_get_is_answered(container: Container, method: str | None) -> None:
    event = url_event(tokens.token(), requestContext={"http": {"method": method}})
    assert answer(container, event)["statusCode"] == 405
    assert answer(container, event)["headers"]["Allow"] == "GET"


@pytest.mark.parametrize(
    "event",
    [
        None,
        {},
        {"version": 1, "grant": "cache"},
        url_event("t", requestContext={}),
        url_event("t", rawPath="/v1/credentials/"),
        url_event("t", rawPath="/v1/credentials/deploy/"),
        url_event("t", rawPath="/v1/credentials/../deploy"),
        url_event("t", rawPath="/v1/credentials/Deploy\n"),
        url_event("t", rawPath=None),
        url_event("t", rawQueryString="role=admin"),
        url_event("t", headers=None),
    ],
)
def test_a_malformed_job_request_is_400(container: Container, aws: Aws, event: object) -> None:
    given = answer(container, event)
    assert (given["statusCode"], json.loads(given["body"])["Code"]) == (400, "InvalidRequest")
    assert aws.sts.requests == []


@pytest.mark.parametrize("headers", [{}, {"authorization": 7}, {"authorization": "a", "Authorization": "b"}])
def test_a_request_without_one_token_is_401(container: Container, headers: dict[str, Any]) -> None:
    given = answer(container, url_event(None, headers=headers))
    assert given["statusCode"] == 401
    assert given["headers"]["WWW-Authenticate"] == "Bearer"


def test_an_unforeseen_error_is_answered_503_and_says_nothing(
    container: Container, caplog: pytest.LogCaptureFixture
) -> None:
    container.gitlab.failure = ZeroDivisionError("canary-message")
    given = container.job()
    assert (given.status, given.raw["headers"]["Retry-After"]) == (503, "1")
    assert "canary-message" not in json.dumps(given.raw) + json.dumps([str(vars(r)) for r in caplog.records])
    assert any(getattr(record, "error", "") == "ZeroDivisionError" for record in caplog.records)


@pytest.mark.parametrize("alias", ["jobs", "hosts"])
def test_the_alias_tells_the_door(alias: str) -> None:
    assert doors.door(f"{ARN}:{alias}") == alias


@pytest.mark.parametrize("arn", [ARN, f"{ARN}:live", f"{ARN}:$LATEST", f"{ARN}:3", f"{ARN}:jobs:hosts", "jobs", ""])
def test_any_other_invocation_is_refused(arn: str) -> None:
    with pytest.raises(doors.AliasError):
        doors.door(arn)


def test_the_shape_of_an_event_opens_no_other_door(container: Container) -> None:
    with pytest.raises(VendError):
        container.doors.answer_host(url_event(tokens.token()), Deadline(1))
    assert answer(container, {"version": 1, "grant": "cache", "parameters": {}})["statusCode"] == 400


def test_a_stolen_token_stops_working_when_its_job_ends(containers: Callable[..., Container]) -> None:
    guarded = {"role_arn": ROLE, "callers": "gitlab_job", "match": {"project_id": 20}, "require_running_job": True}
    one = containers(grants(guarded=guarded))
    one.gitlab.jobs[("20", "302")] = b'{"id": 302, "status": "running"}'
    assert one.job(grant="guarded").status == 200
    one.gitlab.jobs[("20", "302")] = b'{"id": 302, "status": "success"}'
    assert one.job(grant="guarded").status == 403
    del one.gitlab.jobs[("20", "302")]
    assert one.job(grant="guarded").status == 403
    one.gitlab.jobs[("20", "302")] = b"<html>"
    assert one.job(grant="guarded").status == 503
    assert one.job(grant="guarded", job_id=None).status == 403


def test_a_fork_gets_nothing_of_the_project_that_its_merge_request_is_for(container: Container) -> None:
    fork: dict[str, Any] = {
        "project_id": "99",
        "project_path": "fork/my-project",
        "pipeline_source": "merge_request_event",
    }
    assert container.job(job_project_id="20", ref_protected="false", **fork).status == 403
    assert container.job(job_project_id="20", **fork).status == 403


def test_a_broken_document_at_the_start_is_503_with_retry_after(containers: Callable[..., Container]) -> None:
    one = containers({"version": 1, "grants": {"a": {}}})
    given = one.job()
    assert (given.status, given.raw["headers"]["Retry-After"]) == (503, "1")


def test_one_slow_read_of_the_grants_denies_no_job(container: Container) -> None:
    container.s3.slow = 1
    assert container.job(seconds=0.85).status == 200
    container.s3.stopped.set()


def test_an_s3_that_stays_slow_is_503_within_the_time_of_a_job(container: Container) -> None:
    container.s3.slow = 99
    started_at = time.perf_counter()
    given = container.job(seconds=0.5)
    assert (given.status, given.raw["headers"]["Retry-After"]) == (503, "1")
    assert time.perf_counter() - started_at < 0.85
    container.s3.stopped.set()


def test_bumping_the_epoch_forgets_everything(container: Container, aws: Aws) -> None:
    first = container.job().key_id
    container.s3.body, container.s3.etag = json.dumps({**grants(), "epoch": 2}).encode(), '"2"'
    assert container.job().key_id == first
    aws.clock.now += 61
    assert container.job().key_id != first
    assert container.local.sweep() == 1


def test_a_grant_with_the_cache_switched_off_asks_sts_each_time(containers: Callable[..., Container], aws: Aws) -> None:
    plain = {"role_arn": ROLE, "callers": "gitlab_job", "match": {"project_id": 20}, "cache": False}
    one = containers(grants(plain=plain))
    assert one.job(grant="plain").key_id != one.job(grant="plain").key_id
    assert (aws.dynamo.calls, aws.kms.calls, one.local.sweep()) == ([], [], 0)


def test_a_fleet_without_a_cache_has_nothing_for_hosts(container: Container) -> None:
    vendor = container.doors.vendor
    nowhere = replace(vendor, place=replace(vendor.place, cache_area=CacheArea()))
    with pytest.raises(DeniedError):
        replace(container.doors, vendor=nowhere).answer_host({"version": 1, "grant": "cache"}, Deadline(1))
