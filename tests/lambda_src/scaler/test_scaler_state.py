"""The state: its encoding and its table."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from scaler import codec
from scaler.boot import Boots
from scaler.coming import NOTHING, Unfinished
from scaler.errors import ConflictError, StateError
from scaler.model import Clock, Listing, Project, ProtectedRefs, Scope, State, Stored
from scaler.state import StateTable, read_state
from tests.lambda_src.scaler.fakes import START, FakeClock

FULL_STATE = State(
    projects={
        7: Project(
            7,
            listed=True,
            hook_first=START,
            read_at=START + 0.125,
            running=("r_0123456789ab",),
            runners=("5",),
            protected=ProtectedRefs(START, ("main",), ("v*",)),
        ),
        8: Project(8, created_cut=(9,), created_cursor="eyJpZCI6IjEifQ", unfinished=Unfinished(START, ((9, 10),))),
    },
    listing=Listing(read_at=START, sources=("group:a",), found=(1, 2), scope=("membership",)),
    instances={"i-1": Clock(START, is_busy=True)},
    idle=("i-1",),
    requests=((1, 2),),
    hooks=((3, 4),),
    is_complete=True,
    desired_left=4,
    runner_id="5",
    runner_denied="4",
    runner_denied_until=START,
    boots=Boots((60.0,), {"i-2": START}, excused=1),
    said=(("more is needed", START),),
    absences={1 << 40: 3},
)


@pytest.mark.parametrize("state", [State(), FULL_STATE], ids=["empty", "full"])
def test_the_state_survives_its_encoding(state: State) -> None:
    assert codec.decode(codec.encode(state)) == state


def test_what_only_a_later_version_knows_is_left_out() -> None:
    written = json.loads(gzip.decompress(codec.encode(FULL_STATE)))
    for record in (written, *written["projects"], written["projects"][0]["protected"], written["listing"]):
        record["of_later"] = ["x"]
    written["boots"]["of_later"] = 1
    written["bursts"] = {"of_later": 1}
    assert codec.decode(gzip.compress(json.dumps(written).encode())) == FULL_STATE


def test_what_an_earlier_version_has_not_written_is_not_known() -> None:
    written = gzip.compress(b'{"format": 1, "projects": [{"id": 7, "running": ["r_0123456789ab"]}], "instances": {}}')
    state = codec.decode(written)
    assert (state.runner_id, state.projects[7].runners) == ("", ())
    assert (state.said, state.absences, state.projects[7].unfinished) == ((), {}, NOTHING)


def test_unfinished_pipelines_are_read_by_the_name_that_an_earlier_version_gave_them() -> None:
    written = json.loads(gzip.decompress(codec.encode(FULL_STATE)))
    written["projects"][1]["left"] = written["projects"][1].pop("unfinished")
    assert codec.decode(gzip.compress(json.dumps(written).encode())) == FULL_STATE


def test_the_state_of_500_projects_is_small() -> None:
    projects = {n: Project(n, listed=True, read_at=START + n, attempted_at=START + n) for n in range(500)}
    assert len(codec.encode(State(projects=projects))) < 20_000


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"text", id="not compressed"),
        pytest.param(codec.encode(FULL_STATE)[:-10], id="cut off"),
        pytest.param(gzip.compress(b"[]"), id="no object"),
        pytest.param(gzip.compress(b'{"format": 2}'), id="another format"),
        pytest.param(gzip.compress(b'{"format": 1, "projects": [{}], "instances": {}}'), id="no project id"),
    ],
)
def test_what_is_no_state_is_said(data: bytes) -> None:
    with pytest.raises(StateError):
        codec.decode(data)


def state_item(version: int, data: bytes) -> dict[str, Any]:
    return {"id": {"S": "state"}, "version": {"N": str(version)}, "data": {"B": data}, "written_at": {"N": "1"}}


BOTH = {"RequestItems": {"state": {"Keys": [{"id": {"S": "state"}}, {"id": {"S": "scope"}}], "ConsistentRead": True}}}


ONE = {"TableName": "state", "Key": {"id": {"S": "state"}}, "ConsistentRead": True}


SCOPE_ITEM = {"id": {"S": "scope"}, "projects": {"L": [{"S": "7"}]}, "groups": {"L": [{"S": "a/b"}]}}


def both(*items: dict[str, Any]) -> dict[str, Any]:
    return {"Responses": {"state": list(items)}, "UnprocessedKeys": {}}


def test_state_and_scope_come_in_one_call_and_the_scope_is_kept_for_a_minute(stubbed: Any) -> None:
    client, stubber = stubbed("dynamodb")
    clock = FakeClock()
    table = StateTable(lambda: client, "state", clock)
    stored = Stored(FULL_STATE, 3, Scope(("7",), ("a/b",)))
    item = state_item(3, codec.encode(FULL_STATE))

    stubber.add_response("batch_get_item", both(item, SCOPE_ITEM), BOTH)
    assert table.load() == stored

    clock.sleep(59)
    stubber.add_response("get_item", {"Item": item}, ONE)
    assert table.load() == stored

    clock.sleep(1)
    stubber.add_response("batch_get_item", both(item), BOTH)
    assert table.load().scope == Scope()


def test_a_new_table_is_empty(stubbed: Any) -> None:
    client, stubber = stubbed("dynamodb")
    table = StateTable(lambda: client, "state", FakeClock())
    stubber.add_response("batch_get_item", both(), BOTH)
    assert table.load() == Stored(State(), 0, Scope())
    stubber.add_response("get_item", {}, ONE)
    assert table.load() == Stored(State(), 0, Scope())


def test_a_state_that_cannot_be_understood_is_forgotten_and_overwritten(
    stubbed: Any, caplog: pytest.LogCaptureFixture
) -> None:
    client, stubber = stubbed("dynamodb")
    stubber.add_response("batch_get_item", both(state_item(9, b"text")), BOTH)
    assert StateTable(lambda: client, "state", FakeClock()).load() == Stored(State(), 9, Scope())
    assert "starting from an empty state" in caplog.text


@pytest.mark.parametrize("answer", ["error", "throttled"])
def test_a_table_that_cannot_be_read_is_unknown(stubbed: Any, answer: str) -> None:
    client, stubber = stubbed("dynamodb")
    if answer == "error":
        stubber.add_client_error("batch_get_item", "InternalServerError", "broken")
    else:
        stubber.add_response("batch_get_item", {"Responses": {"state": []}, "UnprocessedKeys": BOTH["RequestItems"]})
    with pytest.raises(StateError):
        StateTable(lambda: client, "state", FakeClock()).load()


def test_the_state_is_written_over_the_version_that_was_read(stubbed: Any) -> None:
    client, stubber = stubbed("dynamodb")
    expected = {
        "TableName": "state",
        "Item": {
            "id": {"S": "state"},
            "version": {"N": "4"},
            "data": {"B": codec.encode(FULL_STATE)},
            "written_at": {"N": f"{START:.3f}"},
        },
        "ConditionExpression": "attribute_not_exists(version) OR version = :read",
        "ExpressionAttributeValues": {":read": {"N": "3"}},
    }
    stubber.add_response("put_item", {}, expected)
    StateTable(lambda: client, "state", FakeClock()).save(FULL_STATE, 3)


@pytest.mark.parametrize(
    ("code", "error"), [("ConditionalCheckFailedException", ConflictError), ("InternalServerError", StateError)]
)
def test_a_failed_write_is_said(stubbed: Any, code: str, error: type[StateError]) -> None:
    client, stubber = stubbed("dynamodb")
    stubber.add_client_error("put_item", code, "no")
    with pytest.raises(error) as caught:
        StateTable(lambda: client, "state", FakeClock()).save(State(), 0)
    assert type(caught.value) is error


def test_the_state_alone_is_read_for_the_termination_policy(stubbed: Any) -> None:
    client, stubber = stubbed("dynamodb")
    stubber.add_response("get_item", {"Item": state_item(1, codec.encode(FULL_STATE))}, ONE)
    assert read_state(client, "state") == FULL_STATE
    stubber.add_response("get_item", {}, ONE)
    with pytest.raises(StateError, match="nothing has been observed yet"):
        read_state(client, "state")
    stubber.add_client_error("get_item", "InternalServerError", "broken")
    with pytest.raises(StateError, match="cannot be read"):
        read_state(client, "state")
