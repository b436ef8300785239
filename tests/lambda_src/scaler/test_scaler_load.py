"""Half an hour of load, and bursts of hooks, in simulated time."""

from __future__ import annotations

import logging
import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scaler.capacity import Rules
from scaler.model import Kind, Message
from tests.lambda_src.scaler.fakes import START, World, pending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PROJECTS = 500
BURST_PROJECTS = 40
BURST_HOOKS = 200


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    # Thousands of turns: keeping their log would take longer than the turns.
    caplog.set_level(logging.CRITICAL)


def schedule(minutes: int) -> Iterable[Message]:
    for minute in range(minutes):
        yield Message(Kind.TICK, START + 60 * minute)
        yield Message(Kind.SWEEP, START + 60 * minute + 0.001)


def run(world: World, arrivals: Iterable[Message], until: float, look: Callable[[], None]) -> None:
    """Deliver messages when they arrive, as Lambda does: the next batch when the last one is done."""
    coming = sorted(arrivals, key=lambda message: message.received_at, reverse=True)
    while world.clock.now < until:
        while coming and coming[-1].received_at <= world.clock.now:
            world.queue.append(coming.pop())
        if world.queue:
            world.turn()
            look()
        elif coming:
            world.clock.now = coming[-1].received_at
        else:
            break


def busy_world(requests_per_minute: int, busy: int) -> World:
    world = World(requests_per_minute=requests_per_minute)
    world.table.encodes = False
    world.gitlab.seconds_per_request = 0.025
    world.seconds_per_turn = 0.2
    world.group.maximum = 1000
    world.gitlab.projects = {n: [pending(n)] if n <= busy else [] for n in range(1, PROJECTS + 1)}
    return world


@pytest.mark.parametrize(
    ("requests_per_minute", "busy", "minutes"),
    [
        pytest.param(300, 100, 30, id="100 busy, default budget, half an hour"),
        pytest.param(550, 500, 12, id="all busy, 12 minutes"),
    ],
)
def test_sweeps_and_20_hooks_a_second_see_no_429_and_no_busy_count_older_than_a_minute(
    requests_per_minute: int, busy: int, minutes: int
) -> None:
    world = busy_world(requests_per_minute, busy)
    chance = random.Random(7)
    hooks = [Message(Kind.HOOK, START + n / 20, chance.randint(1, PROJECTS)) for n in range(20 * 60 * minutes)]
    oldest: list[float] = []

    def look() -> None:
        # The first two minutes are the first look at everything.
        if world.clock.now > START + 120 and len(world.outcomes) % 5 == 0:
            known = world.state.projects.values()
            oldest.append(max(world.clock.now - project.read_at for project in known if project.is_busy))

    run(world, [*hooks, *schedule(minutes)], START + 60 * minutes, look)

    assert world.gitlab.refused == 0
    assert max(oldest) <= 60
    assert sum(project.is_busy for project in world.state.projects.values()) == busy
    assert all(world.gitlab.reads[number] for number in range(1, PROJECTS + 1))


def test_one_hook_in_calm_costs_at_most_two_requests_with_500_idle_projects() -> None:
    world = busy_world(300, 0)
    for _ in range(5):
        world.minute()
    before = world.gitlab.requests
    world.clock.sleep(20)

    world.gitlab.projects[7] = [pending(1)]
    world.hook(7)
    world.settle()

    assert world.gitlab.requests - before <= 2
    assert world.group.desired == 1


def burst(world: World, hooks: list[tuple[float, int]]) -> float:
    """Send hooks, each for a job that has just become pending; return when the capacity changed for the last time."""
    start = START + 3600
    world.gitlab.projects = {number: [] for number in range(1, BURST_PROJECTS + 1)}
    for number, (at, project) in enumerate(hooks, start=1):
        world.gitlab.projects[project].append(pending(number, start + at))
    world.gitlab.reads.clear()
    world.clock.now = start
    changes = [(world.group.desired, start)]

    def look() -> None:
        if world.group.desired != changes[-1][0]:
            changes.append((world.group.desired, world.clock.now))

    run(world, [Message(Kind.HOOK, start + at, project) for at, project in hooks], start + 60, look)
    return changes[-1][1] - start


@st.composite
def bursts(draw: st.DrawFn) -> list[tuple[float, int]]:
    length = draw(st.sampled_from([0.0, 0.5, 2.0, 4.0, 6.0]))
    projects = [1 + n % BURST_PROJECTS for n in range(BURST_HOOKS)]
    order = draw(st.sampled_from(["in turn", "one after the other", "shuffled"]))
    if order == "one after the other":
        projects.sort()
    if order == "shuffled":
        draw(st.randoms(use_true_random=False)).shuffle(projects)
    moments = [n / BURST_HOOKS for n in range(BURST_HOOKS)]
    if draw(st.booleans()):
        chance = draw(st.randoms(use_true_random=False))
        moments = sorted(chance.random() for _ in range(BURST_HOOKS))
    return [(length * moment, project) for moment, project in zip(moments, projects, strict=True)]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hooks=bursts(), request_seconds=st.sampled_from([0.01, 0.03]), is_new=st.booleans())
def test_a_burst_of_200_hooks_reads_every_project_at_most_twice_and_sees_all_demand(
    hooks: list[tuple[float, int]], request_seconds: float, is_new: bool
) -> None:
    world = World(rules=Rules(slots=4))
    world.group.maximum = 100
    if not is_new:
        world.gitlab.projects = {number: [] for number in range(1, BURST_PROJECTS + 1)}
        world.sweep()
        world.settle()
    world.gitlab.seconds_per_request = request_seconds
    world.seconds_per_turn = 0.08

    full_after_seconds = burst(world, hooks)

    reads = [world.gitlab.reads[number] for number in range(1, BURST_PROJECTS + 1)]
    assert max(reads) <= 2
    assert world.group.desired == BURST_HOOKS / 4
    assert full_after_seconds <= 8
