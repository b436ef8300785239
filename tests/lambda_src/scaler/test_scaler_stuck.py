"""Instances that do not get to their end are named, for as long as they are there."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from scaler.capacity import Group, Instance, Phase
from scaler.stuck import MARGIN_SECONDS, follow, stuck
from tests.lambda_src.scaler.fakes import START, instance_id
from tests.lambda_src.scaler.worlds import idle_world

if TYPE_CHECKING:
    import pytest

WORDS = "terminating for too long"


def group(*phases: Phase) -> Group:
    return Group(0, 9, 0, tuple(Instance(instance_id(number), phase) for number, phase in enumerate(phases)))


def test_the_time_runs_from_the_first_look_at_an_instance_that_goes() -> None:
    since = follow({}, group(Phase.TERMINATING, Phase.IN_SERVICE), START)
    assert since == ((instance_id(0), START),)
    later = follow(dict(since), group(Phase.TERMINATING, Phase.TERMINATING), START + 60)
    assert later == ((instance_id(0), START), (instance_id(1), START + 60))


def test_one_that_is_gone_is_forgotten() -> None:
    assert follow({instance_id(0): START}, group(Phase.IN_SERVICE), START) == ()


def test_an_instance_is_stuck_when_its_jobs_and_its_shutdown_have_had_their_time() -> None:
    since = {instance_id(0): START}
    assert stuck(since, 600, START + 600 + MARGIN_SECONDS) == ()
    assert stuck(since, 600, START + 601 + MARGIN_SECONDS) == (instance_id(0),)


def test_each_observation_names_an_instance_that_is_stuck(caplog: pytest.LogCaptureFixture) -> None:
    world = idle_world()
    world.minute()
    assert len(world.group.removed) == 2
    minutes = int((world.scaler.configuration.drain_seconds + MARGIN_SECONDS) / 60)
    for _ in range(minutes + 1):
        world.minute(sweeps=False)
    assert WORDS not in caplog.text

    for _ in range(3):
        world.minute(sweeps=False)
    said = [record for record in caplog.records if WORDS in record.message]
    # The metric filter counts these lines, so every log level has to write them.
    assert [record.levelno for record in said] == [logging.ERROR] * 3
    lines = [record.message for record in said]
    assert all(instance_id(1) in line and instance_id(2) in line for line in lines)

    world.group.instances.clear()
    caplog.clear()
    world.minute()
    assert WORDS not in caplog.text
