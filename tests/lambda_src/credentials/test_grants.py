from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from credentials.grants import GrantError, parse_grants
from credentials.model import Caller, Mode, Share
from tests.lambda_src.credentials.world import CACHE_ROLE, ROLE

JOB: dict[str, Any] = {"role_arn": ROLE, "callers": "gitlab_job", "match": {"project_id": "20"}}
HOST: dict[str, Any] = {"role_arn": CACHE_ROLE, "callers": "runner", "kind": "s3_cache"}
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}


def document(**grants: Any) -> str:
    return json.dumps({"version": 1, "grants": grants})


def test_defaults_are_the_careful_ones() -> None:
    grant = parse_grants(document(deploy=JOB)).by_name["deploy"]
    assert grant.match == (("project_id", frozenset({"20"})), ("ref_protected", frozenset({"true"})))
    assert (grant.caller, grant.mode, grant.share) == (Caller.GITLAB_JOB, Mode.ASSUME_ROLE, Share.REF)
    assert (grant.duration_seconds, grant.is_cached, grant.require_running_job) == (3600, True, False)


def test_everything_can_be_said() -> None:
    full = {
        **JOB,
        "match": {"namespace_id": [72, "73"], "ref_protected": False, "environment": "production"},
        "share": "project",
        "mode": "assume_role",
        "duration_seconds": 1800,
        "session_tags": ["project_path", "environment"],
        "require_running_job": True,
        "session_policy": POLICY,
        "external_id": "fleet-1",
        "cache": False,
    }
    text = json.dumps({"version": 1, "epoch": 3, "gitlab_ca_certificate": "PEM", "grants": {"a": full}})
    grants = parse_grants(text)
    grant = grants.by_name["a"]
    assert (grants.epoch, grants.gitlab_ca_pem) == (3, "PEM")
    assert dict(grant.match)["namespace_id"] == frozenset({"72", "73"})
    assert dict(grant.match)["ref_protected"] == frozenset({"false"})
    assert grant.session_tags == ("environment", "project_path")
    assert (grant.external_id, grant.is_cached, grant.session_policy) == ("fleet-1", False, POLICY)


def test_null_is_what_terraform_writes_for_left_out() -> None:
    nulls = dict.fromkeys(
        ("share", "mode", "duration_seconds", "session_tags", "session_policy", "external_id", "cache")
    )
    grant = parse_grants(document(deploy={**JOB, **nulls})).by_name["deploy"]
    assert (grant.share, grant.duration_seconds, grant.session_policy) == (Share.REF, 3600, None)


def test_every_change_of_a_grant_changes_its_version() -> None:
    versions = {
        parse_grants(document(a={**JOB, **change})).by_name["a"].version
        for change in (
            {},
            {"share": "job"},
            {"role_arn": CACHE_ROLE},
            {"match": {"project_id": "21"}},
            {"cache": False},
        )
    }
    assert len(versions) == 5


def test_two_hundred_grants_with_roles_of_their_own_are_no_problem() -> None:
    many = {f"deploy-{n}": {**JOB, "role_arn": f"{ROLE}-{n}", "match": {"project_id": n}} for n in range(1, 301)}
    assert len(parse_grants(document(**many)).by_name) == 300


BAD: list[tuple[Any, str]] = [
    ({**JOB, "rol_arn": ROLE}, "rol_arn"),
    ({**JOB, "kind": "s3_cache"}, "kind"),
    ({**JOB, "match": {}}, "match"),
    ({**JOB, "match": None}, "match"),
    ({**JOB, "match": {"ref": "main"}}, "match"),
    ({**JOB, "match": {"project_path": "a/b"}}, "match"),
    ({**JOB, "match": {"project_id": []}}, "match.project_id"),
    ({**JOB, "match": {"project_id": "*"}}, "match.project_id"),
    ({**JOB, "match": {"project_id": "020"}}, "match.project_id"),
    ({**JOB, "match": {"project_id": True}}, "match.project_id"),
    ({**JOB, "match": {"project_id": 1.5}}, "match.project_id"),
    ({**JOB, "match": {"project_id": ["20", None]}}, "match.project_id"),
    ({**JOB, "match": {"project_id": "20", "ref": "release/*"}}, "match.ref"),
    ({**JOB, "match": {"project_id": "20", "ref": "v?"}}, "match.ref"),
    ({**JOB, "match": {"project_id": "20", "ref": 7}}, "match.ref"),
    ({**JOB, "match": {"project_id": "20", "ref": ""}}, "match.ref"),
    ({**JOB, "match": {"project_id": "20", "ref_protected": "yes"}}, "match.ref_protected"),
    ({**JOB, "match": {"project_id": "20", "Ref": "main"}}, "match.Ref"),
    ({**JOB, "callers": "anybody"}, "callers"),
    ({**JOB, "callers": ["gitlab_job"]}, "callers"),
    ({**JOB, "callers": ["gitlab_job", "runner"]}, "callers"),
    ({**JOB, "callers": {}}, "callers"),
    ({"role_arn": ROLE, "match": {"project_id": "1"}}, "callers"),
    ({**JOB, "share": "namespace"}, "share"),
    ({**JOB, "mode": "federation"}, "mode"),
    ({**JOB, "duration_seconds": 1799}, "duration_seconds"),
    ({**JOB, "duration_seconds": 3601}, "duration_seconds"),
    ({**JOB, "duration_seconds": "3600"}, "duration_seconds"),
    ({**JOB, "mode": "web_identity", "duration_seconds": 43201}, "duration_seconds"),
    ({**JOB, "mode": "web_identity", "session_tags": ["ref"]}, "session_tags"),
    ({**JOB, "mode": "web_identity", "external_id": "ab"}, "external_id"),
    ({**JOB, "external_id": "a b"}, "external_id"),
    ({**JOB, "session_tags": "ref"}, "session_tags"),
    ({**JOB, "session_tags": ["ref", "ref"]}, "session_tags"),
    ({**JOB, "session_tags": ["Ref"]}, "session_tags"),
    ({**JOB, "session_tags": ["job_id"]}, "session_tags"),
    ({**JOB, "share": "project", "session_tags": ["ref"]}, "session_tags"),
    ({**JOB, "share": "job", "session_tags": [f"claim_{n}" for n in range(51)]}, "session_tags"),
    ({**JOB, "require_running_job": "true"}, "require_running_job"),
    ({**JOB, "cache": 1}, "cache"),
    ({**JOB, "session_policy": "{}"}, "session_policy"),
    ({**JOB, "session_policy": {}}, "session_policy"),
    ({**JOB, "session_policy": {"Statement": "x" * 2048}}, "session_policy"),
    ({**JOB, "session_policy": {"Statement": [{"Resource": "{{sha}}"}]}}, "session_policy"),
    ({**JOB, "session_policy": {"Statement": [{"Condition": {"Null": {"tag/{{ref}}": True}}}]}}, "session_policy"),
    ({**HOST, "kind": "any"}, "kind"),
    ({**HOST, "kind": None}, "kind"),
    ({**HOST, "match": {"project_id": "20"}}, "match"),
    ({**HOST, "session_policy": POLICY}, "session_policy"),
    ({**HOST, "mode": "web_identity"}, "mode"),
    ([], "grants.a"),
]


@pytest.mark.parametrize(("grant", "field"), BAD, ids=[f"{i}-{field}" for i, (_, field) in enumerate(BAD)])
def test_a_bad_grant_is_refused_by_the_name_of_its_field(grant: Any, field: str) -> None:
    with pytest.raises(GrantError, match=field.replace(".", r"\.")):
        parse_grants(document(good=JOB, a=grant))


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "deploy",
        "*",
        "arn:aws:iam::123456789012:role/*",
        "arn:aws:iam::*:role/deploy",
        "arn:aws:iam::123456789012:role/de?loy",
        "arn:aws:iam::123456789012:role/",
        "arn:aws:iam::123456789012:user/deploy",
        "arn:aws:iam::12345678901:role/deploy",
        "arn:aws:sts::123456789012:role/deploy",
        "arn:aws:iam::123456789012:role/deploy\n",
        "arn:aws:iam::123456789012:role/${aws:username}",
        "arn:aws:iam::123456789012:role/" + "x" * 65,
        "arn:aws:iam::123456789012:role/" + "x/" * 300 + "y",
        "arn:aws:iam::١٢٣٤٥٦٧٨٩٠١٢:role/deploy",
        7,
    ],
    ids=ascii,
)
def test_anything_but_the_arn_of_one_role_is_refused(arn: object) -> None:
    with pytest.raises(GrantError, match=r"grants\.a\.role_arn"):
        parse_grants(document(a={**JOB, "role_arn": arn}))


@pytest.mark.parametrize(
    "arn",
    ["arn:aws-cn:iam::123456789012:role/a", "arn:aws-us-gov:iam::123456789012:role/path/to/a", CACHE_ROLE],
)
def test_the_arn_of_one_role_is_accepted(arn: str) -> None:
    assert parse_grants(document(a={**JOB, "role_arn": arn})).by_name["a"].role_arn == arn


@pytest.mark.parametrize("name", ["", "Deploy", "-a", "a/b", "a b", "x" * 65, "a\n"])
def test_a_name_that_cannot_be_asked_for_is_refused(name: str) -> None:
    with pytest.raises(GrantError, match="grants"):
        parse_grants(document(**{name: JOB}))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"version": 2, "grants": {}}',
        '{"version": 1}',
        '{"version": 1, "grants": []}',
        '{"version": 1, "grants": {}, "more": 1}',
        '{"version": 1, "epoch": "1", "grants": {}}',
        '{"version": 1, "grants": {"a": 1, "a": 2}}',
        '{"version": 1, "grants": {}, "gitlab_ca_certificate": 7}',
    ],
)
def test_a_malformed_document_is_refused(text: str) -> None:
    with pytest.raises(GrantError):
        parse_grants(text)


def test_attributes_that_are_null_are_left_out_whoever_they_belong_to() -> None:
    names = ("external_id", "kind", "match", "mode", "require_running_job", "session_policy", "session_tags", "share")
    every = dict.fromkeys((*names, "cache", "duration_seconds"))
    both = parse_grants(document(a={**every, **JOB}, b={**every, **HOST})).by_name
    alone = parse_grants(document(a=JOB, b=HOST)).by_name
    for name in ("a", "b"):
        assert replace(both[name], version="") == replace(alone[name], version="")


@pytest.mark.parametrize("name", ["match", "role_arn", "callers"])
def test_null_leaves_out_nothing_that_is_required(name: str) -> None:
    with pytest.raises(GrantError, match=name):
        parse_grants(document(a={**JOB, name: None}))


@pytest.mark.parametrize("changes", [{"macth": None}, {"match": {"project_id": "20", "environment": None}}])
def test_null_does_not_hide_a_mistake(changes: dict[str, Any]) -> None:
    with pytest.raises(GrantError, match=r"macth|environment"):
        parse_grants(document(a={**JOB, **changes}))


def test_a_claim_that_match_pins_to_one_value_may_be_shared() -> None:
    match = {"project_id": "20", "environment": "production"}
    assert parse_grants(document(a={**JOB, "match": match, "session_tags": ["environment"]})).by_name["a"].session_tags
    match_two = {"project_id": "20", "environment": ["production", "staging"]}
    with pytest.raises(GrantError, match="environment"):
        parse_grants(document(a={**JOB, "match": match_two, "session_tags": ["environment"]}))


def test_sessions_of_one_job_may_carry_every_claim() -> None:
    grant = parse_grants(document(a={**JOB, "share": "job", "session_tags": ["job_id", "sha"]})).by_name["a"]
    assert grant.session_tags == ("job_id", "sha")
