"""Entry point of the scaler: wires the use case to the world. Nothing is built before the first event."""

from __future__ import annotations

import functools
import logging
import os
import random
import time
from typing import TYPE_CHECKING, Any, Protocol

from common import aws, telemetry
from common.secrets import SecretStore
from scaler.autoscaling import AutoScalingGroup
from scaler.call import Call
from scaler.cloudwatch import Metrics
from scaler.expiry import Expiry
from scaler.gitlab import GitLabClient
from scaler.model import Kind
from scaler.observe import WORKERS, in_threads
from scaler.queue import Queue, correlation_ids, messages
from scaler.scale import Scaler
from scaler.services import Services
from scaler.sessions import Sessions
from scaler.settings import Settings
from scaler.state import StateTable
from scaler.tokens import Tokens
from scaler.wake import Waker

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

log = logging.getLogger(__name__)

# Reading the token takes a call on the way from a hook to capacity. A refused one is read again at once, so that its
# rotation needs no shorter life.
SECRET_LIFE_SECONDS = 900.0
# Once a day GitLab is asked about the token itself, beside the requests that the scaler counts.
EXPIRY_REQUESTS = 2
EXPIRY_SECONDS = 3.0


class Context(telemetry.Context, Protocol):
    """The part of Lambda's context object that is used."""

    def get_remaining_time_in_millis(self) -> int:
        """Return how long this invocation may still take."""
        ...


def handle(event: Mapping[str, Any], context: Context) -> None:
    """Handle a batch of the queue. It is always acknowledged: what went wrong, the schedule heals."""
    scaler, logs = _scaler()
    logs.request_id = context.aws_request_id
    logs.correlation_ids = correlation_ids(event)
    batch = messages(event)
    outcome = scaler.handle(batch, context.get_remaining_time_in_millis() / 1000)
    log.debug("done", extra={"outcome": outcome})
    if batch and all(message.kind in {Kind.TICK, Kind.SWEEP} for message in batch):
        # Nobody waits for the end of what the schedule brought.
        _expiry().look()


@functools.cache
def _scaler() -> tuple[Scaler, telemetry.JsonFormatter]:
    settings = Settings.parse(os.environ)
    return Scaler(_services(settings), settings.configuration), telemetry.configure(settings.fleet, settings.log_level)


@functools.cache
def _expiry() -> Expiry:
    settings = Settings.parse(os.environ)
    connect = _gitlab(settings)

    def ask() -> object:
        return connect(Call(EXPIRY_REQUESTS, time.time() + EXPIRY_SECONDS, time.time)).own_token()

    return Expiry(ask, Metrics(_aging("cloudwatch"), settings.fleet).publish, time.time)


def _services(settings: Settings) -> Services:
    return Services(
        table=StateTable(_aging("dynamodb"), settings.state_table, time.time),
        group=AutoScalingGroup(_aging("autoscaling"), settings.autoscaling_group),
        connect=_gitlab(settings),
        publish=Metrics(_aging("cloudwatch"), settings.fleet).publish,
        continue_later=Queue(_aging("sqs"), settings.queue_url, time.time).continue_later,
        wake=Waker(_aging("lambda"), settings.schedule_function).wake,
        clock=time.time,
        sleep=time.sleep,
        gather=in_threads,
    )


def _aging(service: Any) -> Any:  # noqa: ANN401 - the service's name decides the client's type
    return aws.AgingClient(functools.partial(aws.client, service, connect_timeout=1, read_timeout=3), time.time)


def _gitlab(settings: Settings) -> Callable[[Call], GitLabClient]:
    secrets = SecretStore(_aging("ssm"), time.time, SECRET_LIFE_SECONDS)
    sessions = Sessions(
        secrets,
        settings.gitlab_ca_parameter,
        settings.connection_max_age_seconds,
        pool_size=WORKERS,
        clock=time.time,
    )
    configuration = settings.configuration

    def connect(call: Call) -> GitLabClient:
        return GitLabClient(
            settings.gitlab_url,
            sessions.get,
            Tokens(secrets, settings.gitlab_token_parameter),
            call,
            clock=time.time,
            sleep=time.sleep,
            jitter=random.random,
            runner=configuration.runner,
            narrow=configuration.narrow,
        )

    return connect
