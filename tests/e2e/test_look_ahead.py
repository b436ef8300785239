"""Capacity for a pipeline's second stage is asked for before its jobs are pending, once a pipeline has been seen."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from scaler import codec
from tests.e2e.support import eventually
from tests.lambda_src.scaler.fakes import instance_id
from tests.lambda_src.scaler.full_state import IDLE, full_state
from tools.local import control

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scaler.model import State
    from tests.e2e.support import Live

pytestmark = pytest.mark.e2e

BUILD_SECONDS = 6
# Nine tests on instances of four slots.
TESTS = 9
INSTANCES = 3
PLACE = {"AvailabilityZone": "us-east-1a", "InstanceMarketOption": "on-demand"}
# Two busy instances, and the two that have been idle for longest.
SUGGESTED = (instance_id(1), *IDLE[:2], instance_id(2))
SCALE_IN = {
    "CapacityToTerminate": [{**PLACE, "Capacity": 2}],
    "Cause": "SCALE_IN",
    "Instances": [{**PLACE, "InstanceId": name, "InstanceType": "t3.micro"} for name in SUGGESTED],
}


def pipeline(live: Live, project: int) -> tuple[int, list[int]]:
    """Start a pipeline: a build, and then more tests than one instance has slots; return their ids."""
    tags = {"tag_list": live.addresses["runner_tags"]}
    build = {"name": "build", "stage": "build", "duration_seconds": BUILD_SECONDS, **tags}
    test = {"stage": "test", "duration_seconds": 1, **tags}
    jobs = [build, *({**test, "name": f"test {number:c}"} for number in range(97, 97 + TESTS))]
    made = live.gitlab("POST", "pipelines", {"project_id": project, "jobs": jobs})["ids"]
    return made[0], made[1:]


def statuses(live: Live, ids: Sequence[int]) -> set[str]:
    return {job["status"] for job in live.jobs(list(ids))}


def desired(live: Live) -> int:
    capacity: int = live.describe()["DesiredCapacity"]
    return capacity


def test_capacity_for_the_second_stage_is_asked_for_before_its_jobs_are_pending(live: Live) -> None:
    project = live.new_project()
    _, tests = pipeline(live, project)
    eventually(lambda: statuses(live, tests) == {"success"}, "the first pipeline has ended", 60)
    shrink(live)
    build, tests = pipeline(live, project)
    seen: dict[str, Any] = {}

    def has_moved() -> bool:
        seen.update(desired=desired(live), build=statuses(live, [build]), tests=statuses(live, tests))
        return bool(seen["desired"] == INSTANCES or seen["tests"] != {"created"})

    eventually(has_moved, "the second pipeline moves on")
    assert seen == {"desired": INSTANCES, "build": {"running"}, "tests": {"created"}}
    eventually(lambda: statuses(live, tests) == {"success"}, "the second pipeline has ended", 60)
    shrink(live)


def test_a_cold_termination_function_answers_from_a_full_state_within_a_second_while_gitlab_hangs(live: Live) -> None:
    function = f"{live.addresses['fleet']}-termination"
    client = live.aws("lambda")
    live.gitlab("PUT", "faults", {"name": "timeout"})
    try:
        with state_of(live, full_state(time.time())):
            control.request("DELETE", f"{live.addresses['aws_endpoint']}/_local/workers?function={function}")
            began = time.monotonic()
            answer = client.invoke(FunctionName=function, Qualifier="live", Payload=json.dumps(SCALE_IN))
            seconds = time.monotonic() - began
    finally:
        live.gitlab("DELETE", "faults")
    assert json.loads(answer["Payload"].read()) == {"InstanceIDs": list(IDLE[:2])}
    assert seconds < 1


@contextmanager
def state_of(live: Live, state: State) -> Iterator[None]:
    """Let the table hold a state for a while."""
    table, place = live.aws("dynamodb"), {"TableName": f"{live.addresses['fleet']}-state"}
    key = {"id": {"S": "state"}}
    before = table.get_item(**place, Key=key, ConsistentRead=True).get("Item")
    held = {**key, "version": {"N": "1"}, **(before or {}), "data": {"B": codec.encode(state)}}
    table.put_item(**place, Item=held)
    try:
        yield
    finally:
        if before:
            table.put_item(**place, Item=before)
        else:
            table.delete_item(**place, Key=key)


def shrink(live: Live) -> None:
    """Let the schedule come round until no instance is left."""

    def is_empty() -> bool:
        live.tick()
        time.sleep(1)
        return not (desired(live) or live.describe()["Instances"])

    eventually(is_empty, "idle instances left", 90)
