"""Entry point of the credential vendor; nothing is made before the first event, or before `start` asks for it."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any, Protocol

from common import telemetry
from credentials import collector, doors, metrics
from credentials.budget import Deadline
from credentials.settings import Settings

if TYPE_CHECKING:
    from credentials.wiring import Container


class Context(telemetry.Context, Protocol):
    """The part of Lambda's context object that is used."""

    @property
    def invoked_function_arn(self) -> str:
        """The function's ARN with the alias that was invoked."""
        ...


def handle(event: object, context: Context) -> dict[str, Any]:
    """Answer a CI job, a runner host, or whoever checks the grants.

    Raises:
        AliasError: the function was not invoked through one of its doors.
        VendError: a runner host gets no credentials, or the grants cannot be checked.
    """
    door = doors.door(context.invoked_function_arn)
    made = container()
    deadline = Deadline(doors.SECONDS[door])
    made.logs.request_id = context.aws_request_id
    try:
        if door == doors.JOBS:
            return made.doors.answer_job(event, deadline)
        if door == doors.CHECK:
            return made.check().answer(event, deadline)
        return made.doors.answer_host(event, deadline)
    finally:
        gauges = {metrics.CACHED: made.local.sweep(), metrics.IN_FLIGHT: made.sts.in_flight}
        made.gauge.flush(**gauges)


@functools.cache
def container() -> Container:
    """Return what lives as long as this container; made on the first call."""
    with collector.paused():
        # Lazy: what it imports is most of a cold start, and belongs into the block without garbage collection.
        from credentials import wiring  # noqa: PLC0415

        return wiring.container(Settings.parse(os.environ))
