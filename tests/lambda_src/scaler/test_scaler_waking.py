"""Idle instances leave at their time, not with the next minute's tick; and never before."""

from __future__ import annotations

import itertools
import json
import logging
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaler import waking
from scaler.capacity import Idle, Phase, Rules
from scaler.errors import WakeError
from scaler.plan import plan
from scaler.wake import Waker
from tests.lambda_src.scaler.fakes import RULES, START, World, instance_id, running, system_id
from tests.lambda_src.scaler.test_scaler_plan import fleet
from tests.lambda_src.scaler.worlds import world_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NOW = START


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param([], math.inf, id="nobody"),
        pytest.param([-5.0, 0.0], math.inf, id="who may go already does not count"),
        pytest.param([-5.0, 20.0, 40.0], 20.0, id="the first to come"),
        pytest.param([21.5, 20.0, 22.1], 21.5, id="who comes soon after goes together"),
    ],
)
def test_the_first_instances_to_come_are_due(seconds: list[float], expected: float) -> None:
    assert waking.due_seconds(seconds) == expected


@pytest.mark.parametrize(
    ("outstanding", "due", "expected"),
    [
        pytest.param(0.0, 20.0, NOW + 20, id="an instance is due"),
        pytest.param(0.0, math.inf, 0.0, id="none is"),
        pytest.param(0.0, 61.0, 0.0, id="the tick comes first"),
        pytest.param(0.0, 0.1, NOW + 3, id="in a moment"),
        pytest.param(NOW + 10, 5.0, NOW + 10, id="one is under way"),
        pytest.param(NOW - 1, 3.0, NOW + 9, id="the last one was a moment ago"),
        pytest.param(NOW - 1, math.inf, NOW - 1, id="the last one is remembered"),
        pytest.param(NOW - 500, 20.0, NOW + 20, id="a lost one is forgotten"),
        pytest.param(NOW + 61, 20.0, NOW + 20, id="a wrong clock's one is forgotten"),
    ],
)
def test_one_wake_at_a_time_is_asked_for(outstanding: float, due: float, expected: float) -> None:
    assert waking.wake_at(outstanding, due, NOW) == expected


@given(st.lists(st.tuples(st.floats(0, 30), st.floats(0, 100) | st.just(math.inf)), max_size=50))
def test_each_wake_is_later_than_the_one_before(steps: list[tuple[float, float]]) -> None:
    now, at = NOW, 0.0
    for seconds, due in steps:
        now += seconds
        before, at = at, waking.wake_at(at, due, now)
        assert at <= now + waking.MAX_SECONDS
        if at != before:
            assert before <= now
            assert at >= max(now + min(due, waking.MAX_SECONDS), before + waking.PAUSE_SECONDS)


IDLE = (Idle("i-1", 590.0), Idle("i-2", 589.0), Idle("i-3", 560.0))


@pytest.mark.parametrize(
    ("rules", "changes", "expected"),
    [
        pytest.param(RULES, {}, 11.0, id="two go together"),
        pytest.param(RULES, {"running": 2}, 10.0, id="one is spare"),
        pytest.param(RULES, {"running": 3}, math.inf, id="all are needed"),
        pytest.param(RULES, {"minimum": 3}, math.inf, id="all are kept"),
        pytest.param(RULES, {"retained": 3}, math.inf, id="all are needed soon"),
        pytest.param(RULES, {"unknown": ("project 1 (why)",)}, math.inf, id="not all is known"),
        pytest.param(replace(RULES, idle_seconds=575), {}, 15.0, id="two go now"),
        pytest.param(replace(RULES, sets_capacity=False), {}, math.inf, id="alarms decide"),
    ],
)
def test_the_plan_says_when_the_next_idle_instances_are_due(
    rules: Rules, changes: Mapping[str, Any], expected: float
) -> None:
    assert plan(fleet(3, **{"idle": IDLE, **changes}), rules).due_seconds == expected


def waiting_world(rules: Rules = RULES, busy: Sequence[int] = (1, 2), projects: int = 2) -> World:
    """Return a world in which each of these instances runs a job of project 1."""
    world = world_of(dict.fromkeys(range(1, projects + 1), 0), rules=rules)
    world.group.desired = max(busy)
    world.group.launch()
    world.group.boot()
    world.gitlab.projects[1] = [running(number, system_id(number)) for number in busy]
    world.minute()
    return world


def finish(world: World, *numbers: int) -> None:
    """End the jobs with these numbers, and send the hook."""
    world.gitlab.projects[1] = [job for job in world.gitlab.projects[1] if job.id not in numbers]
    world.hook(1)
    world.settle()


def wake(world: World) -> None:
    """Let time pass until the outstanding wake, and handle its tick."""
    world.clock.now = world.wakes[-1]
    world.tick()
    world.settle()


def minutes(world: World, count: int) -> None:
    for _ in range(count):
        world.minute(sweeps=False)


def test_an_idle_instance_leaves_at_its_time_between_two_ticks() -> None:
    world = waiting_world()
    world.clock.sleep(20)
    idle_at = world.clock.now
    finish(world, 1)
    world.clock.sleep(40)
    minutes(world, 9)
    assert world.wakes == [pytest.approx(idle_at + RULES.idle_seconds)]
    assert world.group.removed == []
    wake(world)
    assert world.group.removed == [instance_id(1)]
    minutes(world, 3)
    assert len(world.wakes) == 1


def test_instances_that_are_due_one_after_the_other_are_woken_for_in_turn() -> None:
    world = waiting_world()
    for number in (1, 2):
        finish(world, number)
        world.clock.sleep(20)
    minutes(world, 9)
    wake(world)
    wake(world)
    assert world.group.removed == [instance_id(1), instance_id(2)]
    assert world.wakes[1] - world.wakes[0] == pytest.approx(20)


def test_a_wake_that_comes_when_the_instance_is_busy_again_removes_nothing_and_asks_for_no_other() -> None:
    world = waiting_world(busy=(1,))
    finish(world, 1)
    minutes(world, 9)
    world.gitlab.projects[1] = [running(2, system_id(1))]
    world.hook(1)
    world.settle()
    wake(world)
    minutes(world, 3)
    assert world.group.removed == []
    assert len(world.wakes) == 1


def test_a_lost_wake_leaves_the_instance_to_the_tick() -> None:
    world = waiting_world(busy=(1,))
    finish(world, 1)
    minutes(world, 9)
    assert len(world.wakes) == 1
    minutes(world, 1)
    assert world.group.removed == [instance_id(1)]


def test_a_wake_that_fails_is_said_once_and_the_tick_does_it(caplog: pytest.LogCaptureFixture) -> None:
    world = waiting_world()
    world.cannot_wake = True
    for number in (1, 2):
        finish(world, number)
        world.clock.sleep(60)
        minutes(world, 1)
    minutes(world, 11)
    assert world.group.removed == [instance_id(1), instance_id(2)]
    said = [record for record in caplog.records if "up to a minute late: not authorized" in record.message]
    assert [record.levelno for record in said] == [logging.WARNING]
    world.cannot_wake = False
    world.clock.sleep(waking.FAILED_SECONDS)
    world.group.desired = 1
    world.group.launch()
    world.group.boot()
    minutes(world, 11)
    assert len(world.wakes) == 1


@pytest.mark.parametrize(("hooks", "wakes"), [(4, 1), (5, 0)])
def test_where_hooks_come_all_the_time_they_find_what_is_idle(hooks: int, wakes: int) -> None:
    world = waiting_world(busy=(1,))
    finish(world, 1)
    world.clock.sleep(30)
    minutes(world, 8)
    assert world.wakes == []
    world.clock.sleep(55)
    for _ in range(hooks):
        world.hook(1)
    world.settle()
    assert len(world.wakes) == wakes


def test_what_is_not_saved_asks_for_no_wake() -> None:
    world = waiting_world(busy=(1,))
    finish(world, 1)
    world.clock.sleep(30)
    minutes(world, 8)
    world.table.unwritable = True
    minutes(world, 1)
    for _ in range(5):
        world.hook(1)
        world.settle()
        world.clock.sleep(1)
    assert world.wakes == []


def test_all_projects_are_read_before_an_instance_is_due_and_not_again_when_it_is() -> None:
    world = waiting_world(busy=(1,), projects=30)
    world.clock.sleep(20)
    finish(world, 1)
    minutes(world, 8)
    assert world.wakes == []
    minutes(world, 1)
    idle_at = world.state.instances[instance_id(1)].since
    assert all(project.read_at >= idle_at for project in world.state.projects.values())
    requests = world.gitlab.requests
    wake(world)
    assert world.group.removed == [instance_id(1)]
    assert world.gitlab.requests <= requests + 3  # the oldest project, the list of projects, the runner's managers


@settings(max_examples=40, deadline=None)
@given(
    ends=st.lists(st.integers(1, 400), min_size=1, max_size=5),
    hooks=st.lists(st.integers(0, 900), max_size=8),
    late=st.sampled_from([0, 1, 3, 40]),
    phase=st.integers(0, 59),
)
def test_nothing_leaves_before_its_time_and_one_wake_is_under_way_at_most(
    ends: list[int], hooks: list[int], late: int, phase: int
) -> None:
    rules = replace(RULES, idle_seconds=130)
    world = waiting_world(rules, range(1, len(ends) + 1))
    started = world.clock.now
    idle_at = {instance_id(number): started + end for number, end in enumerate(ends, 1)}
    asked: list[tuple[float, float]] = []
    for second in range(900):
        world.clock.now = started + second
        for number, end in enumerate(ends, 1):
            if end == second:
                finish(world, number)
        if second in hooks:
            world.hook(2)
        if second % 60 == phase or any(math.ceil(at + late - started) == second for at in world.wakes):
            world.tick()
        before, known = set(world.group.removed), len(world.wakes)
        world.settle()
        asked += [(world.clock.now, at) for at in world.wakes[known:]]
        for gone in set(world.group.removed) - before:
            assert world.clock.now - idle_at[gone] >= rules.idle_seconds
            assert late == 40 or world.clock.now - idle_at[gone] <= rules.idle_seconds + waking.PAUSE_SECONDS + 6
    assert all(instance.phase is Phase.TERMINATING for instance in world.group.instances.values())
    assert all(now >= former for (_, former), (now, _) in itertools.pairwise(asked))
    assert len(asked) <= len(ends)


def test_the_schedule_function_is_asked_and_not_waited_for(stubbed: Any) -> None:
    client, stubber = stubbed("lambda")
    expected = {
        "FunctionName": "blue-schedule",
        "InvocationType": "Event",
        "Payload": json.dumps({"kind": "tick", "after_seconds": 17.25}).encode(),
    }
    stubber.add_response("invoke", {"StatusCode": 202}, expected)
    Waker(lambda: client, "blue-schedule").wake(17.25)


def test_a_schedule_function_that_cannot_be_invoked_is_said(stubbed: Any) -> None:
    client, stubber = stubbed("lambda")
    stubber.add_client_error("invoke", "AccessDeniedException", "not authorized")
    with pytest.raises(WakeError, match="not authorized"):
        Waker(lambda: client, "blue-schedule").wake(3)
