"""Put messages on the fleet's queue."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any, Protocol

from common import aws

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_sqs.type_defs import SendMessageResultTypeDef

    from webhook.job_hook import JobEvent
    from webhook.tick import Tick

# One group for the whole fleet: its messages are handled one batch at a time, so there is one writer.
MESSAGE_GROUP = "fleet"

# What SQS takes as a deduplication id: letters, digits and ASCII punctuation.
_DEDUPLICATION_ID = re.compile(r"[\x21-\x7e]{1,128}")

_THROTTLED = frozenset({"RequestThrottled", "Throttling", "ThrottlingException", "TooManyRequestsException"})


class QueueError(Exception):
    """A message could not be put on the queue."""


class QueueThrottledError(QueueError):
    """The queue is full of messages like this one and takes no more just now."""


class SendClient(Protocol):
    """The part of the SQS client that is used here."""

    def send_message(
        self,
        *,
        QueueUrl: str,  # noqa: N803
        MessageBody: str,  # noqa: N803
        MessageGroupId: str,  # noqa: N803
        MessageDeduplicationId: str,  # noqa: N803
    ) -> SendMessageResultTypeDef:
        """Send one message."""
        ...


class Queue:
    """The FIFO queue between the webhook, the schedule and the scaler.

    Args:
        client_factory: returns an SQS client; called for each message.
        url: the queue's URL.
    """

    def __init__(self, client_factory: Callable[[], SendClient], url: str) -> None:
        self._client_factory = client_factory
        self._url = url

    def put_hook(self, event: JobEvent, deduplication_id: str, received_at: float) -> None:
        """Enqueue a job event.

        Raises:
            QueueThrottledError: the queue takes no more just now.
            QueueError: the message could not be sent.
        """
        body = {"project_id": event.project_id, "job_id": event.job_id, "status": event.status}
        self._send({"kind": "hook", **body, "received_at": received_at}, deduplication_id)

    def put_tick(self, tick: Tick, deduplication_id: str, received_at: float) -> None:
        """Enqueue a tick.

        Raises:
            QueueError: the message could not be sent.
        """
        body = {"kind": tick.kind, "scheduled_at": tick.scheduled_at, "received_at": received_at}
        self._send(body, deduplication_id)

    def _send(self, body: dict[str, Any], deduplication_id: str) -> None:
        try:
            self._client_factory().send_message(
                QueueUrl=self._url,
                MessageBody=json.dumps(body, separators=(",", ":")),
                MessageGroupId=MESSAGE_GROUP,
                MessageDeduplicationId=deduplication_id,
            )
        except aws.service_errors() as error:
            kind = QueueThrottledError if _code(error) in _THROTTLED else QueueError
            raise kind(f"the message could not be put on {self._url}: {error}") from error


def deduplication_id(delivery_id: str, body: bytes) -> str:
    """Return the id by which SQS recognises a repeated delivery for five minutes.

    Args:
        delivery_id: the id GitLab gave the delivery; empty if it gave none.
        body: the raw body, which stands in for a missing id.
    """
    if _DEDUPLICATION_ID.fullmatch(delivery_id):
        return delivery_id
    return hashlib.sha256(delivery_id.encode(errors="surrogatepass") or body).hexdigest()


def _code(error: Exception) -> str:
    response = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Code", ""))
