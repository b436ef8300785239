"""Read the queue's messages, and put one on it to be continued."""

from __future__ import annotations

import json
import logging
import math
from typing import TYPE_CHECKING, Any

from common.aws import service_errors
from scaler.errors import SendError
from scaler.model import Kind, Message

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_sqs import SQSClient

log = logging.getLogger(__name__)

# The group of every message: one batch at a time is handled, so there is one writer.
MESSAGE_GROUP = "fleet"


def messages(event: Mapping[str, Any]) -> tuple[Message, ...]:
    """Return the messages of a Lambda event; one that cannot be understood is logged and left out."""
    found: list[Message] = []
    for record in event.get("Records", ()):
        try:
            found.append(_message(json.loads(record["body"]), _id(record)))
        except (ValueError, KeyError, TypeError) as error:
            log.warning("a message cannot be understood and is dropped: %r", error)
    return tuple(found)


def correlation_ids(event: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what tells a Lambda event's messages apart: the deduplication ids that their senders logged."""
    return tuple(filter(None, map(_id, event.get("Records", ()))))


def _id(record: Mapping[str, Any]) -> str:
    return str(record.get("attributes", {}).get("MessageDeduplicationId", ""))


def _message(body: Mapping[str, Any], message_id: str) -> Message:
    kind = Kind(body["kind"])
    received_at = body["received_at"]
    if not isinstance(received_at, int | float) or not math.isfinite(received_at):
        raise ValueError("received_at is not a time")
    return Message(kind, float(received_at), _project_id(body) if kind is Kind.HOOK else 0, message_id)


def _project_id(body: Mapping[str, Any]) -> int:
    project_id = body["project_id"]
    if not isinstance(project_id, int) or isinstance(project_id, bool) or project_id < 1:
        raise ValueError("project_id is not an id")
    return project_id


class Queue:
    """The fleet's FIFO queue.

    Args:
        client: returns an SQS client.
        url: the queue's URL.
        clock: epoch seconds.
    """

    def __init__(self, client: Callable[[], SQSClient], url: str, clock: Callable[[], float]) -> None:
        self._client = client
        self._url = url
        self._clock = clock

    def continue_later(self, deduplication_id: str) -> None:
        """Ask for another turn, behind the messages that wait already.

        Raises:
            SendError: the message could not be sent.
        """
        body = {"kind": Kind.CONTINUE.value, "received_at": self._clock()}
        try:
            self._client().send_message(
                QueueUrl=self._url,
                MessageBody=json.dumps(body),
                MessageGroupId=MESSAGE_GROUP,
                MessageDeduplicationId=deduplication_id,
            )
        except service_errors() as error:
            raise SendError(str(error)) from error
