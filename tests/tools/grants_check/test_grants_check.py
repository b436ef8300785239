"""The tool that asks the vendor to try its grants."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from tools.grants_check import __main__ as command
from tools.grants_check.table import lines
from tools.grants_check.vendor import MOST_REQUESTS, CheckError, Result, results

if TYPE_CHECKING:
    from pathlib import Path

ROLE = "arn:aws:iam::123456789012:role/deploy"


def trial(grant: str, status: str = "ok", **more: str) -> dict[str, str]:
    return {"grant": grant, "role_arn": ROLE, "status": status, "detail": "", "advice": "", **more}


def page(*trials: dict[str, str], after: str | None = None) -> dict[str, Any]:
    return {"version": 1, "results": list(trials), "next": after}


def fault(kind: str, message: str) -> dict[str, str]:
    return {"errorType": kind, "errorMessage": message}


@dataclass
class Lambda:
    """A function with the answers that it gives; the last one is repeated."""

    answers: list[Any]
    asked: list[dict[str, Any]] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def invoke(self, *, FunctionName: str, Payload: str, Qualifier: str) -> Any:  # noqa: N803 - boto3's
        assert (FunctionName, Qualifier) == ("fleet-credentials", "check")
        self.asked.append(json.loads(Payload))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        failed = {"FunctionError": "Unhandled"} if "errorType" in answer else {}
        return {"Payload": io.BytesIO(json.dumps(answer).encode()), **failed}

    def results(self) -> list[Result]:
        return list(results(self, "fleet-credentials", self.pauses.append))


def test_pages_are_asked_for_until_there_is_no_next_one() -> None:
    function = Lambda([page(trial("a"), trial("b"), after="b"), page(trial("c"))])
    assert [result.grant for result in function.results()] == ["a", "b", "c"]
    assert function.asked == [{"version": 1}, {"version": 1, "after": "b"}]


def test_a_vendor_that_is_unavailable_is_asked_again() -> None:
    function = Lambda([fault("UnavailableError", "the grants are not usable"), page(trial("a"))])
    assert [result.status for result in function.results()] == ["ok"]
    assert function.pauses == [2.0]


def test_a_vendor_that_stays_unavailable_is_told_in_its_own_words() -> None:
    function = Lambda([fault("UnavailableError", "the grants are not usable: grants.a.share")])
    with pytest.raises(CheckError, match=r"fleet-credentials: the grants are not usable: grants\.a\.share"):
        function.results()
    assert len(function.asked) == 3


def test_any_other_failure_is_final() -> None:
    function = Lambda([fault("AliasError", "invoke the function through its alias")])
    with pytest.raises(CheckError, match="invoke the function through its alias"):
        function.results()
    assert len(function.asked) == 1


def test_a_vendor_that_never_comes_to_an_end_is_left() -> None:
    function = Lambda([page(trial("a"), after="a")])
    with pytest.raises(CheckError, match="never came to an end"):
        function.results()
    assert len(function.asked) == MOST_REQUESTS


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Invoke")


@pytest.mark.parametrize(
    ("error", "way_out"),
    [
        (refused("AccessDeniedException"), "lambda:InvokeFunction on the output credentials_check_arn"),
        (refused("ResourceNotFoundException"), "credentials.enabled = true"),
        (refused("TooManyRequestsException"), "TooManyRequestsException"),
        (NoCredentialsError(), "AWS_PROFILE"),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), "make up"),
    ],
    ids=["denied", "missing", "throttled", "no credentials", "nothing there"],
)
def test_a_call_that_aws_refuses_says_what_to_do(error: Exception, way_out: str) -> None:
    with pytest.raises(CheckError, match=way_out):
        Lambda([error]).results()


def test_the_table_has_what_sts_said_and_what_to_do_below_the_grant() -> None:
    shown = lines(
        [
            Result("deploy", ROLE, "denied", "AccessDenied: not authorized", "the trust policy must allow it"),
            Result("a", ROLE, "ok"),
            Result("web", ROLE, "not_tried", "web_identity needs a job's id_token"),
        ]
    )
    assert shown == [
        f"  deploy  denied       {ROLE}",
        "    AccessDenied: not authorized",
        "    → the trust policy must allow it",
        f"  a       ok           {ROLE}",
        f"  web     not tried    {ROLE}",
        "    web_identity needs a job's id_token",
        "3 grants: 1 denied, 1 not tried, 1 ok",
    ]


def test_no_grants_are_told_as_such() -> None:
    assert lines([]) == ["there are no grants"]


@pytest.mark.parametrize(
    ("status", "is_failure"),
    [("ok", False), ("not_tried", False), ("denied", True), ("refused", True), ("unavailable", True), ("new", True)],
)
def test_whatever_is_not_known_to_work_fails(status: str, *, is_failure: bool) -> None:
    assert Result("a", ROLE, status).is_failure is is_failure


def test_without_a_stack_the_way_out_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--stack", "no-such-stack"]) == 2
    said = capsys.readouterr().err
    assert "make up" in said
    assert "FUNCTION=name" in said


def test_a_stack_without_a_vendor_is_named() -> None:
    with pytest.raises(CheckError, match="no credential vendor"):
        command.local({"aws_endpoint": "http://127.0.0.1:4", "credentials_function": None})


def test_a_local_stack_is_asked_at_its_own_address() -> None:
    addresses = {"aws_endpoint": "http://127.0.0.1:4", "credentials_function": "f", "region": "us-east-1"}
    name, client = command.local(addresses)
    assert (name, client.meta.endpoint_url) == ("f", "http://127.0.0.1:4")


def test_the_region_is_the_one_that_terraform_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    name, client = command.deployed("fleet-credentials")
    assert (name, client.meta.region_name) == ("fleet-credentials", "eu-central-1")


def test_a_missing_region_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(CheckError, match="AWS_REGION"):
        command.deployed("fleet-credentials")
