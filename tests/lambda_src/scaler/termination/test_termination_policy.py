from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from scaler import codec
from scaler.model import Clock, State
from scaler.termination import handler
from scaler.termination.choose import Request, parse
from scaler.termination.choose import choose as choose_of
from scaler.termination.handler import Policy
from tests.lambda_src.scaler.fakes import START, FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from mypy_boto3_dynamodb import DynamoDBClient

IDLE = ("i-1", "i-2", "i-3")
IDLE_SECONDS = 600


def idle_for(seconds: float, *instances: str) -> State:
    """Return a complete observation in which these instances are idle, by now for so long."""
    clocks = dict.fromkeys(instances, Clock(START - seconds, is_busy=False))
    return State(instances=clocks, idle=instances, is_complete=True, observed_at=START - 30)


STATE = idle_for(IDLE_SECONDS, *IDLE)


def choose(request: Request, state: State, now: float) -> list[str]:
    return choose_of(request, state, now, IDLE_SECONDS)


def event(capacity: int, *instances: str, zone: str = "us-east-1a", market: str = "spot") -> dict[str, Any]:
    return {
        "AutoScalingGroupARN": "arn:aws:autoscaling:us-east-1:000000000000:autoScalingGroup:1:autoScalingGroupName/f",
        "AutoScalingGroupName": "f",
        "CapacityToTerminate": [{"AvailabilityZone": zone, "Capacity": capacity, "InstanceMarketOption": market}],
        "Instances": [
            {
                "AvailabilityZone": zone,
                "InstanceId": instance,
                "InstanceType": "t3.nano",
                "InstanceMarketOption": market,
            }
            for instance in instances
        ],
        "Cause": "SCALE_IN",
    }


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        pytest.param(event(1, "i-3", "i-2", "i-1"), ["i-1"], id="the longest idle"),
        pytest.param(event(2, "i-3", "i-2"), ["i-2", "i-3"], id="those given first"),
        pytest.param(event(2, "i-9", "i-8"), ["i-1", "i-2"], id="others, when only busy ones are given"),
        pytest.param(event(4, "i-2", "i-9"), ["i-2", "i-1", "i-3"], id="never a busy or unknown one"),
        pytest.param(event(0, "i-1"), [], id="none asked for"),
        pytest.param({}, [], id="an empty event"),
    ],
)
def test_idle_instances_are_offered(asked: dict[str, Any], chosen: list[str]) -> None:
    assert choose(parse(asked), STATE, START) == chosen


# An instance refresh and a rebalancing ask before they launch: what is new and idle would go for them at once.
@pytest.mark.parametrize("cause", ["INSTANCE_REFRESH", "MAX_INSTANCE_LIFETIME", "REBALANCE", "of later", ""])
def test_only_a_smaller_capacity_takes_others_than_those_given(cause: str) -> None:
    asked = event(2, "i-9", "i-2") | {"Cause": cause}
    assert choose(parse(asked), STATE, START) == ["i-2"]


@pytest.mark.parametrize(("seconds", "chosen"), [(IDLE_SECONDS - 1, []), (IDLE_SECONDS, ["i-1"])])
def test_others_than_those_given_go_after_their_idle_time(seconds: float, chosen: list[str]) -> None:
    assert choose(parse(event(1, "i-9")), idle_for(seconds, "i-1"), START) == chosen
    assert choose(parse(event(1, "i-1")), idle_for(seconds, "i-1"), START) == ["i-1"]


def test_an_instance_without_an_idle_clock_goes_only_when_it_is_given() -> None:
    state = replace(STATE, instances={})
    assert choose(parse(event(1, "i-9")), state, START) == []
    assert choose(parse(event(1, "i-1")), state, START) == ["i-1"]


def test_each_zone_and_market_has_its_own_capacity() -> None:
    asked = event(1, "i-1", "i-2")
    other = event(1, "i-3", zone="us-east-1b", market="on-demand")
    asked["CapacityToTerminate"] += other["CapacityToTerminate"]
    asked["Instances"] += other["Instances"]
    assert choose(parse(asked), STATE, START) == ["i-1", "i-3"]


PLACES = [(zone, market) for zone in ("us-east-1a", "us-east-1b") for market in ("spot", "on-demand")]


@given(
    st.lists(st.tuples(st.sampled_from(PLACES), st.booleans(), st.booleans()), max_size=40),
    st.dictionaries(st.sampled_from(PLACES), st.integers(0, 12)),
    st.randoms(use_true_random=False),
)
def test_of_those_given_exactly_as_many_of_the_longest_idle_go_as_are_asked_for(
    fleet: list[tuple[tuple[str, str], bool, bool]], wanted: dict[tuple[str, str], int], random: Random
) -> None:
    """A fleet: each instance's place, whether it is idle, and whether the group offers it."""
    places = {f"i-{number}": place for number, (place, _, _) in enumerate(fleet)}
    idle = [f"i-{number}" for number, (_, is_idle, _) in enumerate(fleet) if is_idle]
    given_ids = [f"i-{number}" for number, (_, _, is_given) in enumerate(fleet) if is_given]
    random.shuffle(idle)
    random.shuffle(given_ids)
    asked: dict[str, Any] = {"CapacityToTerminate": [], "Instances": [], "Cause": "SCALE_IN"}
    for instance in given_ids:
        asked["Instances"] += event(0, instance, zone=places[instance][0], market=places[instance][1])["Instances"]
    for (zone, market), capacity in wanted.items():
        asked["CapacityToTerminate"] += event(capacity, zone=zone, market=market)["CapacityToTerminate"]
    chosen = choose(parse(asked), idle_for(IDLE_SECONDS, *idle), START)
    for place in PLACES:
        may_go = [instance for instance in idle if instance in given_ids and places[instance] == place]
        assert may_go[: wanted.get(place, 0)] == [
            instance for instance in chosen if instance in given_ids and places[instance] == place
        ]
    others = [instance for instance in idle if instance not in given_ids]
    still_wanted = sum(wanted.values()) - sum(instance in given_ids for instance in chosen)
    assert [instance for instance in chosen if instance not in given_ids] == others[:still_wanted]
    assert len(chosen) == len(set(chosen)) <= sum(wanted.values())


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(replace(STATE, is_complete=False), id="incomplete"),
        pytest.param(replace(STATE, observed_at=START - 301), id="old"),
        pytest.param(replace(STATE, observed_at=START + 1), id="from the future"),
        pytest.param(State(), id="empty"),
    ],
)
def test_what_is_unknown_offers_nothing(state: State) -> None:
    assert choose(parse(event(3, *IDLE)), state, START) == []


@pytest.fixture
def table() -> Iterator[Stubber]:
    client = boto3.session.Session().client(
        "dynamodb", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    with Stubber(client) as stubber:
        yield stubber


def policy(table: Stubber) -> Policy:
    return Policy(lambda: cast("DynamoDBClient", table.client), "state", IDLE_SECONDS, FakeClock())


def add_state(table: Stubber, state: State) -> None:
    item = {"id": {"S": "state"}, "version": {"N": "1"}, "data": {"B": codec.encode(state)}}
    table.add_response("get_item", {"Item": item})


def test_the_policy_answers_from_the_state(table: Stubber) -> None:
    add_state(table, STATE)
    assert policy(table).answer(event(1, *IDLE)) == {"InstanceIDs": ["i-1"]}


def test_what_was_offered_since_the_observation_comes_last_so_that_it_takes_no_others_place(table: Stubber) -> None:
    clock = FakeClock()
    asked = Policy(lambda: cast("DynamoDBClient", table.client), "state", IDLE_SECONDS, clock)

    def offered(state: State) -> list[str]:
        add_state(table, state)
        return asked.answer(event(1, "i-9"))["InstanceIDs"]

    assert [offered(STATE) for _ in range(4)] == [["i-1"], ["i-2"], ["i-3"], ["i-1"]]
    clock.sleep(20)
    # It is idle as before: it has not gone.
    assert offered(replace(STATE, observed_at=START + 10)) == ["i-1"]


def test_without_the_state_nothing_is_offered(table: Stubber, caplog: pytest.LogCaptureFixture) -> None:
    table.add_client_error("get_item", "InternalServerError", "broken")
    assert policy(table).answer(event(1, *IDLE)) == {"InstanceIDs": []}
    assert "no instance is offered" in caplog.text


@pytest.mark.parametrize(
    "asked",
    [
        {"Instances": [{"AvailabilityZone": "us-east-1a"}]},
        {"Instances": None},
        {"CapacityToTerminate": [{"Capacity": "many"}]},
        {"CapacityToTerminate": ["x"]},
    ],
)
def test_an_event_that_cannot_be_understood_offers_nothing(
    asked: dict[str, Any], table: Stubber, caplog: pytest.LogCaptureFixture
) -> None:
    assert policy(table).answer(asked) == {"InstanceIDs": []}
    assert "cannot be understood" in caplog.text


class Context:
    aws_request_id = "1234"


def test_the_entry_point_answers_within_two_seconds_even_when_the_table_is_out_of_reach(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    variables = {
        "FLEET": "blue",
        "LOG_LEVEL": "INFO",
        "STATE_TABLE": "blue-state",
        "IDLE_SECONDS": "600",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    handler._policy.cache_clear()
    try:
        assert handler.handle(event(1, *IDLE), Context()) == {"InstanceIDs": []}
    finally:
        handler._policy.cache_clear()
        root.handlers = handlers
        root.setLevel(level)
