"""The checks of make smoke against the local AWS."""

from __future__ import annotations

import dataclasses
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.support import eventually
from tools.smoke.fleet import Fleet, connect
from tools.smoke.model import FAILED, NOT_TRIED, OK
from tools.smoke.run import CHECKS, outcome, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.support import Live

pytestmark = pytest.mark.e2e

UNANSWERED = {
    "image": "the local AWS does not resolve parameters in launch templates",
    "ticks": "the stack is new, and the local AWS does not count every start",
}
SCHEDULES = next(check for check in CHECKS if check.name == "schedules")
OBSERVED = next(check for check in CHECKS if check.name == "metrics")
# What get_schedule answers and update_schedule does not take.
NO_INPUTS = ("Arn", "CreationDate", "LastModificationDate", "ResponseMetadata", "State")


@pytest.fixture
def fleet(live: Live) -> Fleet:
    found = connect(live.addresses["fleet"], live.addresses["region"], live.addresses["aws_endpoint"])
    return dataclasses.replace(found, sleep=lambda seconds: time.sleep(min(seconds, 0.2)))


@pytest.fixture
def disabled(fleet: Fleet) -> Iterator[None]:
    """The tick, switched off."""
    scheduler = fleet.client("scheduler")
    name = {"GroupName": fleet.name, "Name": f"{fleet.name}-tick"}
    tick: dict[str, Any] = scheduler.get_schedule(**name)
    kept = {key: value for key, value in tick.items() if key not in {*name, *NO_INPUTS}}
    scheduler.update_schedule(**name, **kept, State="DISABLED")
    try:
        yield
    finally:
        scheduler.update_schedule(**name, **kept, State=tick["State"])


def sweep(fleet: Fleet) -> None:
    """Let the scaler look now, at a moment long ago that no sweep of the schedule's own has."""
    payload = json.dumps({"kind": "sweep", "scheduled_at": "2001-01-01T00:00:00Z"})
    answer = fleet.client("lambda").invoke(FunctionName=fleet.function("schedule"), Payload=payload)
    assert "FunctionError" not in answer, answer["Payload"].read()


def test_every_check_of_a_healthy_fleet_passes_unless_the_local_aws_cannot_answer(fleet: Fleet) -> None:
    sweep(fleet)
    eventually(lambda: outcome(fleet, OBSERVED).status == OK, "an observation")
    results = run(fleet, CHECKS, print, changes=True)
    assert [result for result in results if result.status == FAILED] == []
    assert {result.name for result in results if result.status == NOT_TRIED} <= set(UNANSWERED)


def test_a_schedule_that_is_switched_off_is_found(fleet: Fleet, disabled: None) -> None:
    result = outcome(fleet, SCHEDULES)
    assert (result.status, result.detail) == (FAILED, "tick is DISABLED")
