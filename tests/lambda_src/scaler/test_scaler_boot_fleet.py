"""How long instances boot, and which never serve, as a fleet's looks tell it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scaler.boot import boot_seconds
from scaler.capacity import Phase
from tests.lambda_src.scaler.fakes import RULES, World, pending, running, system_id


@pytest.mark.parametrize("seconds", [45, 120, 210])
@pytest.mark.parametrize("looks", [(), (5,), (5, 20)], ids=["unseen", "seen once", "seen twice"])
def test_a_quiet_fleet_learns_its_boot_time_from_hooks_alone(seconds: float, looks: tuple[float, ...]) -> None:
    world = World(rules=RULES)
    for number in range(1, 6):
        world.gitlab.projects = {1: [pending(number, queued_at=world.clock.now)]}
        world.hook(1)
        world.settle()
        asked_at = world.clock.now
        for look in looks:
            world.clock.now = asked_at + look
            world.hook(1)
            world.settle()
        world.clock.now = asked_at + seconds
        world.group.boot()
        world.clock.sleep(1)
        world.gitlab.projects = {1: [running(number, on=system_id(number))]}
        world.hook(1)
        world.settle()
        world.gitlab.projects = {1: []}
        world.group.instances.clear()
        world.group.desired = 0
        world.minute()
    assert len(world.state.boots.seconds) >= 4
    assert boot_seconds(world.state.boots) == pytest.approx(seconds, abs=3)


def test_without_hooks_instances_that_take_one_job_each_do_not_hold_the_fleet() -> None:
    world = World(rules=replace(RULES, max_jobs=1))
    number = iter(range(1, 100))
    for _ in range(5):
        # Always two jobs wait; each instance boots for 100 s, runs a job and ends itself before the next look.
        world.gitlab.projects = {1: [pending(next(number), queued_at=world.clock.now) for _ in range(2)]}
        world.minute()
        world.minute()
        for name, instance in list(world.group.instances.items()):
            if instance.phase is Phase.BOOTING:
                del world.group.instances[name]
        world.group.launch()
    world.minute()
    assert all("BootFailures" not in figures for figures in world.published)


def test_three_instances_that_never_boot_hold_the_fleet_until_one_serves() -> None:
    world = World(rules=RULES)
    world.gitlab.projects = {1: [pending(number) for number in range(1, 9)]}
    world.sweep()
    world.settle()
    world.minute()
    assert world.group.desired == 8
    for name in list(world.group.instances)[:3]:
        del world.group.instances[name]
    world.gitlab.projects = {1: [pending(number) for number in range(1, 10)]}
    world.minute()
    assert world.figures["BootFailures"] == 3
    assert world.group.desired == 8
    world.group.boot()
    world.minute()
    assert "BootFailures" not in world.figures
    assert world.group.desired == 9


def test_lowering_the_capacity_by_hand_while_instances_boot_does_not_hold_the_fleet() -> None:
    world = World(rules=RULES)
    world.gitlab.projects = {1: [pending(number) for number in range(1, 9)]}
    world.sweep()
    world.settle()
    world.minute()
    for name in list(world.group.instances)[:3]:
        world.group.change(name, Phase.TERMINATING)
    world.group.desired = 5
    world.minute()
    assert "BootFailures" not in world.figures
    assert world.group.desired == 8
