"""Attempts to widen a session policy through what a caller or a token says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credentials import policy
from credentials.errors import DeniedError, RequestError
from credentials.grants import GrantError, parse_grants
from tests.lambda_src.credentials.world import AREA, ROLE, grants

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lambda_src.credentials.world import Aws, Container

POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/{{project_path}}/{{ref}}/*"},
        {
            "Effect": "Deny",
            "Action": "s3:*",
            "Resource": "*",
            "Condition": {"StringNotEquals": {"s3:prefix": ["{{project_id}}", 7, True]}},
        },
    ],
}
EVIL = ["*", "a*", "?", "${aws:username}", "a${", "$", "{aws:username}", "{{ref}}", "a}}", "a\nb", "a\x00b", "a\u2028b"]


def scoped(**changes: Any) -> dict[str, Any]:
    match = {"project_id": "20", "ref_protected": ["true", "false"]}
    return {"role_arn": ROLE, "callers": "gitlab_job", "match": match, "session_policy": POLICY, **changes}


@pytest.mark.parametrize("evil", EVIL, ids=ascii)
@pytest.mark.parametrize("claim", ["ref", "project_path"])
def test_a_claim_that_is_more_than_itself_gets_into_no_policy(
    containers: Callable[..., Container], aws: Aws, claim: str, evil: str
) -> None:
    changed: dict[str, Any] = {claim: evil}
    refused = containers(grants(scoped=scoped())).job(grant="scoped", **changed)
    assert (refused.status, refused.body["Message"]) == (403, "no grant allows this")
    assert aws.sts.requests == []


@pytest.mark.parametrize("quote", ['a"b', "a\\b", 'x","Effect":"Allow', "a'b", "a/../b"])
def test_quotes_stay_inside_of_their_string(containers: Callable[..., Container], aws: Aws, quote: str) -> None:
    assert containers(grants(scoped=scoped())).job(grant="scoped", ref=quote).status == 200
    sent = json.loads(aws.sts.requests[0]["Policy"])
    assert sent["Statement"][0]["Resource"] == f"arn:aws:s3:::b/my-group/my-project/{quote}/*"
    assert sent["Statement"][1]["Condition"]["StringNotEquals"]["s3:prefix"] == ["20", 7, True]
    assert len(sent["Statement"]) == 2


@pytest.mark.parametrize("value", [None, "", [], {}, True, 1.5])
def test_a_missing_or_strange_claim_gets_into_no_policy(value: object) -> None:
    with pytest.raises(DeniedError):
        policy.filled(POLICY, {"project_path": "a", "ref": value, "project_id": 20})


@pytest.mark.parametrize(
    "key",
    [
        "*",
        "fleet-a/*",
        "fleet-a/?",
        "fleet-a/${aws:username}",
        "fleet-a/a\n",
        "fleet-a/\x7f",
        "fleet-a/$",
        "fleet-b/x",
        "fleet-a",
        "fleet-ab/x",
        "x/fleet-a/x",
        "/fleet-a/x",
        "fleet-a/../fleet-b/x",
        "fleet-a/./x",
        "fleet-a//x",
        "fleet-a/",
        "fleet-a/" + "x" * 1017,
        "fleet-a/" + "é" * 509,
    ],
    ids=lambda key: ascii(key[:30]),
)
@pytest.mark.parametrize("operation", ["upload", "download"])
def test_an_object_outside_of_the_fleets_cache_is_refused(
    container: Container, aws: Aws, key: str, operation: str
) -> None:
    with pytest.raises(RequestError, match=r"parameters\.object"):
        container.host(object=key, operation=operation)
    assert aws.sts.requests == []


@given(st.text(min_size=1, max_size=60))
def test_whatever_object_is_asked_for_the_policy_names_that_one_and_no_other(text: str) -> None:
    key = f"{AREA.prefix}/{text}"
    try:
        made = json.loads(policy.encoded(policy.s3_cache_policy("aws", AREA, key, "download")))
    except RequestError:
        return
    assert made["Statement"][0]["Resource"] == f"arn:aws:s3:::my-cache/{key}"
    assert not any(sign in key for sign in ("*", "?", "${"))


@pytest.mark.parametrize("place", ["Action", "Effect", "NotAction", "Principal", "Sid"])
def test_a_placeholder_may_not_decide_what_is_allowed(place: str) -> None:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", place: "{{ref}}"}
    document = grants(scoped=scoped(session_policy={"Version": "2012-10-17", "Statement": statement}))
    with pytest.raises(GrantError, match="ref"):
        parse_grants(json.dumps(document))


@pytest.mark.parametrize("text", ["${{{ref}}}", "${{ref}}", "{{ref", "{{ ref }}", "{{Ref}}", "{{{ref}"])
def test_a_malformed_placeholder_is_refused_when_grants_are_loaded(text: str) -> None:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": text}
    document = grants(scoped=scoped(session_policy={"Version": "2012-10-17", "Statement": [statement]}))
    with pytest.raises(GrantError, match="session_policy"):
        parse_grants(json.dumps(document))


def test_a_policy_that_grows_beyond_what_sts_takes_is_refused(containers: Callable[..., Container], aws: Aws) -> None:
    assert containers(grants(scoped=scoped())).job(grant="scoped", ref="x" * 2000).status == 403
    assert aws.sts.requests == []


def test_a_tag_that_sts_would_not_take_is_refused(containers: Callable[..., Container], aws: Aws) -> None:
    one = containers(grants(scoped=scoped(session_tags=["project_path", "ref"], session_policy=None)))
    assert one.job(grant="scoped", ref="feature/a#1").status == 403
    assert one.job(grant="scoped", ref="x" * 257).status == 403
    assert one.job(grant="scoped", ref="feature/a").status == 200
    assert aws.sts.requests[0]["Tags"] == [
        {"Key": "project_path", "Value": "my-group/my-project"},
        {"Key": "ref", "Value": "feature/a"},
    ]
