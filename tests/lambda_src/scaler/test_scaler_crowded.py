"""Wakes for idle instances take no part of the request budget that hooks need."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scaler import waking
from scaler.model import Clock, Project, State
from tests.lambda_src.scaler.fakes import RULES, START, World, running, system_id

SECONDS = 600
LEAVING = 50


def crowded_world(busy: int) -> World:
    """Return a fleet with so many projects that run a job each, and instances that are due every 12 seconds."""
    world = World(rules=RULES)
    world.table.encodes = False
    world.group.maximum = 1000
    world.gitlab.projects = {number: [running(number, system_id(number))] for number in range(1, busy + 1)}
    world.group.desired = busy + LEAVING
    world.group.launch()
    world.group.boot()
    world.sweep()
    world.settle()
    idle = [key for key, clock in world.state.instances.items() if not clock.is_busy]
    clocks = {key: Clock(START - SECONDS + 12 * at, is_busy=False) for at, key in enumerate(idle)}
    world.table.state = replace(world.state, instances={**world.state.instances, **clocks})
    return world


def waits(world: World) -> list[float]:
    """Return how long each hook of ten minutes, one every 7 seconds, waited until its project was read."""
    started = world.clock.now
    tick_at, hook_at = started + 60, started + 7
    hooked: dict[int, float] = {}
    waited = []
    while world.clock.now < started + SECONDS:
        if world.queue:
            world.turn()
            world.clock.sleep(0.3)
            read = {number: world.state.projects[number].read_at for number in hooked}
            waited += [read[number] - at for number, at in hooked.items() if read[number] >= at]
            hooked = {number: at for number, at in hooked.items() if read[number] < at}
            continue
        wakes = [at for at in world.wakes if at > world.clock.now]
        world.clock.now = min(tick_at, hook_at, *wakes)
        if world.clock.now in {tick_at, *wakes}:
            world.tick()
        if world.clock.now >= tick_at:
            tick_at += 60
        if world.clock.now >= hook_at:
            number = 1 + int(hook_at - started) // 7 % len(world.gitlab.projects)
            hooked.setdefault(number, world.clock.now)
            world.hook(number)
            hook_at += 7
    return sorted(waited)


@pytest.mark.parametrize("busy", [50, 100, 140])
def test_hooks_do_not_wait_for_wakes(busy: int) -> None:
    world = crowded_world(busy)
    waited = waits(world)
    assert len(world.group.removed) == LEAVING
    assert len(waited) >= 80
    assert waited[len(waited) * 9 // 10] < 1
    assert waited[-1] < 7


@pytest.mark.parametrize(("left", "wakes"), [(64, True), (63, False)])
def test_no_wake_is_asked_for_that_would_leave_hooks_less_than_a_fifth_of_the_requests(left: int, wakes: bool) -> None:
    state = State(projects={1: Project(1, pending=1, requests=4), 2: Project(2, requests=99)})
    asked = waking.noted(state, 20.0, START, left, 300).wake_at
    assert asked == (START + 20 if wakes else 0.0)
