"""Gaps in which nobody looked, or nothing of it was kept: an instance may have worked all the time."""

from __future__ import annotations

import pytest

from tests.lambda_src.scaler.fakes import RULES, World, running, system_id
from tests.lambda_src.scaler.worlds import one_instance_world

GAP_MINUTES = 15


def unwritable(world: World) -> None:
    """Let the table be unwritable while a job runs."""
    world.table.unwritable = True
    world.gitlab.projects[1] = [running(1, system_id(1))]
    for _ in range(GAP_MINUTES):
        world.hook(1)
        world.minute()
    world.table.unwritable = False


def throttled(world: World) -> None:
    """Let nobody look while a job runs."""
    world.clock.sleep(60 * GAP_MINUTES)


@pytest.mark.parametrize("gap", [unwritable, throttled])
def test_an_instance_that_worked_in_a_gap_stays_for_its_idle_time_after_it(gap: object) -> None:
    world = one_instance_world()
    assert callable(gap)
    gap(world)
    world.gitlab.projects[1] = []
    world.hook(1)
    world.settle()
    for _ in range(int(RULES.idle_seconds / 60) - 1):
        world.minute()
        assert world.group.removed == []
    world.minute()
    world.minute()
    assert len(world.group.removed) == 1
