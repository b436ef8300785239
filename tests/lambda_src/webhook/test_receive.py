from __future__ import annotations

import ipaddress
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.lambda_src.webhook import fakes
from tests.lambda_src.webhook.fakes import (
    NOW,
    OTHER_SIGNING_TOKEN,
    SECRET_TOKEN,
    SIGNING_TOKEN,
    FakeQueue,
    job_body,
    signed,
    url_event,
    with_headers,
)
from webhook.job_hook import JobEvent
from webhook.queue import QueueError, QueueThrottledError
from webhook.request import Request

if TYPE_CHECKING:
    from webhook.receive import Receiver

PENDING = JobEvent(project_id=380, job_id=1977, status="pending")


def answer(status: int) -> dict[str, Any]:
    return {"statusCode": status, "headers": {}, "body": ""}


def by_token(body: bytes = b"", **headers: str | None) -> Request:
    request = Request("POST", "198.51.100.7", {"x-gitlab-event": "Job Hook"}, body or job_body())
    return with_headers(request, **{"X_Gitlab_Token": SECRET_TOKEN, **headers})


@pytest.fixture
def queue() -> FakeQueue:
    return FakeQueue()


@pytest.fixture
def signing(queue: FakeQueue) -> Receiver:
    return fakes.receiver(queue, signing=(SIGNING_TOKEN,))


@pytest.fixture
def secret(queue: FakeQueue) -> Receiver:
    return fakes.receiver(queue, secret=(SECRET_TOKEN,))


@pytest.mark.parametrize("encoded", [False, True])
def test_a_signed_job_event_is_enqueued_and_answered_202(signing: Receiver, queue: FakeQueue, encoded: bool) -> None:
    assert signing.receive(url_event(signed(job_body()), encoded=encoded)) == answer(202)
    assert queue.sent == [(PENDING, "evt-1", NOW)]


def test_a_job_event_with_the_secret_token_is_enqueued(secret: Receiver, queue: FakeQueue) -> None:
    assert secret.receive(url_event(by_token(idempotency_key="key-1"))) == answer(202)
    assert queue.sent == [(PENDING, "key-1", NOW)]


def test_a_delivery_without_an_id_is_known_by_its_body(secret: Receiver, queue: FakeQueue) -> None:
    secret.receive(url_event(by_token()))
    secret.receive(url_event(by_token()))
    secret.receive(url_event(by_token(job_body(build_id=2))))
    first, again, other = (identifier for _, identifier, _ in queue.sent)
    assert first == again != other


def test_a_replay_cannot_get_a_new_id_from_an_unsigned_header(signing: Receiver, queue: FakeQueue) -> None:
    signing.receive(url_event(with_headers(signed(job_body()), idempotency_key="new")))
    assert [identifier for _, identifier, _ in queue.sent] == ["evt-1"]


def test_a_genuine_event_that_does_not_matter_is_answered_204(signing: Receiver, queue: FakeQueue) -> None:
    assert signing.receive(url_event(signed(job_body(build_status="created")))) == answer(204)
    assert queue.sent == []


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        pytest.param(with_headers(signed(job_body()), webhook_signature="v1,AAAA"), 401, id="forged"),
        pytest.param(with_headers(signed(job_body()), webhook_signature=None), 401, id="unsigned"),
        pytest.param(by_token(), 401, id="secret token instead of a signature"),
        pytest.param(signed(job_body(), timestamp="1795316099"), 401, id="stale"),
        pytest.param(with_headers(signed(b"{"), webhook_signature="v1,AAAA"), 401, id="forged and malformed"),
        pytest.param(signed(b"{"), 400, id="signed and malformed"),
        pytest.param(signed(job_body(project_id="x")), 400, id="signed and ill-typed"),
        pytest.param(signed(b"x" * (1024 * 1024 + 1)), 413, id="over 1 MB"),
        pytest.param(signed(b"x" * (1024 * 1024)), 400, id="exactly 1 MB, no JSON"),
    ],
)
def test_what_is_refused_is_not_enqueued(signing: Receiver, queue: FakeQueue, request_: Request, status: int) -> None:
    assert signing.receive(url_event(request_)) == answer(status)
    assert queue.sent == []


def test_a_get_is_told_which_method_is_allowed(signing: Receiver, queue: FakeQueue) -> None:
    event = url_event(replace(signed(b""), method="GET"))
    assert signing.receive(event) == {"statusCode": 405, "headers": {"Allow": "POST"}, "body": ""}


def test_a_right_secret_from_the_wrong_address_is_refused(queue: FakeQueue) -> None:
    receiver = fakes.receiver(queue, secret=(SECRET_TOKEN,), networks=(ipaddress.ip_network("10.0.0.0/8"),))
    assert receiver.receive(url_event(by_token())) == answer(401)
    assert queue.sent == []


def test_both_values_of_a_rotated_token_are_accepted(queue: FakeQueue) -> None:
    receiver = fakes.receiver(queue, signing=(OTHER_SIGNING_TOKEN, SIGNING_TOKEN))
    assert receiver.receive(url_event(signed(job_body()))) == answer(202)


def test_the_secret_token_is_not_even_read_where_requests_are_signed(queue: FakeQueue) -> None:
    receiver = replace(fakes.receiver(queue, signing=(SIGNING_TOKEN,)), secret_parameter="/fleet/deleted")
    assert receiver.receive(url_event(signed(job_body()))) == answer(202)


@pytest.mark.parametrize(
    ("secret_name", "token_name"), [("/fleet/unreadable", ""), ("/fleet/secret", "/fleet/unreadable")]
)
def test_without_a_readable_secret_nothing_is_accepted(
    secret: Receiver, queue: FakeQueue, secret_name: str, token_name: str, caplog: pytest.LogCaptureFixture
) -> None:
    receiver = replace(secret, secret_parameter=secret_name, signing_token_parameter=token_name)
    assert receiver.receive(url_event(by_token())) == answer(503)
    assert queue.sent == []
    assert caplog.records[-1].__dict__["reason"] == "SSM parameter cannot be read: /fleet/unreadable"


def test_a_malformed_signing_token_accepts_nothing_and_is_not_logged(
    queue: FakeQueue, caplog: pytest.LogCaptureFixture
) -> None:
    receiver = fakes.receiver(queue, signing=("canary",))
    assert receiver.receive(url_event(signed(job_body()))) == answer(503)
    assert queue.sent == []
    assert "canary" not in str([vars(record) for record in caplog.records])


def test_a_queue_out_of_reach_is_answered_503_so_that_gitlab_shows_it(caplog: pytest.LogCaptureFixture) -> None:
    receiver = fakes.receiver(FakeQueue(QueueError("no route")), signing=(SIGNING_TOKEN,))
    assert receiver.receive(url_event(signed(job_body()))) == answer(503)
    assert [(r.levelno, r.__dict__["reason"]) for r in caplog.records] == [(logging.ERROR, "no route")]


def test_too_many_hooks_at_once_are_still_answered_202(caplog: pytest.LogCaptureFixture) -> None:
    receiver = fakes.receiver(FakeQueue(QueueThrottledError("slow down")), signing=(SIGNING_TOKEN,))
    assert receiver.receive(url_event(signed(job_body()))) == answer(202)
    assert [(r.levelno, r.__dict__["reason"]) for r in caplog.records] == [(logging.WARNING, "slow down")]


def test_a_refusal_says_why_and_from_where_in_the_log(secret: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    secret.receive(url_event(by_token(x_gitlab_token="canary-guess", X_Gitlab_Token=None)))
    assert [r.__dict__["reason"] for r in caplog.records] == ["the secret token is wrong (from 198.51.100.7)"]
    assert "canary-guess" not in str([vars(record) for record in caplog.records])
