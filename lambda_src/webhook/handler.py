"""Entry points of the webhook and the schedule function; nothing is built before the first event."""

from __future__ import annotations

import functools
import logging
import os
import time
from typing import TYPE_CHECKING, Any

from common import aws, telemetry
from common.secrets import SecretStore
from webhook.queue import Queue, QueueError
from webhook.receive import Receiver
from webhook.settings import ScheduleSettings, WebhookSettings
from webhook.tick import parse_tick

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

log = logging.getLogger(__name__)


def receive(event: Mapping[str, Any], context: telemetry.Context) -> dict[str, Any]:
    """Answer a request to the webhook's function URL."""
    receiver, logs = _webhook()
    logs.request_id = context.aws_request_id
    return receiver.receive(event)


def tick(event: Mapping[str, Any], context: telemetry.Context) -> None:
    """Enqueue a tick of the schedule, or one that the scaler has asked for, which is waited for.

    An error makes Lambda invoke the function again, but not for what the scaler asked for: the next tick is nearer.

    Raises:
        TickError: the event is malformed.
        QueueError: the queue cannot be reached.
    """
    queue, logs = _schedule()
    logs.request_id = context.aws_request_id
    due = parse_tick(event, time.time())
    time.sleep(due.after_seconds or 0.0)
    correlation_id = due.deduplication_id(context.aws_request_id)
    try:
        queue.put_tick(due, correlation_id, time.time())
    except QueueError as error:
        if due.after_seconds is None:
            raise
        log.warning("a tick between two others is left out: %s", error)
        return
    about = {"kind": due.kind, "scheduled_at": due.scheduled_at, "correlation_id": correlation_id}
    log.info("tick queued", extra=about)


@functools.cache
def _webhook() -> tuple[Receiver, telemetry.JsonFormatter]:
    settings = WebhookSettings.parse(os.environ)
    receiver = Receiver(
        secret_parameter=settings.secret_parameter,
        signing_token_parameter=settings.signing_token_parameter,
        networks=settings.networks,
        secrets=SecretStore(aws.AgingClient(_ssm, time.time), time.time),
        queue=Queue(aws.AgingClient(_sqs, time.time), settings.queue_url),
        clock=time.time,
    )
    return receiver, telemetry.configure(settings.fleet, settings.log_level)


@functools.cache
def _schedule() -> tuple[Queue, telemetry.JsonFormatter]:
    settings = ScheduleSettings.parse(os.environ)
    queue = Queue(aws.AgingClient(_sqs, time.time), settings.queue_url)
    return queue, telemetry.configure(settings.fleet, settings.log_level)


# GitLab waits 10 seconds: a service may time out twice, and there still is an answer.
def _ssm() -> SSMClient:
    made: SSMClient = aws.client("ssm", connect_timeout=1, read_timeout=2, max_attempts=2)
    return made


def _sqs() -> SQSClient:
    made: SQSClient = aws.client("sqs", connect_timeout=1, read_timeout=2, max_attempts=2)
    return made
