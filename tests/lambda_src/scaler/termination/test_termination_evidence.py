"""The termination policy on a full state, in every case in which the group asks, and in time."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.stub import Stubber

from scaler import codec
from scaler.termination.choose import choose, parse
from scaler.termination.handler import Policy
from tests.lambda_src.scaler.fakes import START, FakeClock, instance_id
from tests.lambda_src.scaler.full_state import FLEET, IDLE, full_state

if TYPE_CHECKING:
    from scaler.model import State

ZONES = ("us-east-1a", "us-east-1b")


@pytest.fixture(scope="module")
def full() -> State:
    return full_state(START)


def zone(instance: str) -> str:
    return ZONES[int(instance[-1], 16) % 2]


def event(cause: str, capacity: dict[str, int], *instances: str) -> dict[str, Any]:
    market = {"InstanceMarketOption": "spot"}
    return {
        "CapacityToTerminate": [{"AvailabilityZone": place, "Capacity": n, **market} for place, n in capacity.items()],
        "Instances": [
            {"AvailabilityZone": zone(i), "InstanceId": i, "InstanceType": "m7i.large", **market} for i in instances
        ],
        "Cause": cause,
    }


EVERYBODY = tuple(instance_id(number) for number in range(1, FLEET + 1))


# https://docs.aws.amazon.com/autoscaling/ec2/userguide/lambda-custom-termination-policy.html
@pytest.mark.parametrize("cause", ["SCALE_IN", "INSTANCE_REFRESH", "MAX_INSTANCE_LIFETIME", "REBALANCE", "of later"])
def test_whatever_the_cause_only_idle_instances_of_the_zone_are_offered(cause: str, full: State) -> None:
    chosen = choose(parse(event(cause, {ZONES[0]: 3, ZONES[1]: 2}, *EVERYBODY)), full, START, 900)
    assert len(chosen) == 5
    assert set(chosen) <= set(IDLE)
    assert sorted(map(zone, chosen)) == [ZONES[0]] * 3 + [ZONES[1]] * 2


def test_a_zone_without_an_idle_instance_gives_no_busy_one(full: State) -> None:
    elsewhere = tuple(i for i in IDLE if zone(i) == ZONES[1])
    there = tuple(i for i in EVERYBODY if zone(i) == ZONES[0] and i not in IDLE)
    state = replace(full, idle=elsewhere)
    assert choose(parse(event("SCALE_IN", {ZONES[0]: 4}, *there, *elsewhere)), state, START, 900) == []
    both = event("SCALE_IN", {ZONES[0]: 4, ZONES[1]: 1}, *there, *elsewhere)
    assert choose(parse(both), state, START, 900) == [elsewhere[0]]


def test_a_full_state_is_answered_from_within_a_tenth_of_the_two_seconds(full: State) -> None:
    client = boto3.session.Session().client(
        "dynamodb", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    item = {"id": {"S": "state"}, "version": {"N": "1"}, "data": {"B": codec.encode(full)}}
    asked = event("SCALE_IN", {ZONES[0]: 50, ZONES[1]: 50}, *EVERYBODY)
    with Stubber(client) as stubber:
        stubber.add_response("get_item", {"Item": item})
        policy = Policy(lambda: cast("Any", stubber.client), "state", 900, FakeClock())
        began = time.process_time()
        answer = policy.answer(asked)
        seconds = time.process_time() - began
    assert len(answer["InstanceIDs"]) == 100
    assert seconds < 0.2
