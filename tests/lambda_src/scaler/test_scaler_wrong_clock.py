"""A clock that was ahead for a while: nothing is put off for longer than it is ever meant to be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scaler import codec
from scaler.errors import WakeError
from scaler.metrics import REST_SECONDS
from scaler.scale import Scaler
from tests.lambda_src.scaler.test_scaler_rest import rested
from tests.lambda_src.scaler.test_scaler_waking import finish, minutes, waiting_world
from tests.lambda_src.scaler.worlds import world_of

AHEAD_SECONDS = 86_400.0


@pytest.mark.parametrize("ahead", [REST_SECONDS + 300, 86_400.0])
def test_a_clock_that_was_ahead_does_not_silence_the_fleet(ahead: float) -> None:
    world = rested(world_of({1: 0}))
    world.clock.now += ahead
    world.minute()
    world.clock.now -= ahead
    world.published.clear()
    for _ in range(12):
        world.minute()
    assert len(world.published) >= 2


def test_a_wake_that_failed_then_does_not_forbid_the_next_one() -> None:
    world = waiting_world()
    right = world.scaler

    def fails_ahead(seconds: float) -> None:
        world.clock.now += AHEAD_SECONDS
        raise WakeError("not authorized")

    world.scaler = Scaler(replace(right.services, wake=fails_ahead), right.configuration)
    finish(world, 1)
    minutes(world, 9)
    world.clock.now -= AHEAD_SECONDS
    world.scaler.services = right.services
    finish(world, 2)
    minutes(world, 9)
    assert len(world.wakes) == 1


def test_a_wake_that_was_asked_for_then_is_forgotten_without_another_one() -> None:
    world = world_of({1: 1})
    world.table.data = codec.encode(replace(world.state, wake_at=world.clock.now + AHEAD_SECONDS))
    minutes(world, 1)
    assert world.state.wake_at == 0
    assert world.wakes == []
