"""Looking ahead when GitLab's answer does not hold all later jobs, and when some of those never come."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scaler.errors import ReadError
from scaler.history import key
from scaler.lessons import Hint, foretold
from scaler.model import Project
from scaler.observe import HINT_LIFE_SECONDS
from scaler.pages import Page
from scaler.pipelines import Created, Live, stage_key
from tests.lambda_src.scaler.ahead import BUILD_SECONDS, broken, build, hook, later_jobs, learnt, run

if TYPE_CHECKING:
    from tests.lambda_src.scaler.fakes import World


LIVE = Live(900, 9, key(1, "build"), stage_key("build"), 0.0, is_running=True, is_ours=True)


def many_later_jobs(pipeline: int) -> tuple[Created, ...]:
    """Return two tests, and as many jobs of the stage after them as a page has."""
    tests = later_jobs(pipeline, 2)
    last = later_jobs(pipeline, 102)[2:]
    return (*tests, *(job._replace(name=key(1, "deploy"), stage=stage_key("deploy")) for job in last))


def test_the_last_stage_is_not_taken_for_the_next_one_when_a_page_cuts_the_pipeline() -> None:
    world = learnt()
    world.gitlab.projects[1] = [build(900, 9, world.clock.now)]
    world.gitlab.created[1] = many_later_jobs(9)
    hook(world)
    world.clock.sleep(BUILD_SECONDS - 30)
    hook(world)
    assert list(world.state.projects[1].created_cut) == [9]
    assert world.group.desired == 1
    world.clock.sleep(HINT_LIFE_SECONDS)
    before = world.gitlab.requests
    hook(world)
    assert world.gitlab.requests - before == 2
    assert list(world.state.projects[1].created_cut) == []
    assert world.group.desired == 2


def test_a_cursor_that_leads_nowhere_is_given_up() -> None:
    world = learnt()
    world.gitlab.created[1] = many_later_jobs(9)
    world.gitlab.projects[1] = [build(900, 9, world.clock.now)]
    for _ in range(2):
        world.clock.sleep(HINT_LIFE_SECONDS)
        hook(world)
    assert world.state.projects[1].created_cursor
    world.gitlab.fault = broken(ReadError("GitLab refuses the query for later jobs"))
    world.clock.sleep(HINT_LIFE_SECONDS)
    hook(world)
    assert world.state.projects[1].created_cursor == ""


def cleanup(pipeline: int) -> tuple[Created, ...]:
    """Return jobs that come only when the build has failed, which GitLab does not tell."""
    return tuple(job._replace(name=key(1, "cleanup")) for job in later_jobs(pipeline, 5))


def run_well(world: World, pipeline: int) -> None:
    """Let a build end well, so that nothing is left to do; GitLab then skips what was to come."""
    world.gitlab.projects[1] = [build(100 * pipeline, pipeline, world.clock.now)]
    world.gitlab.created[1] = cleanup(pipeline)
    hook(world)
    world.clock.sleep(BUILD_SECONDS - 1)
    hook(world)
    world.clock.sleep(1)
    world.gitlab.projects[1] = []
    world.gitlab.created[1] = ()
    hook(world)
    world.clock.sleep(60)
    hook(world)


def late_in_the_build(world: World, pipeline: int) -> int:
    """Return the desired capacity shortly before a build ends."""
    world.gitlab.created[1] = cleanup(pipeline)
    world.gitlab.projects[1] = [build(100 * pipeline, pipeline, world.clock.now)]
    hook(world)
    world.clock.sleep(BUILD_SECONDS - 30)
    hook(world)
    return world.group.desired


def test_jobs_that_come_only_on_failure_are_not_expected_once_that_is_known() -> None:
    world = learnt()
    for pipeline in range(11, 16):
        world.group.desired = 1
        run_well(world, pipeline)
    world.group.desired = 1
    assert late_in_the_build(world, 20) == 1


def test_jobs_are_expected_while_little_is_known_of_their_name() -> None:
    world = learnt()
    for pipeline in (11, 12):
        run_well(world, pipeline)
    world.group.desired = 1
    assert late_in_the_build(world, 20) == 5


def test_jobs_that_come_are_expected_however_often_a_hook_finds_their_pipeline_between_two_stages() -> None:
    world = learnt()
    for pipeline in range(11, 21):
        run(world, pipeline, BUILD_SECONDS)
        world.gitlab.projects[1] = []
        hook(world)
        world.clock.sleep(2)
        world.gitlab.created[1] = ()
        world.gitlab.projects[1] = [
            replace(build(100 * pipeline + number, pipeline, world.clock.now), name="test", stage="test")
            for number in range(1, 6)
        ]
        hook(world)
        world.clock.sleep(60)
        world.gitlab.projects[1] = []
        hook(world)
        world.clock.sleep(60)
    assert world.state.absences == {}


def test_a_page_that_goes_on_behind_what_has_been_forgotten_is_not_taken_for_the_first_one() -> None:
    forgotten = Project(1, live=(LIVE,))
    assert foretold(forgotten, Hint(1, "eyJ", at=5.0, page=Page(later_jobs(9, 2))), 5.0) == forgotten
    assert foretold(forgotten, Hint(1, "", at=5.0, page=Page(later_jobs(9, 2))), 5.0).created == later_jobs(9, 2)


def test_later_jobs_of_a_project_without_jobs_under_way_are_not_kept() -> None:
    assert foretold(Project(1), Hint(1, "", at=5.0, page=Page(later_jobs(9, 2))), 5.0) == Project(1)
