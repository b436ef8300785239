"""Looking ahead, from GitLab's lists to the desired capacity."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scaler.capacity import Phase
from scaler.errors import DeniedError, ReadError
from scaler.history import key
from scaler.lessons import HINT_PAUSE_SECONDS, hints_not_before, is_paused
from scaler.model import Project
from scaler.observe import HINT_LIFE_SECONDS
from scaler.outcome import Outcome
from scaler.pipelines import stage_key
from tests.lambda_src.scaler.ahead import AHEAD, BUILD_SECONDS, broken, build, hook, learnt, run, started
from tests.lambda_src.scaler.fakes import RULES, START, World, instance_id
from tests.lambda_src.scaler.standin import StandIn


def test_capacity_for_the_next_stage_is_asked_for_before_its_jobs_are_pending() -> None:
    world = learnt()
    assert world.group.desired == 1
    run(world, 9, BUILD_SECONDS - 30)
    assert world.group.desired == 5
    assert world.outcomes[-1] is Outcome.SCALED_OUT


def test_early_in_the_stage_nothing_is_asked_for() -> None:
    world = learnt()
    run(world, 9, 5)
    assert world.group.desired == 1


def test_without_looking_ahead_gitlab_is_not_asked_and_nothing_is_kept() -> None:
    world = learnt(RULES)
    run(world, 9, BUILD_SECONDS - 30)
    assert world.group.desired == 1
    assert world.state.history == {}
    assert world.state.projects[1].live == ()


def test_the_same_job_is_never_started_for_twice() -> None:
    world = learnt()
    run(world, 9, BUILD_SECONDS - 30)
    assert world.group.desired == 5
    build_still_runs = list(world.gitlab.projects[1])
    for _ in range(5):
        world.clock.sleep(2)
        hook(world)
    assert world.group.desired == 5
    # Some of the tests are pending now, and the build ends.
    waiting = [
        replace(build(900 + number, 9), name="test", stage="test", queued_at=world.clock.now) for number in (1, 2, 3)
    ]
    world.gitlab.projects[1] = [*build_still_runs, *waiting]
    hook(world)
    world.gitlab.projects[1] = waiting
    world.clock.sleep(2)
    hook(world)
    assert world.group.desired == 5
    assert max(world.group.history) == 5


def test_what_has_been_under_way_does_not_come_again() -> None:
    world = learnt()
    run(world, 9, 60)
    assert len(world.state.projects[1].created) == 5
    world.gitlab.projects[1] = [build(901, 9, world.clock.now)]
    world.clock.sleep(5)
    hook(world)
    assert {job.id for job in world.state.projects[1].created} == {902, 903, 904, 905}


@pytest.mark.parametrize(
    "error", [ReadError("GitLab answers 503"), DeniedError("refused")], ids=["server error", "denied"]
)
def test_a_look_ahead_that_fails_neither_makes_the_observation_incomplete_nor_is_repeated_at_once(
    error: ReadError,
) -> None:
    world = learnt()
    world.gitlab.fault = broken(error)
    before = world.gitlab.requests
    run(world, 9, 20)
    assert world.outcomes[-1] is Outcome.UNCHANGED
    # Two job lists, one query: after its failure the second one is left out.
    assert world.gitlab.requests - before <= 3
    world.gitlab.fault = None
    world.clock.sleep(HINT_PAUSE_SECONDS)
    hook(world)
    assert world.state.projects[1].created


def asked(world: World, *project_ids: int) -> set[int]:
    """Return which of some projects are asked for later jobs when hooks of theirs come."""
    world.clock.sleep(HINT_LIFE_SECONDS)
    world.gitlab.later_reads.clear()
    for number in project_ids:
        world.hook(number)
    world.settle()
    return set(project_ids).intersection(world.gitlab.later_reads)


def busy_world(count: int) -> World:
    world = started()
    world.gitlab.projects = {number: [build(number, number, world.clock.now)] for number in range(1, count + 1)}
    for number in world.gitlab.projects:
        world.hook(number)
    world.settle()
    return world


def test_a_look_ahead_that_fails_in_one_project_pauses_that_project_alone() -> None:
    world = busy_world(3)
    world.gitlab.without_later = {1}
    assert asked(world, 1) == {1}
    assert asked(world, 1, 2, 3) == {2, 3}
    world.clock.sleep(HINT_PAUSE_SECONDS)
    assert asked(world, 1) == {1}


def test_looking_ahead_pauses_everywhere_when_it_fails_in_two_projects_and_works_in_none() -> None:
    world = busy_world(3)
    world.gitlab.without_later = {1, 2, 3}
    assert asked(world, 1) == {1}
    assert asked(world, 2) == {2}
    assert asked(world, 3) == set()
    world.clock.sleep(HINT_PAUSE_SECONDS)
    assert asked(world, 3) == {3}


def test_a_pause_that_a_clock_has_begun_which_was_ahead_does_not_last() -> None:
    failed = [Project(number, created_not_before=START + 86_400) for number in (1, 2)]
    assert not any(is_paused(project, START) for project in failed)
    assert hints_not_before(failed, START) == 0
    assert hints_not_before(failed, START + 86_399) == START + 86_400


def test_two_projects_that_cannot_be_looked_ahead_in_do_not_pause_those_that_can() -> None:
    world = busy_world(4)
    world.gitlab.without_later = {1, 2}
    assert asked(world, 1, 2, 3) == {1, 2, 3}
    assert asked(world, 1, 2, 3, 4) == {3, 4}


def test_looking_ahead_takes_one_request_for_a_project_and_none_without_pipelines() -> None:
    world = started()
    before = world.gitlab.requests
    hook(world)
    assert world.gitlab.requests - before == 1
    run(world, 1, 60)
    before = world.gitlab.requests
    world.clock.sleep(20)
    hook(world)
    assert world.gitlab.requests - before == 2


def test_looking_ahead_leaves_the_budget_to_counting_jobs() -> None:
    world = World(rules=AHEAD, requests_per_minute=20)
    world.gitlab.projects = {key: [build(key, key)] for key in range(1, 11)}
    for _ in range(3):
        world.minute()
    assert all(project.read_at > world.clock.now - 60 for project in world.state.projects.values())
    assert world.state.is_complete


def test_what_was_learnt_survives_a_cold_container() -> None:
    world = learnt()
    cold = World(rules=AHEAD, clock=world.clock, group=world.group, table=world.table)
    cold.gitlab.projects = {1: []}
    cold.gitlab.clock = world.clock
    run(cold, 9, BUILD_SECONDS - 30)
    assert cold.group.desired == 5


def test_the_stand_in_tells_later_jobs_as_gitlab_does() -> None:
    standin = StandIn(World().clock)
    project = standin.project()
    standin.control(
        "POST",
        "pipelines",
        {
            "project_id": project,
            "jobs": [
                {"name": "build", "stage": "build"},
                {"name": "test", "stage": "test", "tag_list": ["windows"]},
                {"name": "lint", "stage": "test", "needs": ["build"]},
                {"name": "deploy", "stage": "deploy", "when": "manual"},
            ],
        },
    )
    call = standin.call()
    [deploy, lint, test] = standin.connect(call).created_jobs(project, "").jobs
    assert (test.needs, test.is_ours, test.is_automatic) == (None, False, True)
    assert (lint.needs, lint.is_ours, lint.is_automatic) == ((key(project, "build"),), True, True)
    assert (deploy.stage, deploy.is_automatic) == (stage_key("deploy"), False)
    assert len(call.times) == 1
    [pending] = standin.connect(standin.call()).jobs(project).jobs
    assert (pending.name, pending.stage, pending.pipeline_id) == ("build", "build", test.pipeline)


@pytest.mark.parametrize(
    ("fault", "fields"),
    [("5xx", {}), ("html", {}), ("unauthorized", {}), ("slow", {"seconds": 60})],
    ids=["5xx", "html", "unauthorized", "hangs"],
)
def test_later_jobs_are_asked_for_once_and_not_waited_for_long(fault: str, fields: dict[str, float]) -> None:
    standin = StandIn(World().clock)
    project = standin.project()
    standin.fault(fault, **fields)
    call, began = standin.call(), standin.clock.now
    with pytest.raises(ReadError):
        standin.connect(call).created_jobs(project, "")
    assert len(call.times) == 1
    assert standin.clock.now - began <= 2


def test_a_pipeline_of_the_group_that_stands_by_counts_no_capacity() -> None:
    world = started()
    world.group.change(instance_id(1), Phase.STANDBY)
    run(world, 1, 10)
    assert world.group.desired == 1
