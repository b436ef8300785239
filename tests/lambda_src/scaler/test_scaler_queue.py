"""The queue, both ways."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scaler.errors import SendError
from scaler.model import Kind, Message
from scaler.queue import Queue, correlation_ids, messages
from tests.lambda_src.scaler.fakes import START, FakeClock


def test_a_continue_message_joins_the_queue(stubbed: Any) -> None:
    client, stubber = stubbed("sqs")
    expected = {
        "QueueUrl": "https://queue",
        "MessageBody": json.dumps({"kind": "continue", "received_at": START}),
        "MessageGroupId": "fleet",
        "MessageDeduplicationId": "continue-1",
    }
    stubber.add_response("send_message", {"MessageId": "1"}, expected)
    Queue(lambda: client, "https://queue", FakeClock()).continue_later("continue-1")


def test_a_queue_that_takes_nothing_is_said(stubbed: Any) -> None:
    client, stubber = stubbed("sqs")
    stubber.add_client_error("send_message", "RequestThrottled", "Too many")
    with pytest.raises(SendError, match="Too many"):
        Queue(lambda: client, "https://queue", FakeClock()).continue_later("continue-1")


def record(body: object) -> dict[str, str]:
    return {"body": body if isinstance(body, str) else json.dumps(body)}


def test_messages_are_read_from_the_event() -> None:
    event = {
        "Records": [
            record({"kind": "hook", "project_id": 42, "job_id": 7, "status": "pending", "received_at": 1.5}),
            record({"kind": "tick", "scheduled_at": "2026-11-22T03:00:00Z", "received_at": 2}),
            record({"kind": "sweep", "scheduled_at": "2026-11-22T03:00:00Z", "received_at": 3}),
            record({"kind": "continue", "received_at": 4}),
        ]
    }
    assert messages(event) == (
        Message(Kind.HOOK, 1.5, 42),
        Message(Kind.TICK, 2.0),
        Message(Kind.SWEEP, 3.0),
        Message(Kind.CONTINUE, 4.0),
    )


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("{", id="no JSON"),
        pytest.param([], id="no object"),
        pytest.param({"kind": "party", "received_at": 1}, id="unknown kind"),
        pytest.param({"kind": "tick"}, id="no time"),
        pytest.param({"kind": "tick", "received_at": "now"}, id="time is a text"),
        pytest.param('{"kind": "tick", "received_at": NaN}', id="time is no number"),
        pytest.param({"kind": "hook", "received_at": 1}, id="no project"),
        pytest.param({"kind": "hook", "received_at": 1, "project_id": "7"}, id="project is a text"),
        pytest.param({"kind": "hook", "received_at": 1, "project_id": -7}, id="project is negative"),
        pytest.param({"kind": "hook", "received_at": 1, "project_id": True}, id="project is a truth value"),
    ],
)
def test_a_message_that_cannot_be_understood_is_dropped_alone(body: object, caplog: pytest.LogCaptureFixture) -> None:
    good = {"kind": "continue", "received_at": 4}
    assert messages({"Records": [record(body), record(good)]}) == (Message(Kind.CONTINUE, 4.0),)
    assert "dropped" in caplog.text


def test_messages_are_told_apart_by_what_their_senders_logged() -> None:
    records = [{"attributes": {"MessageDeduplicationId": "delivery-1"}, "body": "{}"}, {"body": "{}"}]
    assert correlation_ids({"Records": records}) == ("delivery-1",)


def test_an_event_without_records_has_no_messages() -> None:
    assert messages({}) == ()
