"""Promises of the pure core, over many inputs."""

from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credentials.authorize import authorize_host, authorize_job, canonical_claim
from credentials.cache_key import cache_key
from credentials.errors import DeniedError
from credentials.grants import parse_grants
from credentials.identity import host_subject, job_subject, session_name
from credentials.model import Caller, Grant, Mode, Session, Share, Subject
from tests.lambda_src.credentials import tokens
from tests.lambda_src.credentials.world import ROLE

NAMES = st.sampled_from(["project_id", "namespace_id", "ref", "ref_protected", "environment", "user_login", "sub"])
VALUES = st.one_of(
    st.sampled_from(["20", "21", "main", "true", "false", "production", "", "*"]),
    st.integers(-1, 30),
    st.booleans(),
    st.none(),
    st.floats(allow_nan=False),
    st.lists(st.sampled_from(["20", "main"]), max_size=2),
)
CLAIMS = st.dictionaries(NAMES, VALUES)
MATCH = st.dictionaries(
    st.sampled_from(["project_id", "ref", "ref_protected", "environment"]),
    st.frozensets(st.sampled_from(["20", "21", "main", "true", "false", "production"]), min_size=1, max_size=2),
    min_size=1,
)


def grant(match: dict[str, frozenset[str]], caller: Caller = Caller.GITLAB_JOB) -> Grant:
    return Grant("deploy", "v1", ROLE, caller, tuple(sorted(match.items())))


@given(MATCH, CLAIMS)
def test_a_grant_allows_only_if_every_listed_claim_is_there_and_listed(
    match: dict[str, frozenset[str]], claims: dict[str, object]
) -> None:
    expected = all(canonical_claim(name, claims.get(name)) in accepted for name, accepted in match.items())
    assert authorize_job(grant(match), claims).allowed == expected


@given(MATCH, CLAIMS, st.dictionaries(st.text(), VALUES))
def test_an_unlisted_claim_never_grants(
    match: dict[str, frozenset[str]], claims: dict[str, object], others: dict[str, object]
) -> None:
    unlisted = {name: value for name, value in others.items() if name not in match}
    listed = {name: value for name, value in claims.items() if name in match}
    assert authorize_job(grant(match), {**unlisted, **listed}).allowed == authorize_job(grant(match), listed).allowed


@given(MATCH, CLAIMS, NAMES)
def test_taking_a_claim_away_never_grants(
    match: dict[str, frozenset[str]], claims: dict[str, object], name: str
) -> None:
    fewer = {key: value for key, value in claims.items() if key != name}
    assert authorize_job(grant(match), fewer).allowed <= authorize_job(grant(match), claims).allowed


@given(CLAIMS)
def test_nothing_but_a_grant_for_jobs_allows_a_job(claims: dict[str, object]) -> None:
    assert not authorize_job(None, claims).allowed
    assert not authorize_job(grant({}), claims).allowed
    assert not authorize_job(grant({"project_id": frozenset({"20"})}, Caller.RUNNER), claims).allowed


def test_nothing_but_a_grant_for_hosts_allows_a_host() -> None:
    assert not authorize_host(None).allowed
    assert not authorize_host(grant({"project_id": frozenset({"20"})})).allowed
    assert authorize_host(grant({}, Caller.RUNNER)).allowed


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("project_id", "20", "20"),
        ("project_id", 20, "20"),
        ("project_id", 0, "0"),
        ("project_id", "020", None),
        ("project_id", " 20", None),
        ("project_id", "+20", None),
        ("project_id", "\uff12\uff10", None),
        ("project_id", "1_0", None),
        ("project_id", -20, None),
        ("project_id", 20.0, None),
        ("project_id", True, None),
        ("project_id", "9" * 20, None),
        ("project_id", "", None),
        ("project_id", ["20"], None),
        ("ref_protected", "true", "true"),
        ("ref_protected", True, "true"),
        ("ref_protected", False, "false"),
        ("ref_protected", "True", None),
        ("ref_protected", 1, None),
        ("ref_protected", None, None),
        ("ref_protected", ["true"], None),
        ("ref", "main", "main"),
        ("ref", "Main", "Main"),
        ("ref", "", None),
        ("ref", 7, None),
        ("ref", True, None),
    ],
)
def test_claims_are_compared_by_their_kind(name: str, value: object, expected: str | None) -> None:
    assert canonical_claim(name, value) == expected


SESSION = Session(Mode.ASSUME_ROLE, ROLE, "name", "identity", ("ref", "20", "branch", "main"), 3600, "v1")
CHANGES: dict[str, Any] = {
    "mode": Mode.WEB_IDENTITY,
    "role_arn": ROLE + "2",
    "name": "other",
    "source_identity": "other",
    "subject": ("ref", "20", "branch", "other"),
    "duration_seconds": 1800,
    "grant_version": "v2",
    "policy": "{}",
    "tags": (("ref", "main"),),
    "external_id": "x",
}


def key(session: Session = SESSION, region: str = "eu-west-1", partition: str = "aws", epoch: int = 1) -> str:
    return cache_key(session, region=region, partition=partition, epoch=epoch)


@pytest.mark.parametrize("name", [field.name for field in fields(Session)])
def test_every_field_that_shapes_the_privilege_changes_the_key(name: str) -> None:
    assert key(replace(SESSION, **{name: CHANGES[name]})) != key()


def test_place_and_epoch_change_the_key() -> None:
    assert len({key(), key(region="us-east-1"), key(partition="aws-cn"), key(epoch=2)}) == 4
    assert re.fullmatch("[0-9a-f]{64}", key())


SESSIONS = st.builds(
    Session,
    mode=st.sampled_from(Mode),
    role_arn=st.text(max_size=5),
    name=st.text(max_size=5),
    source_identity=st.text(max_size=5),
    subject=st.lists(st.text(max_size=3), max_size=3).map(tuple),
    duration_seconds=st.integers(1800, 1803),
    grant_version=st.text(max_size=3),
    policy=st.text(max_size=5),
    tags=st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3)), max_size=2).map(tuple),
    external_id=st.text(max_size=3),
)


@given(SESSIONS, SESSIONS)
def test_two_sessions_have_one_key_only_if_they_are_equal(one: Session, other: Session) -> None:
    assert (key(one) == key(other)) == (one == other)


TEXT = st.text(min_size=1, max_size=300)


@given(TEXT, TEXT)
def test_two_subjects_never_share_a_name(one: str, other: str) -> None:
    names = {session_name(Subject((text,), "g/p@" + "x" * 100 + text)) for text in (one, other)}
    assert (len(names) == 1) == (one == other)


@given(TEXT)
def test_a_name_is_one_that_sts_takes(text: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_+=,.@-]{2,64}", session_name(Subject((text,), text)))


def test_a_name_tells_the_subject() -> None:
    assert session_name(job_subject(Share.REF, tokens.claims())).startswith("my-group.my-project@main-")
    assert session_name(job_subject(Share.PROJECT, tokens.claims())).startswith("my-group.my-project-")
    assert session_name(job_subject(Share.JOB, tokens.claims())).startswith("my-group.my-project@main@302-")
    assert session_name(host_subject("blue")).startswith("blue@hosts-")


@pytest.mark.parametrize(
    ("share", "same", "different"),
    [
        (Share.JOB, ["user_login", "pipeline_id", "jti"], ["job_id", "ref", "project_id"]),
        (Share.REF, ["job_id", "pipeline_id", "user_login", "sha"], ["ref", "ref_type", "project_id"]),
        (Share.PROJECT, ["job_id", "ref", "user_login"], ["project_id"]),
    ],
)
def test_a_session_is_shared_as_the_grant_says_and_no_further(
    share: Share, same: list[str], different: list[str]
) -> None:
    base = session_name(job_subject(share, tokens.claims()))
    for name in same:
        assert session_name(job_subject(share, tokens.claims(**{name: "7"}))) == base
    for name in different:
        assert session_name(job_subject(share, tokens.claims(**{name: "7"}))) != base


@pytest.mark.parametrize("claim", ["project_id", "project_path", "ref", "ref_type"])
@pytest.mark.parametrize("value", [None, "", True, ["x"]], ids=repr)
def test_a_job_whose_subject_is_unknown_gets_nothing(claim: str, value: object) -> None:
    with pytest.raises(DeniedError):
        job_subject(Share.REF, tokens.claims(**{claim: value}))


@given(st.text(max_size=20))
def test_a_document_of_any_text_either_parses_or_is_refused_by_name(text: str) -> None:
    document = {"version": 1, "grants": {"a": {"role_arn": ROLE, "callers": "runner", "kind": "s3_cache", "x": text}}}
    with pytest.raises(Exception, match=r"grants\.a\.x"):
        parse_grants(json.dumps(document))
