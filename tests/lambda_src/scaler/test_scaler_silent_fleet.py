"""A fleet whose runners die while they are idle, through the whole scaler."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from scaler.capacity import Phase, Rules
from scaler.errors import GroupError
from scaler.outcome import Outcome
from tests.lambda_src.scaler.fakes import RUNNER, FakeClock, World, instance_id, pending, running, system_id
from tests.lambda_src.scaler.standin import StandIn
from tests.lambda_src.scaler.worlds import denied, failing

if TYPE_CHECKING:
    from scaler.matching import Runner

RULES = Rules(slots=1, idle_seconds=1800)
ALARMS = replace(RULES, sets_capacity=False)
KNOWN = replace(RUNNER, id="5")


def dead_world(instances: int = 1, rules: Rules = RULES, runner: Runner = KNOWN) -> World:
    """Return a fleet that has been idle for a while, with dead managers, when a job comes."""
    world = World(rules=rules, runner=runner)
    world.gitlab.projects = {1: [running(9, system_id(1))]}
    world.group.desired = instances
    world.group.launch()
    world.group.boot()
    world.minute()
    world.gitlab.projects = {1: []}
    for _ in range(13):
        world.minute()
    world.gitlab.silences = dict.fromkeys(map(system_id, range(1, instances + 1)), 700.0)
    world.gitlab.projects[1] = [pending(1, world.clock.now)]
    return world


@pytest.mark.parametrize("rules", [pytest.param(RULES, id="lambda"), pytest.param(ALARMS, id="alarms")])
@pytest.mark.parametrize("runner", [pytest.param(KNOWN, id="configured"), pytest.param(RUNNER, id="learnt")])
def test_a_dead_runner_is_replaced_while_a_job_waits(rules: Rules, runner: Runner) -> None:
    world = dead_world(rules=rules, runner=runner)
    assert [world.minute() for _ in range(4)] == [
        Outcome.UNCHANGED,
        Outcome.UNCHANGED,
        Outcome.REPLACED,
        Outcome.UNCHANGED,
    ]
    assert (world.group.replaced, world.group.desired, world.group.removed) == ([instance_id(1)], 1, [])
    assert world.group.describe().count(Phase.BOOTING) == 1
    assert (world.state.replaced, world.figures["CapacityShortfall"]) == (1, 0)


# With a registration token each instance registers a runner of its own.
@pytest.mark.parametrize(
    ("runner", "replaced"), [pytest.param(RUNNER, [], id="learnt"), pytest.param(KNOWN, [2, 3], id="configured")]
)
def test_an_instance_that_a_learnt_runner_does_not_have_may_have_a_runner_of_its_own(
    runner: Runner, replaced: list[int]
) -> None:
    world = dead_world(3, runner=runner)
    world.gitlab.silences = {system_id(1): 0.0}
    for _ in range(6):
        world.minute()
    assert world.group.replaced == [instance_id(number) for number in replaced]


def test_a_runner_that_took_a_job_meanwhile_is_not_replaced() -> None:
    world = dead_world()
    world.gitlab.silences = {}
    world.gitlab.busy = frozenset({system_id(1)})
    for _ in range(4):
        world.minute()
    assert world.group.replaced == []


def test_gitlab_is_asked_for_managers_once_a_minute_at_most() -> None:
    world = dead_world()
    world.gitlab.silences = {system_id(1): 0.0}
    asked: list[str] = []
    world.gitlab.fault = asked.append
    for _ in range(6):
        world.minute()
        world.hook(1)
        world.settle()
    assert 3 <= asked.count("/runners/5/managers") <= 5


def test_managers_that_cannot_be_read_leave_the_observation_complete() -> None:
    world = dead_world()
    world.gitlab.fault = failing("/runners/5/managers")
    assert [world.minute() for _ in range(4)] == [Outcome.UNCHANGED] * 4
    assert world.group.replaced == []
    assert world.figures["PendingJobs"] == 1


def test_a_token_that_may_not_ask_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    world = dead_world()
    world.gitlab.fault = denied
    for _ in range(6):
        world.minute()
    assert world.group.replaced == []
    assert caplog.text.count("the runner's managers cannot be listed") == 1


def test_while_the_runner_is_not_known_gitlab_is_not_asked() -> None:
    world = dead_world()
    world.scaler.configuration = replace(world.scaler.configuration, runner=RUNNER)
    asked: list[str] = []
    world.gitlab.fault = asked.append
    for _ in range(5):
        world.minute()
    assert world.group.replaced == []
    assert not [path for path in asked if path.startswith("/runners")]


def test_a_replacement_that_fails_is_said_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    world = dead_world()
    world.group.error = GroupError("Rate exceeded", Outcome.GROUP_FAILED)
    assert [world.minute() for _ in range(3)][-1] is Outcome.GROUP_FAILED
    assert "Rate exceeded" in caplog.text
    assert world.state.replaced == 0
    world.group.error = None
    assert world.minute() is Outcome.REPLACED


def test_a_job_that_no_runner_takes_does_not_replace_the_fleet_again_and_again() -> None:
    world = dead_world(4)
    replaced = []
    for _ in range(240):
        world.minute()
        world.group.boot()
        alive = [instance for instance in world.group.instances.values() if instance.phase is Phase.IN_SERVICE]
        world.gitlab.silences = {instance.system_id: 700.0 for instance in alive}
        replaced.append(len(world.group.replaced))
    assert replaced[119] <= 7
    assert replaced[239] <= replaced[119] + 2
    assert world.group.desired <= 4


@pytest.mark.parametrize("runner_id", [pytest.param("1", id="configured"), pytest.param("", id="learnt")])
def test_a_host_that_stops_asking_is_replaced_and_its_job_runs(runner_id: str) -> None:
    clock = FakeClock()
    standin = StandIn(clock, runner_id)
    runner = replace(RUNNER, id=runner_id)
    world = World(rules=Rules(slots=1, idle_seconds=3600), clock=clock, connect=standin.connect, runner=runner)
    project = standin.project()
    standin.start(standin.jobs(project)[0], system_id(2))
    done, other = standin.jobs(project, count=2)
    world.group.desired = 2
    world.group.launch()
    world.group.boot()
    standin.start(done, system_id(1))
    world.minute()
    standin.control("POST", f"jobs/{done}/finish", {})
    # From here on the host of instance 1 is silent, and the other job waits.
    for _ in range(15):
        world.minute()
    assert world.group.replaced == [instance_id(1)]

    world.group.boot()
    standin.start(other, system_id(3))
    for _ in range(15):
        world.minute()
    assert world.group.replaced == [instance_id(1)]
    assert world.figures["RunningJobs"] == 2
