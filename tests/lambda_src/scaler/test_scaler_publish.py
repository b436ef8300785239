"""Figures that CloudWatch refuses: alarms keep no state for ever because a zero did not arrive."""

from __future__ import annotations

import pytest

from scaler.scale import Scaler
from tests.lambda_src.scaler.test_scaler_rest import assert_ends, ends, finish
from tests.lambda_src.scaler.worlds import world_of


@pytest.mark.parametrize("restarts", [False, True], ids=["one container", "a new container each minute"])
@pytest.mark.parametrize("refused", range(1, 6))
def test_however_often_zeros_are_refused_they_are_published_in_the_end(refused: int, *, restarts: bool) -> None:
    world = world_of({1: 3})
    finish(world)
    world.cannot_publish = True
    for _ in range(refused):
        if restarts:
            world.scaler = Scaler(world.scaler.services, world.scaler.configuration)
        world.minute(sweeps=False)
    assert ends(world)
    world.cannot_publish = False
    assert_ends(world, sweeps=False)


def test_an_incomplete_observation_that_is_published_does_not_stand_for_the_zeros_that_were_not() -> None:
    world = world_of({1: 3})
    finish(world)
    world.cannot_publish = True
    world.minute()
    world.cannot_publish = False
    world.group.exists = False
    world.minute()
    assert world.figures["ObservationsIncomplete"]
    world.group.exists = True
    world.cannot_publish = True
    world.minute()
    world.minute()
    world.cannot_publish = False
    world.minute()
    assert ends(world) == {}
