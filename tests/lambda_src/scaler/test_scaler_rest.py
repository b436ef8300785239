"""What a fleet at rest publishes, and how it comes to rest: what was not zero is published as zero, if it is known."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from scaler.capacity import Phase
from scaler.metrics import AT_REST, CLOSING_ZEROS
from scaler.outcome import Outcome
from tests.lambda_src.scaler.fakes import RULES, World, pending, running, system_id
from tests.lambda_src.scaler.worlds import failing, world_of

if TYPE_CHECKING:
    from collections.abc import Mapping

ENDING = {
    "CapacityShortfall",
    "CapacitySurplus",
    "GitLabErrors",
    "InstancesBooting",
    "InstancesInService",
    "InstancesTerminating",
    "OldestPendingJobSeconds",
    "PendingJobs",
    "RunnersOverallLoad",
    "RunningJobs",
}


def rested(world: World) -> World:
    """Return a world after the minutes that it takes to come to rest."""
    for _ in range(CLOSING_ZEROS + 1):
        world.minute()
    world.published.clear()
    return world


def finish(world: World) -> None:
    """Let every job end and every instance go."""
    world.group.boot()
    world.minute()
    world.gitlab.projects[1] = []
    for _ in range(15):
        world.minute(sweeps=False)
    world.group.instances.clear()


def last(world: World) -> Mapping[str, float]:
    """Return the last value of each figure that was ever published."""
    return {name: value for figures in world.published for name, value in figures.items()}


def ends(world: World) -> dict[str, float]:
    """Return the figures of the fleet that have not come to their end."""
    return {name: value for name, value in last(world).items() if value and name in ENDING}


def assert_ends(world: World, *, sweeps: bool) -> None:
    """Let the zeros be published, and nothing more be to do."""
    for _ in range(CLOSING_ZEROS + 1):
        world.minute(sweeps=sweeps)
    assert ends(world) == {}
    world.tick()
    assert world.turn() is Outcome.NOTHING_TO_DO


def test_a_fleet_at_rest_publishes_two_figures_every_four_minutes() -> None:
    world = rested(world_of({1: 0}))
    for _ in range(60):
        world.minute()
    assert len(world.published) == 15
    assert {frozenset(figures) for figures in world.published} == {AT_REST}
    assert {figures["PendingJobs"] for figures in world.published} == {0}


@pytest.mark.parametrize("minutes", range(1, 6))
def test_there_are_never_six_minutes_without_a_sign_where_sweeps_come_often(minutes: int) -> None:
    world = rested(world_of({1: 0}))
    signs = [world.clock.now]
    for number in range(60):
        # The schedule, and what starts at its behest, is a second early or late.
        world.clock.sleep(60 * minutes + (1, -1)[number % 2])
        before = len(world.published)
        world.sweep()
        world.settle()
        signs += [world.clock.now] * (len(world.published) - before)
    assert max(later - sign for sign, later in pairwise(signs)) <= 361


@pytest.mark.parametrize("sets_capacity", [True, False], ids=["lambda", "alarms"])
@pytest.mark.parametrize("sweeps", [True, False])
def test_whatever_was_not_zero_is_published_as_zero_in_the_end(*, sweeps: bool, sets_capacity: bool) -> None:
    world = world_of({1: 3}, rules=replace(RULES, sets_capacity=sets_capacity))
    world.group.desired = 3
    world.group.launch()
    world.group.boot()
    world.gitlab.projects[1] = [running(1, system_id(1)), pending(2)]
    world.minute()
    assert world.figures["OldestPendingJobSeconds"] > 0
    finish(world)
    world.group.desired = 0
    assert last(world).keys() >= ENDING
    assert ends(world)

    assert_ends(world, sweeps=sweeps)


def test_a_zero_that_could_not_be_published_is_published_by_the_next_observation() -> None:
    world = world_of({1: 3})
    finish(world)
    world.cannot_publish = True
    world.minute(sweeps=False)
    world.cannot_publish = False
    assert ends(world)
    world.minute(sweeps=False)
    assert ends(world) == {}


def test_no_zero_comes_from_an_observation_that_is_incomplete() -> None:
    world = world_of({1: 0})
    world.gitlab.projects[1] = [pending(1, queued_at=world.clock.now)]
    world.minute()
    world.minute()
    assert world.figures["OldestPendingJobSeconds"] > 0
    world.gitlab.projects[1] = []
    world.gitlab.fault = failing("/projects/1/jobs")
    for _ in range(10):
        world.minute()
    assert last(world)["OldestPendingJobSeconds"] > 0
    assert last(world)["PendingJobs"] == 1

    world.gitlab.fault = None
    world.minute()
    assert (last(world)["OldestPendingJobSeconds"], last(world)["PendingJobs"]) == (0, 0)


def test_at_rest_what_is_unknown_has_no_figure_and_is_said_to_be_unknown_each_time() -> None:
    world = rested(world_of({1: 0}))
    world.table.unreachable = True
    for _ in range(5):
        world.minute()
    assert len(world.published) >= 5
    assert {frozenset(figures) for figures in world.published} == {
        frozenset({"ObservationsIncomplete", "SnapshotSeconds"})
    }


def test_at_rest_it_is_said_at_once_that_everything_is_known_again() -> None:
    world = rested(world_of({1: 0}))
    world.table.unreachable = True
    world.minute()
    assert "PendingJobs" not in world.figures
    world.table.unreachable = False
    world.minute()
    assert world.figures.keys() == AT_REST


def test_an_error_of_gitlab_is_told_at_rest_too_and_so_is_its_end() -> None:
    world = rested(world_of({1: 0}))
    world.gitlab.fault = failing("/projects/1/jobs")
    for _ in range(5):
        world.minute()
    assert all(figures["GitLabErrors"] and figures["ObservationsIncomplete"] for figures in world.published)
    assert all("PendingJobs" not in figures for figures in world.published)
    world.gitlab.fault = None
    world.minute()
    assert last(world)["GitLabErrors"] == 0


def test_without_sweeps_a_hook_of_others_jobs_does_not_make_the_fleet_read_every_project() -> None:
    world = rested(world_of({1: 0, 2: 0, 3: 0}))
    world.clock.sleep(7200)
    reads = world.gitlab.reads.copy()
    world.hook(1)
    world.settle()
    for _ in range(3):
        world.minute(sweeps=False)
    assert world.gitlab.reads - reads == {1: 1}


@pytest.mark.parametrize("every", [5, 60])
def test_a_list_of_projects_that_cannot_be_read_is_tried_again_each_minute(every: int) -> None:
    world = World()
    world.gitlab.fault = failing("/projects", "GitLab refuses the token")
    world.gitlab.projects = {1: []}
    for minute in range(every):
        world.published.clear()
        world.minute(sweeps=minute == 0)
        assert sum(figures.get("GitLabErrors", 0) for figures in world.published), minute
        assert all(figures["ObservationsIncomplete"] for figures in world.published)
    world.gitlab.fault = None
    for _ in range(CLOSING_ZEROS + 1):
        world.minute(sweeps=False)
    assert world.state.projects[1].read_at
    world.tick()
    assert world.turn() is Outcome.NOTHING_TO_DO


def test_with_alarms_a_shortfall_and_a_surplus_are_published_for_as_long_as_they_last() -> None:
    world = rested(world_of({1: 0}, rules=replace(RULES, sets_capacity=False)))
    world.gitlab.projects[1] = [pending(number) for number in range(1, 5)]
    for _ in range(3):
        world.minute()
    assert [figures["CapacityShortfall"] for figures in world.published] == [4, 4, 4]

    world.group.desired = 4
    world.group.launch()
    world.group.boot()
    world.gitlab.projects[1] = []
    for _ in range(12):
        world.minute()
    world.published.clear()
    for _ in range(3):
        world.minute()
    assert [figures["CapacitySurplus"] for figures in world.published] == [4, 4, 4]


def test_standby_and_warm_instances_are_told_while_there_are_any() -> None:
    world = rested(world_of({1: 0}))
    world.minute()
    assert not {"InstancesStandby", "InstancesWarm"} & last(world).keys()
    world.group.desired = 2
    world.group.launch()
    for key, phase in zip(list(world.group.instances), (Phase.STANDBY, Phase.WARM), strict=True):
        world.group.change(key, phase)
    world.group.desired = 0
    world.minute()
    assert (world.figures["InstancesStandby"], world.figures["InstancesWarm"]) == (1, 1)


def test_the_reaction_is_counted_from_the_webhook_on_also_if_it_was_noted_first() -> None:
    world = rested(world_of({1: 0}))
    world.clock.sleep(30)
    world.hook(1)
    world.clock.sleep(0.4)
    world.turn()
    assert world.figures["ReactionSeconds"] == pytest.approx(0.4)

    world.clock.sleep(0.1)
    first = world.clock.now
    world.hook(1)
    assert world.turn() is Outcome.NOTED
    world.clock.sleep(0.2)
    world.hook(1)
    world.settle()
    assert world.figures["ReactionSeconds"] == pytest.approx(world.clock.now - first)


def test_there_is_no_reaction_where_nothing_was_answered() -> None:
    world = rested(world_of({1: 0}))
    world.minute()
    world.gitlab.fault = failing("/projects/1/jobs")
    world.hook(1)
    world.clock.sleep(5)
    world.settle()
    assert "ReactionSeconds" not in last(world)
