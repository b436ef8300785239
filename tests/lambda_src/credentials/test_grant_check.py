"""The door that tries the grants: what it asks STS, what it says, and what it never gives."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from credentials.budget import Deadline
from credentials.check import GrantCheck
from credentials.errors import RequestError, UnavailableError
from credentials.grant_store import GrantsObject
from credentials.metrics import Metrics
from credentials.model import CacheArea
from credentials.shared_cache import Clocks
from credentials.sts import Sts
from credentials.trial import powerless
from credentials.vend import Place
from tests.lambda_src.credentials.fakes import CANARY_SECRET, CANARY_SESSION, Clock, FakeS3, FakeSts, Lines, refusal
from tests.lambda_src.credentials.world import AREA, CACHE_ROLE, ROLE, grants

if TYPE_CHECKING:
    from collections.abc import Mapping

TAKER = "arn:aws:sts::111122223333:assumed-role/blue-credentials/blue-credentials"
VENDOR = "arn:aws:iam::111122223333:role/blue-credentials"
DENY = {"Effect": "Deny", "Action": "*", "Resource": "*"}


def denied(action: str, why: str = "") -> Exception:
    message = f"User: {TAKER} is not authorized to perform: {action} on resource: {ROLE}{why}"
    return refusal("AccessDenied", 403, "AssumeRole", message)


def job_grant(**changes: Any) -> dict[str, Any]:
    return {"role_arn": ROLE, "callers": "gitlab_job", "match": {"project_id": 20}, **changes}


@dataclass
class Checked:
    """A door with AWS behind it."""

    sts: FakeSts = field(default_factory=lambda: FakeSts(Clock()))
    pauses: list[float] = field(default_factory=list)
    area: CacheArea = AREA
    lines: Lines = field(default_factory=Lines)

    def check(self, document: Mapping[str, Any]) -> GrantCheck:
        s3 = FakeS3(json.dumps(document).encode())
        clocks = Clocks(Clock(), self.pauses.append, lambda: 1.0, lambda: "id")
        sts = Sts(lambda: self.sts, lambda: None, Metrics("blue", self.lines, Clock()))  # type: ignore[arg-type, return-value]
        source = GrantsObject(lambda: s3, "b", "grants.json")
        return GrantCheck(Place("blue", "eu-west-1", "aws", self.area), source, sts, clocks)

    def answer(
        self, document: Mapping[str, Any], after: str | None = None, deadline: Deadline | None = None
    ) -> dict[str, Any]:
        event = {"version": 1} if after is None else {"version": 1, "after": after}
        return self.check(document).answer(event, deadline or Deadline(60))

    def only(self, **grant: Any) -> dict[str, Any]:
        """Return the result of one grant alone."""
        [result] = self.answer({"version": 1, "grants": {"a": job_grant(**grant)}})["results"]
        return dict(result)


@pytest.fixture
def door() -> Checked:
    return Checked()


def test_every_grant_is_tried_with_its_own_role(door: Checked) -> None:
    answer = door.answer(grants())
    assert answer == {
        "version": 1,
        "results": [
            {"grant": "cache", "role_arn": CACHE_ROLE, "status": "ok", "detail": "", "advice": ""},
            {"grant": "deploy", "role_arn": ROLE, "status": "ok", "detail": "", "advice": ""},
        ],
        "next": None,
    }
    assert {request["RoleArn"] for request in door.sts.requests} == {ROLE, CACHE_ROLE}


def test_a_trial_is_short_and_may_do_nothing(door: Checked) -> None:
    policy = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "{{project_id}}"}}
    door.answer(grants(narrow=job_grant(session_policy=policy)))
    assert {request["DurationSeconds"] for request in door.sts.requests} == {900}
    policies = [json.loads(request["Policy"]) for request in door.sts.requests]
    assert [document["Statement"][-1] for document in policies] == [DENY] * 3


def test_credentials_are_in_no_answer_and_no_log(door: Checked, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        text = json.dumps(door.answer(grants()))
    written = text + "".join(str(record.__dict__) for record in caplog.records) + "".join(door.lines.lines)
    assert [canary for canary in (CANARY_SECRET, CANARY_SESSION, "ASIA") if canary in written] == []


def test_a_check_is_audited_as_one_line(door: Checked, caplog: pytest.LogCaptureFixture) -> None:
    door.sts.failures = [denied("sts:AssumeRole")]
    with caplog.at_level(logging.INFO):
        door.answer(grants(web=job_grant(mode="web_identity")))
    [record] = [record for record in caplog.records if record.message == "grants checked"]
    assert {name: record.__dict__[name] for name in ("ok", "denied", "not_tried")} == {
        "ok": 1,
        "denied": 1,
        "not_tried": 1,
    }


def test_a_trial_has_the_tags_the_identity_and_the_external_id_of_a_real_session(door: Checked) -> None:
    door.only(
        match={"project_id": 20, "environment": ["production"]},
        session_tags=["environment", "project_path", "ref_type"],
        external_id="fleet-1",
    )
    [request] = door.sts.requests
    tags = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
    assert tags == {"environment": "production", "project_path": "grants-check", "ref_type": "grants-check"}
    assert request["SourceIdentity"] == request["RoleSessionName"]
    assert request["RoleSessionName"].startswith("grants-check@grants-check-")
    assert request["ExternalId"] == "fleet-1"


def test_claims_that_nothing_pins_are_made_up_in_the_form_that_they_have(door: Checked) -> None:
    tags = ["job_id", "ref_protected", "environment_protected", "user_login"]
    door.only(match={"namespace_id": 7}, session_tags=tags, share="job")
    [request] = door.sts.requests
    assert {tag["Key"]: tag["Value"] for tag in request["Tags"]} == {
        "environment_protected": "false",
        "job_id": "0",
        "ref_protected": "true",
        "user_login": "grants-check",
    }


def test_the_grants_own_policy_is_shown_to_sts_unless_there_is_no_room() -> None:
    short = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow"}]}'
    assert json.loads(powerless(short))["Statement"] == [{"Effect": "Allow"}, DENY]
    full = json.dumps({"Statement": [{"Resource": "x" * 1990}]})
    assert json.loads(powerless(full))["Statement"] == [DENY]
    assert len(powerless(full)) <= 2048


def test_web_identity_is_not_tried_without_a_job(door: Checked) -> None:
    result = door.only(mode="web_identity")
    assert (result["status"], result["detail"]) == ("not_tried", "web_identity needs a job's id_token")
    assert door.sts.requests == []


@pytest.mark.parametrize(
    ("grant", "failure", "advice"),
    [
        pytest.param(
            {},
            denied("sts:AssumeRole"),
            f"if the role exists, its trust policy must allow sts:AssumeRole, sts:SetSourceIdentity to {VENDOR}; "
            "if it asks for an sts:ExternalId, set the grant's external_id",
            id="trust",
        ),
        pytest.param(
            {"session_tags": ["project_path"], "external_id": "fleet-1"},
            denied("sts:AssumeRole"),
            "if the role exists, its trust policy must allow sts:AssumeRole, sts:SetSourceIdentity, sts:TagSession to "
            f"{VENDOR}; its sts:ExternalId must be the grant's external_id",
            id="trust with an external id",
        ),
        pytest.param(
            {"session_tags": ["project_path"]},
            denied("sts:TagSession"),
            f"the role's trust policy must allow sts:TagSession to {VENDOR}: the grant has session_tags",
            id="tags",
        ),
        pytest.param(
            {},
            denied("sts:SetSourceIdentity"),
            f"the role's trust policy must allow sts:SetSourceIdentity to {VENDOR}: every session says whom it is for",
            id="source identity",
        ),
        pytest.param(
            {},
            denied("sts:AssumeRole", " because no identity-based policy allows the sts:AssumeRole action"),
            f"{VENDOR} has no right to sts:AssumeRole on the role: apply the fleet's Terraform again",
            id="the vendor's own right",
        ),
        pytest.param(
            {},
            denied("sts:AssumeRole", " with an explicit deny in a service control policy"),
            f"a policy denies sts:AssumeRole to {VENDOR} explicitly: the message names its kind",
            id="explicit deny",
        ),
        pytest.param(
            {},
            refusal("AccessDenied", 403, "AssumeRole", "Access denied"),
            "if the role exists, its trust policy must allow sts:AssumeRole, sts:SetSourceIdentity to the credential "
            "vendor's role (output credentials_role_arn); if it asks for an sts:ExternalId, set the grant's "
            "external_id",
            id="an unknown message",
        ),
    ],
)
def test_a_denial_comes_with_what_to_do(door: Checked, grant: dict[str, Any], failure: Exception, advice: str) -> None:
    door.sts.failures = [failure]
    result = door.only(**grant)
    assert (result["status"], result["advice"]) == ("denied", advice)
    assert TAKER not in result["detail"]


def test_the_useful_part_of_the_message_is_shown(door: Checked) -> None:
    door.sts.failures = [denied("sts:TagSession")]
    assert door.only()["detail"] == f"AccessDenied: not authorized to perform: sts:TagSession on resource: {ROLE}"


@pytest.mark.parametrize(
    ("failure", "advice"),
    [
        (
            refusal("ValidationError", message="The requested DurationSeconds exceeds the MaxSessionDuration"),
            "raise the role's maximum session duration, or lower the grant's duration_seconds",
        ),
        (
            refusal("MalformedPolicyDocument", message="Syntax errors in policy."),
            "correct the grant's session_policy: STS cannot read it",
        ),
        (refusal("PackedPolicyTooLarge"), "shorten the grant's session_policy, or list fewer session_tags"),
        (
            refusal("RegionDisabledException", 403),
            "activate STS for this region in the role's account: IAM, Account settings",
        ),
        (refusal("ValidationError", message="1 error"), "correct what the message names in the grant"),
    ],
    ids=["duration", "policy", "size", "region", "other"],
)
def test_what_sts_refuses_for_another_reason_comes_with_what_to_do(
    door: Checked, failure: Exception, advice: str
) -> None:
    door.sts.failures = [failure]
    result = door.only()
    assert (result["status"], result["advice"]) == ("refused", advice)


def test_throttling_is_tried_again(door: Checked) -> None:
    door.sts.failures = [refusal("Throttling")] * 3
    assert door.only()["status"] == "ok"
    assert door.pauses == [0.2, 0.4, 0.8]


def test_throttling_that_does_not_end_is_told(door: Checked) -> None:
    door.sts.down = refusal("Throttling", message="Rate exceeded")
    result = door.only()
    assert (result["status"], result["detail"]) == ("unavailable", "Throttling: Rate exceeded")
    assert len(door.sts.requests) == 4


def test_an_answer_without_credentials_is_no_success(door: Checked) -> None:
    door.sts.empty = True
    result = door.only()
    assert (result["status"], result["detail"]) == ("unavailable", "STS answered without credentials")


def test_without_time_left_nothing_is_tried_again(door: Checked) -> None:
    door.sts.down = refusal("Throttling")
    [result] = door.answer({"version": 1, "grants": {"a": job_grant()}}, deadline=Deadline(0.15))["results"]
    assert (result["status"], door.pauses) == ("unavailable", [])


def test_a_grant_that_no_caller_can_use_is_told_without_asking_sts() -> None:
    door = Checked(area=CacheArea())
    results = {result["grant"]: result for result in door.answer(grants())["results"]}
    assert results["cache"]["status"] == "refused"
    assert "cache.bucket" in results["cache"]["detail"]
    assert results["deploy"]["status"] == "ok"


def test_200_grants_are_tried_over_as_many_answers_as_it_takes() -> None:
    door = Checked()
    many = {"version": 1, "grants": {f"deploy-{n:03}": job_grant(role_arn=f"{ROLE}-{n}") for n in range(200)}}
    names: list[str] = []
    after, answers = None, 0
    while after is not None or not names:
        # A second goes by with each trial, so that the load of the machine decides nothing.
        answer = door.answer(many, after=after, deadline=Deadline(60, lambda: len(door.sts.requests)))
        names += [result["grant"] for result in answer["results"]]
        after, answers = answer["next"], answers + 1
    assert names == sorted(many["grants"])  # type: ignore[call-overload]
    assert answers > 1
    assert door.sts.most_at_once <= 5


def test_no_trial_begins_after_the_deadline(door: Checked) -> None:
    with pytest.raises(UnavailableError, match="no time"):
        door.answer(grants(), deadline=Deadline(0))
    assert door.sts.requests == []


def test_without_grants_there_is_nothing_to_say(door: Checked) -> None:
    assert door.answer({"version": 1, "grants": {}}) == {"version": 1, "results": [], "next": None}


@pytest.mark.parametrize(
    ("event", "field"),
    [({}, "version"), ({"version": 2}, "version"), ({"version": 1, "after": 7}, "after"), ([], "the document")],
)
def test_a_malformed_request_names_the_field(door: Checked, event: object, field: str) -> None:
    with pytest.raises(RequestError, match=field):
        door.check(grants()).answer(event, Deadline(1))


def test_grants_that_are_refused_are_told_by_name(door: Checked) -> None:
    with pytest.raises(UnavailableError, match=r"grants\.deploy\.share"):
        door.answer(grants(deploy=job_grant(share="all")))


def test_an_unreadable_document_is_told(door: Checked) -> None:
    s3 = FakeS3(b"", failure=refusal("NoSuchKey", 404))
    check = door.check(grants())
    broken = GrantCheck(check.place, GrantsObject(lambda: s3, "b", "grants.json"), check.issuer, check.clocks)
    with pytest.raises(UnavailableError, match=r"s3://b/grants\.json cannot be read"):
        broken.answer({"version": 1}, Deadline(1))
