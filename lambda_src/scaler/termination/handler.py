"""Entry point of the termination policy: answers within two seconds, from the scaler's state alone."""

from __future__ import annotations

import functools
import logging
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from common import aws, telemetry
from scaler.errors import StateError
from scaler.settings import TerminationSettings
from scaler.state import read_state
from scaler.termination.choose import RequestError, choose, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Policy:
    """Answers the group's question which instances may go.

    Attributes:
        client: returns a DynamoDB client.
        table: the state table.
        idle_seconds: how long an instance is idle before it may go without being suggested.
        clock: epoch seconds.
        offered: when which instances were offered, as far as this container knows.
    """

    client: Callable[[], DynamoDBClient]
    table: str
    idle_seconds: float
    clock: Callable[[], float]
    offered: dict[str, float] = field(default_factory=dict)

    def answer(self, event: Mapping[str, Any]) -> dict[str, list[str]]:
        """Return the instances that may go; none, if it is not known which are idle."""
        try:
            request = parse(event)
            state = read_state(self.client(), self.table)
        except (RequestError, StateError) as error:
            log.warning("no instance is offered: %s", error)
            return {"InstanceIDs": []}
        now = self.clock()
        lately = {key for key, at in self.offered.items() if at > state.observed_at}
        chosen = choose(request, state, now, self.idle_seconds, lately)
        self._remember(chosen, lately, now)
        log.info("%d of %d instances offered", len(chosen), len(request.candidates), extra={"cause": request.cause})
        return {"InstanceIDs": chosen}

    def _remember(self, chosen: Collection[str], lately: set[str], now: float) -> None:
        """Keep what was offered since the last observation, in this container alone: without, an offer only repeats."""
        for instance_id in self.offered.keys() - lately:
            del self.offered[instance_id]
        self.offered.update(dict.fromkeys(chosen, now))


def handle(event: Mapping[str, Any], context: telemetry.Context) -> dict[str, list[str]]:
    """Answer the Auto Scaling group."""
    policy, logs = _policy()
    logs.request_id = context.aws_request_id
    return policy.answer(event)


@functools.cache
def _policy() -> tuple[Policy, telemetry.JsonFormatter]:
    settings = TerminationSettings.parse(os.environ)
    client = aws.AgingClient(_dynamodb, time.time)
    policy = Policy(client, settings.state_table, settings.idle_seconds, time.time)
    return policy, telemetry.configure(settings.fleet, settings.log_level)


def _dynamodb() -> DynamoDBClient:
    # The group waits for two seconds in all and asks again soon.
    client: DynamoDBClient = aws.client("dynamodb", connect_timeout=0.5, read_timeout=1, max_attempts=1)
    return client
