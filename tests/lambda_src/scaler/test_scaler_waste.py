"""Nothing is started or said twice, and what is idle goes without waiting for the next minute."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from scaler.act import MAX_REMOVALS
from scaler.capacity import Phase
from scaler.outcome import Outcome
from tests.lambda_src.scaler.fakes import World, pending
from tests.lambda_src.scaler.worlds import failing, world_of

if TYPE_CHECKING:
    import pytest


def warnings(caplog: pytest.LogCaptureFixture, words: str) -> list[str]:
    return [
        record.message for record in caplog.records if record.levelno == logging.WARNING and words in record.message
    ]


def test_the_maximum_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    world = world_of({1: 50})
    assert world.group.desired == world.group.maximum
    for _ in range(5):
        assert world.minute() is Outcome.AT_MAXIMUM
    assert len(warnings(caplog, "more is needed than the maximum of 10")) == 1
    assert not any("at_maximum" in record.message for record in caplog.records)

    world.gitlab.projects[1] = []
    world.minute()
    world.gitlab.projects[1] = [pending(number) for number in range(50)]
    for _ in range(3):
        world.minute()
    assert len(warnings(caplog, "more is needed than the maximum of 10")) == 2


def test_the_maximum_is_said_once_although_a_project_fails_every_other_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    world = world_of({1: 50, 2: 0})
    for number in range(6):
        world.gitlab.fault = failing("/projects/2/jobs") if number % 2 else None
        assert world.minute() is (Outcome.UNKNOWN_KEPT if number % 2 else Outcome.AT_MAXIMUM)
    assert len(warnings(caplog, "more is needed than the maximum of 10")) == 1
    assert len(warnings(caplog, "GitLab answers 503")) == 1
    assert sum("GitLab answers 503" in record.message for record in caplog.records) >= 3


def test_what_cannot_be_read_is_said_once_for_all_projects_and_again_when_another_reason_comes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    world = world_of(dict.fromkeys(range(1, 6), 1))
    for number in (1, 2, 3):
        world.gitlab.fault = failing(f"/projects/{number}/jobs")
        world.minute()
    assert len(warnings(caplog, "GitLab answers 503")) == 1
    world.gitlab.fault = failing("/projects/4/jobs", "GitLab answers 500")
    world.minute()
    assert len(warnings(caplog, "GitLab answers 500")) == 1
    world.gitlab.fault = None
    for _ in range(12):
        world.minute()
    world.gitlab.fault = failing("/projects/4/jobs")
    world.minute()
    assert len(warnings(caplog, "GitLab answers 503")) == 2


def test_the_maximum_is_said_again_although_a_project_can_never_be_read(caplog: pytest.LogCaptureFixture) -> None:
    world = world_of({1: 50, 2: 0})
    world.gitlab.fault = failing("/projects/2/jobs")
    world.minute()
    world.gitlab.projects[1] = []
    for _ in range(12):
        world.minute()
    world.gitlab.projects[1] = [pending(number) for number in range(50)]
    world.minute()
    assert len(warnings(caplog, "more is needed than the maximum of 10")) == 2


def test_instances_that_do_not_come_are_said_once(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.group.launches = False
    world.gitlab.projects = {1: [pending(1)]}
    world.sweep()
    world.settle()
    for _ in range(6):
        world.minute()
    assert len(warnings(caplog, "do not come")) == 1


def test_many_idle_instances_go_without_waiting_for_the_next_minute() -> None:
    world = world_of({1: 0})
    count = 2 * MAX_REMOVALS + 5
    world.group.maximum = world.group.desired = count
    world.group.launch()
    world.group.boot()
    while not world.group.removed:
        world.minute()
    assert len(world.group.removed) == count
    assert world.group.desired == 0
    assert all(instance.phase is Phase.TERMINATING for instance in world.group.instances.values())


def test_a_job_that_is_observed_again_and_again_is_started_for_once() -> None:
    world = world_of({1: 1, 2: 1})
    for _ in range(4):
        world.clock.sleep(2)
        world.hook(1)
        world.hook(2)
        world.settle()
    world.minute()
    assert world.group.history == [2]
