from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.lambda_src.webhook.fakes import load
from webhook.request import MAX_BODY_BYTES, RequestError, parse_request


def event(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = load("function_url.json")
    return made | changes


def refusal(given: object) -> tuple[int, str]:
    with pytest.raises(RequestError) as caught:
        parse_request(given)
    assert str(caught.value) == caught.value.reason
    return caught.value.status, caught.value.reason


def with_method(method: object) -> dict[str, Any]:
    made = event()
    made["requestContext"]["http"]["method"] = method
    return made


def test_header_names_are_lower_case_and_values_stay() -> None:
    request = parse_request(event(headers={"X-GitLab-Token": "AbC", "odd": None}))
    assert dict(request.headers) == {"x-gitlab-token": "AbC"}


def test_method_and_address_come_from_the_request_context() -> None:
    request = parse_request(event())
    assert (request.method, request.source_ip) == ("POST", "198.51.100.7")


def test_a_missing_source_address_is_empty() -> None:
    made = event()
    del made["requestContext"]["http"]["sourceIp"]
    assert parse_request(made).source_ip == ""


@pytest.mark.parametrize(
    ("changes", "body"),
    [
        pytest.param({"body": '{"ä":1}'}, '{"ä":1}'.encode(), id="text"),
        pytest.param({"body": "", "isBase64Encoded": True}, b"", id="empty base64"),
        pytest.param({"body": "e30=", "isBase64Encoded": True}, b"{}", id="base64"),
        pytest.param({"body": "e30="}, b"e30=", id="text that looks like base64"),
        pytest.param({"body": "e30=", "isBase64Encoded": "true"}, b"e30=", id="a flag that is no boolean"),
    ],
)
def test_the_body_is_what_was_sent(changes: dict[str, Any], body: bytes) -> None:
    assert parse_request(event(**changes)).body == body


def test_a_request_may_have_no_body() -> None:
    made = event()
    del made["body"]
    assert parse_request(made).body == b""


@pytest.mark.parametrize("method", ["GET", "PUT", "post", "HEAD", "", None, 7])
def test_only_post_is_allowed(method: object) -> None:
    assert refusal(with_method(method)) == (405, "the method is not POST")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        pytest.param([], "the event is not an object", id="a list"),
        pytest.param(None, "the event is not an object", id="nothing"),
        pytest.param({}, "the event has no requestContext", id="empty"),
        pytest.param(event(requestContext={}), "the event has no http", id="no http"),
        pytest.param(event(headers=None), "the event has no headers", id="no headers"),
        pytest.param(event(body=None), "the body is not text", id="null body"),
        pytest.param(event(body={"a": 1}), "the body is not text", id="object body"),
        pytest.param(event(body="\ud800"), "the body is not Unicode", id="lone surrogate"),
        pytest.param(event(body="e30", isBase64Encoded=True), "the body is not base64", id="no padding"),
        pytest.param(event(body="e3*0=", isBase64Encoded=True), "the body is not base64", id="a star"),
        pytest.param(event(body="ä", isBase64Encoded=True), "the body is not base64", id="not ascii"),
    ],
)
def test_what_is_malformed_is_named(given: object, reason: str) -> None:
    assert refusal(given) == (400, reason)


@pytest.mark.parametrize("encoded", [False, True])
def test_one_megabyte_is_the_most(encoded: bool) -> None:
    def body(size: int) -> str:
        text = "x" * size
        return base64.b64encode(text.encode()).decode() if encoded else text

    most = event(body=body(MAX_BODY_BYTES), isBase64Encoded=encoded)
    assert len(parse_request(most).body) == 1024 * 1024
    more = event(body=body(MAX_BODY_BYTES + 1), isBase64Encoded=encoded)
    assert refusal(more) == (413, "the body is over 1 MB")


def test_the_size_is_that_of_the_bytes_not_of_the_letters() -> None:
    assert refusal(event(body="ä" * (MAX_BODY_BYTES // 2 + 1)))[0] == 413


@pytest.mark.parametrize("claimed", ["1048577", "9" * 5000])
def test_a_claimed_size_over_one_megabyte_is_enough_to_refuse(claimed: str) -> None:
    given = event(headers={"Content-Length": claimed}, body="{}")
    assert refusal(given) == (413, "the body is claimed to be over 1 MB")


@pytest.mark.parametrize("claimed", ["1048576", "", "-1", "many", "1e9", "²"])
def test_any_other_claim_is_left_to_the_body(claimed: str) -> None:
    assert parse_request(event(headers={"Content-Length": claimed}, body="{}")).body == b"{}"
