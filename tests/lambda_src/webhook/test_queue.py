from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import ANY, Stubber

from webhook.job_hook import JobEvent
from webhook.queue import Queue, QueueError, QueueThrottledError, deduplication_id
from webhook.tick import Tick

if TYPE_CHECKING:
    from collections.abc import Iterator

URL = "https://sqs.us-east-1.amazonaws.com/000000000000/fleet-events.fifo"
EVENT = JobEvent(project_id=42, job_id=7, status="pending")


@pytest.fixture
def stubbed() -> Iterator[tuple[Queue, Stubber]]:
    client = boto3.client("sqs", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
    with Stubber(client) as stubber:
        yield Queue(lambda: client, URL), stubber
    client.close()


def expect(stubber: Stubber, body: dict[str, Any], identifier: str) -> None:
    sent = {
        "QueueUrl": URL,
        "MessageBody": json.dumps(body, separators=(",", ":")),
        "MessageGroupId": "fleet",
        "MessageDeduplicationId": identifier,
    }
    stubber.add_response("send_message", {"MessageId": "m"}, sent)


def test_a_hook_is_sent_as_the_scaler_expects_it(stubbed: tuple[Queue, Stubber]) -> None:
    queue, stubber = stubbed
    body = {"kind": "hook", "project_id": 42, "job_id": 7, "status": "pending", "received_at": 1763778600.123}
    expect(stubber, body, "evt-1")
    queue.put_hook(EVENT, "evt-1", 1763778600.123)
    stubber.assert_no_pending_responses()


@pytest.mark.parametrize("kind", ["tick", "sweep"])
def test_a_tick_is_sent_as_the_scaler_expects_it(stubbed: tuple[Queue, Stubber], kind: str) -> None:
    queue, stubber = stubbed
    body = {"kind": kind, "scheduled_at": "2026-11-22T03:00:00Z", "received_at": 1763778600.5}
    expect(stubber, body, "id-1")
    queue.put_tick(Tick(kind, "2026-11-22T03:00:00Z"), "id-1", 1763778600.5)
    stubber.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("code", "error"),
    [
        pytest.param("RequestThrottled", QueueThrottledError, id="SQS throttles"),
        pytest.param("ThrottlingException", QueueThrottledError, id="AWS throttles"),
        pytest.param("AccessDenied", QueueError, id="no permission"),
        pytest.param("AWS.SimpleQueueService.NonExistentQueue", QueueError, id="no queue"),
    ],
)
def test_a_refused_message_is_an_error(stubbed: tuple[Queue, Stubber], code: str, error: type[QueueError]) -> None:
    queue, stubber = stubbed
    stubber.add_client_error(
        "send_message",
        code,
        expected_params=dict.fromkeys(["QueueUrl", "MessageBody", "MessageGroupId", "MessageDeduplicationId"], ANY),
    )
    with pytest.raises(QueueError, match=f"could not be put on {URL}: .*{code}") as caught:
        queue.put_hook(EVENT, "evt-1", 1.0)
    assert type(caught.value) is error


def test_a_queue_out_of_reach_is_an_error() -> None:
    class Unreachable:
        def send_message(self, **_: Any) -> Any:
            raise EndpointConnectionError(endpoint_url=URL)

    with pytest.raises(QueueError, match="Could not connect") as caught:
        Queue(Unreachable, URL).put_hook(EVENT, "evt-1", 1.0)
    assert type(caught.value) is QueueError


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("delivery_id", "expected"),
    [
        pytest.param("0a8f1c52-4b0e-4b51-9d4d-8a1c0d6c4b11", "0a8f1c52-4b0e-4b51-9d4d-8a1c0d6c4b11", id="a UUID"),
        pytest.param("!~" * 64, "!~" * 64, id="the longest"),
        pytest.param("!~" * 64 + "x", sha256(b"!~" * 64 + b"x"), id="too long"),
        pytest.param("a b", sha256(b"a b"), id="a space"),
        pytest.param("a\n", sha256(b"a\n"), id="a line end"),
        pytest.param("ä\ud800", sha256("ä\ud800".encode(errors="surrogatepass")), id="not ASCII"),
        pytest.param("", sha256(b"the body"), id="absent"),
    ],
)
def test_a_repeated_delivery_has_the_same_id(delivery_id: str, expected: str) -> None:
    assert deduplication_id(delivery_id, b"the body") == expected
