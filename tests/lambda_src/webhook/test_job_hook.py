from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.lambda_src.webhook.fakes import EVENTS, job_body, signed, with_headers
from webhook.job_hook import JobEvent, parse_job_event
from webhook.request import RequestError


def parse(**changes: Any) -> JobEvent | None:
    return parse_job_event(signed(job_body(**changes)))


def refusal(body: bytes) -> tuple[int, str]:
    with pytest.raises(RequestError) as caught:
        parse_job_event(signed(body))
    return caught.value.status, caught.value.reason


@pytest.mark.parametrize("status", ["pending", "running", "success", "failed", "canceled"])
def test_a_job_that_starts_to_wait_stops_waiting_or_ends_matters(status: str) -> None:
    assert parse(build_status=status) == JobEvent(project_id=380, job_id=1977, status=status)


@pytest.mark.parametrize(
    "status",
    [
        "created",
        "manual",
        "scheduled",
        "preparing",
        "waiting_for_resource",
        "skipped",
        "canceling",
        "Pending",
        "",
        "new",
    ],
)
def test_a_job_in_any_other_state_does_not_matter(status: str) -> None:
    assert parse(build_status=status) is None


@pytest.mark.parametrize("event", ["Pipeline Hook", "Push Hook", "System Hook", "job hook", "", None])
def test_events_other_than_job_hooks_do_not_matter(event: str | None) -> None:
    assert parse_job_event(with_headers(signed(job_body()), x_gitlab_event=event)) is None


def test_a_pipeline_does_not_matter() -> None:
    body = (EVENTS / "pipeline_hook.json").read_bytes()
    assert parse_job_event(with_headers(signed(body), x_gitlab_event="Pipeline Hook")) is None


def test_a_job_hook_about_something_else_does_not_matter() -> None:
    assert parse(object_kind="pipeline") is None


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        pytest.param("object_kind", None, "object_kind is not text", id="kind is null"),
        pytest.param("object_kind", ["build"], "object_kind is not text", id="kind is a list"),
        pytest.param("build_status", None, "build_status is not text", id="status is null"),
        pytest.param("build_status", 1, "build_status is not text", id="status is a number"),
        pytest.param("project_id", None, "project_id is not a positive whole number", id="project is null"),
        pytest.param("project_id", True, "project_id is not a positive whole number", id="project is true"),
        pytest.param("project_id", 0, "project_id is not a positive whole number", id="project is zero"),
        pytest.param("project_id", -1, "project_id is not a positive whole number", id="project is negative"),
        pytest.param("project_id", 1.0, "project_id is not a positive whole number", id="project is a float"),
        pytest.param("project_id", "380", "project_id is not a positive whole number", id="project is text"),
        pytest.param("project_id", 2**63, "project_id is not a positive whole number", id="project is too big"),
        pytest.param("build_id", None, "build_id is not a positive whole number", id="job is null"),
        pytest.param("build_id", "x", "build_id is not a positive whole number", id="job is text"),
    ],
)
def test_a_field_of_the_wrong_type_is_named(name: str, value: object, reason: str) -> None:
    assert refusal(job_body(**{name: value})) == (400, reason)


def test_an_irrelevant_status_does_not_excuse_a_malformed_event() -> None:
    assert refusal(job_body(build_status="created", project_id="x"))[0] == 400


@pytest.mark.parametrize("identifier", [1, 2**63 - 1])
def test_ids_are_positive_64_bit_numbers(identifier: int) -> None:
    assert parse(project_id=identifier) == JobEvent(project_id=identifier, job_id=1977, status="pending")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"", "the body is not JSON", id="empty"),
        pytest.param(b"{", "the body is not JSON", id="truncated"),
        pytest.param(b"<html>", "the body is not JSON", id="HTML"),
        pytest.param(b'{"a": "\xff"}', "the body is not JSON", id="not UTF-8"),
        pytest.param(b'\xef\xbb\xbf{"a": 1}', "the body is not JSON", id="byte order mark"),
        pytest.param(b'{"project_id": NaN}', "the body is not JSON", id="NaN"),
        pytest.param(b"[" * 100_000, "the body is not JSON", id="deep nesting"),
        pytest.param(b"9" * 5000, "the body is not JSON", id="a huge number"),
        pytest.param(b"[]", "the body is not a JSON object", id="a list"),
        pytest.param(b"null", "the body is not a JSON object", id="null"),
        pytest.param(b'"x"', "the body is not a JSON object", id="text"),
    ],
)
def test_a_body_that_is_no_json_object_is_malformed(body: bytes, reason: str) -> None:
    assert refusal(body) == (400, reason)


def test_other_events_must_be_json_too() -> None:
    with pytest.raises(RequestError):
        parse_job_event(with_headers(signed(b"{"), x_gitlab_event="Push Hook"))


def test_fields_that_are_not_used_may_be_anything() -> None:
    request = signed(job_body(runner={"id": "odd"}, commit=None))
    assert parse_job_event(replace(request)) == JobEvent(project_id=380, job_id=1977, status="pending")
