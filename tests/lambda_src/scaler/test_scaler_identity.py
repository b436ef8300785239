"""Learning the runner's id from the jobs on the fleet's own instances."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from scaler.capacity import Group, Instance, Phase, Rules
from scaler.errors import DeniedError, GoneError
from scaler.identity import DENIED_SECONDS, known, learn, may_ask, refused
from scaler.model import Project, State
from scaler.outcome import Outcome
from scaler.scale import Scaler
from tests.lambda_src.scaler.fakes import RUNNER, START, World, instance_id, running, system_id
from tests.lambda_src.scaler.worlds import idle_world

GROUP = Group(0, 10, 2, tuple(Instance(instance_id(number), Phase.IN_SERVICE) for number in (1, 2)))


def projects(*jobs: tuple[int, str], learnt: str = "") -> State:
    """Return a state of projects that each run one job, on the instance of this number and by this runner."""
    found = (Project(at, running=(system_id(number),), runners=(runner,)) for at, (number, runner) in enumerate(jobs))
    return State(projects={project.id: project for project in found}, runner_id=learnt)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        pytest.param(projects((1, "5")), "5", id="a job on an instance of the group"),
        pytest.param(projects((1, "5"), (2, "5"), (9, "6")), "5", id="another fleet's jobs beside"),
        pytest.param(projects((9, "6")), "", id="another fleet's jobs only"),
        pytest.param(projects((1, "")), "", id="GitLab does not say"),
        pytest.param(projects(learnt="5"), "5", id="kept while nothing runs"),
        pytest.param(projects((9, "6"), learnt="5"), "5", id="kept while others run"),
        pytest.param(projects((1, "6"), learnt="5"), "6", id="another one is named"),
        pytest.param(projects((1, "5"), (2, "6"), learnt="5"), "", id="two are named"),
    ],
)
def test_the_runner_is_the_one_that_jobs_on_the_groups_instances_name(state: State, expected: str) -> None:
    assert learn(state, GROUP) == replace(state, runner_id=expected)


def test_jobs_of_one_project_are_told_apart_by_their_instances() -> None:
    project = Project(1, running=(system_id(1), system_id(9)), runners=("5", "6"))
    assert learn(State(projects={1: project}), GROUP).runner_id == "5"
    # A state of an earlier version names no runners.
    assert learn(State(projects={1: replace(project, runners=())}), GROUP).runner_id == ""


def test_the_configured_id_comes_before_the_learnt_one() -> None:
    assert known(replace(RUNNER, id="5"), State(runner_id="6")) == "5"
    assert known(RUNNER, State(runner_id="6")) == "6"
    assert known(RUNNER, State()) == ""


def test_a_refused_runner_is_left_alone_for_an_hour_and_another_one_is_not() -> None:
    assert DENIED_SECONDS == 3600
    state = refused(State(runner_id="5"), "5", START, is_gone=False)
    assert state == State(runner_id="5", runner_denied="5", runner_denied_until=START + 3600)
    assert not may_ask(state, "5", START + 3599)
    assert may_ask(state, "5", START + 3600)
    assert may_ask(state, "6", START)
    assert not may_ask(State(), "", START)


def test_a_runner_that_is_gone_is_forgotten() -> None:
    state = refused(State(runner_id="5"), "5", START, is_gone=True)
    assert state == State(runner_denied="5", runner_denied_until=START + 3600)


def served_world(rules: Rules | None = None) -> World:
    """Return a fleet of two, of which one has run a job, when both have been idle for their time in a minute."""
    world = World(rules=rules or Rules(slots=1, idle_seconds=600))
    world.gitlab.projects = {1: [running(1, system_id(1))]}
    world.group.desired = 2
    world.group.launch()
    world.group.boot()
    world.group.minimum = 2
    world.minute()
    world.gitlab.projects = {1: []}
    for _ in range(12):
        world.minute()
    world.group.minimum = 0
    return world


def test_a_learnt_runner_is_asked_before_an_instance_goes_also_by_a_new_container() -> None:
    world = served_world()
    world.scaler = Scaler(world.scaler.services, world.scaler.configuration)
    world.gitlab.busy = frozenset({system_id(1)})
    assert world.minute() is Outcome.SCALED_IN
    assert world.group.removed == [instance_id(2)]
    assert world.state.runner_id == "5"


def test_without_a_job_there_is_nobody_to_ask() -> None:
    world = idle_world()
    world.gitlab.busy = frozenset({system_id(1)})
    assert world.minute() is Outcome.SCALED_IN
    assert len(world.group.removed) == 2


@pytest.mark.parametrize(
    ("error", "learnt"),
    [
        pytest.param(DeniedError("403 at runners/:id/managers"), "5", id="the token may not"),
        pytest.param(GoneError("404 at runners/:id/managers"), "", id="there is no such runner"),
    ],
)
def test_a_refusal_is_said_quietly_and_the_projects_decide(
    error: DeniedError, learnt: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    world = served_world()
    asked: list[str] = []

    def refuse(what: str) -> None:
        if what.startswith("/runners"):
            asked.append(what)
            raise error

    world.gitlab.fault = refuse
    assert world.minute() is Outcome.SCALED_IN
    assert len(world.group.removed) == 2
    assert (asked, world.state.runner_id) == (["/runners/5/managers"], learnt)
    said = [record.levelname for record in caplog.records if "cannot be listed" in record.getMessage()]
    assert said == ["INFO"]


def test_a_runner_that_follows_another_is_asked_at_once() -> None:
    world = served_world()
    asked: list[str] = []

    def gone(what: str) -> None:
        asked.append(what)
        if what == "/runners/5/managers":
            raise GoneError("404 at runners/:id/managers")

    world.gitlab.fault = gone
    world.group.minimum = 1
    world.minute()
    world.gitlab.projects[1] = [running(2, system_id(2), runner_id="6")]
    world.minute()
    assert world.state.runner_id == "6"
    world.gitlab.projects[1] = []
    world.group.minimum = 0
    for _ in range(12):
        world.minute()
    managers = [path for path in asked if path.startswith("/runners")]
    assert managers[:2] == ["/runners/5/managers", "/runners/6/managers"]


def test_a_learnt_runner_hides_no_job_and_only_what_is_foreseen_goes_by_it() -> None:
    world = served_world(Rules(slots=1, idle_seconds=600, looks_ahead=True))
    jobs = [running(number, system_id(number), runner_id=runner) for number, runner in ((1, "5"), (2, "6"))]
    world.gitlab.projects[1] = [replace(job, name="test", pipeline_id=1) for job in jobs]
    world.minute()
    assert world.figures["RunningJobs"] == 2
    assert {job.id: job.is_ours for job in world.state.projects[1].live} == {1: True, 2: False}
