"""The use case in an in-memory world: every named outcome, and what is done and published."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scaler.capacity import Phase, Rules
from scaler.errors import GroupError
from scaler.outcome import Outcome
from tests.lambda_src.scaler.fakes import RUNNER, World, instance_id, pending, running, system_id

if TYPE_CHECKING:
    import pytest

from tests.lambda_src.scaler.worlds import denied, failing, idle_world, world_of


def test_a_hook_sets_the_capacity_in_the_same_invocation() -> None:
    world = world_of({1: 0, 2: 0})
    world.clock.sleep(10)
    world.gitlab.projects[2] = [pending(1), pending(2), pending(3)]
    reads = world.gitlab.reads.copy()
    world.hook(2)

    assert world.turn() is Outcome.SCALED_OUT

    assert world.group.desired == 3
    assert world.gitlab.reads - reads == {2: 1}
    assert world.figures["PendingJobs"] == 3
    assert world.figures["CapacityShortfall"] == 0
    assert world.group.describes == 3


def test_nothing_but_the_observation_happens_when_all_is_well() -> None:
    world = world_of({1: 0})
    world.sweep()
    world.clock.sleep(60)
    assert world.settle() is Outcome.UNCHANGED
    assert world.group.history == []


def test_an_idle_fleet_answers_a_tick_without_asking_gitlab_or_writing_anything() -> None:
    world = world_of({1: 0})
    before = (world.gitlab.requests, world.table.saves, len(world.published))
    world.tick()
    assert world.turn() is Outcome.NOTHING_TO_DO
    assert (world.gitlab.requests, world.table.saves, len(world.published)) == before


def test_an_empty_batch_does_nothing() -> None:
    world = World()
    assert world.scaler.handle([], 30.0) is Outcome.NOTHING_TO_DO


def test_the_maximum_is_reached() -> None:
    world = world_of({1: 20})
    assert world.group.desired == 10
    assert world.minute() is Outcome.AT_MAXIMUM
    assert world.figures["CapacityShortfall"] == 0


def test_a_missing_group_is_named(caplog: pytest.LogCaptureFixture) -> None:
    world = world_of({1: 0})
    world.group.exists = False
    world.hook(1)
    world.clock.sleep(5)
    assert world.turn() is Outcome.GROUP_MISSING
    assert "group_missing: the group does not exist" in caplog.text
    assert "InstancesInService" not in world.figures
    assert world.minute() is Outcome.GROUP_MISSING


def test_an_activity_in_progress_is_tried_again_by_the_next_observation() -> None:
    world = world_of({1: 0})
    world.gitlab.projects[1] = [pending(1)]
    world.group.error = GroupError("the desired capacity 1 was not set", Outcome.ACTIVITY_IN_PROGRESS)
    assert world.minute() is Outcome.ACTIVITY_IN_PROGRESS
    assert world.figures["CapacityShortfall"] == 1

    world.group.error = None
    assert world.minute() is Outcome.SCALED_OUT
    assert world.group.desired == 1


def test_capacity_that_a_person_has_raised_stays() -> None:
    world = world_of({1: 1})
    world.group.desired = 4
    world.group.launch()
    world.group.boot()
    assert world.minute() is Outcome.DESIRED_CHANGED_MEANWHILE
    assert world.group.desired == 4
    assert world.minute() is Outcome.UNCHANGED


def test_capacity_that_a_person_has_lowered_is_raised_again_only_for_jobs() -> None:
    world = world_of({1: 3})
    world.group.desired = 1
    assert world.minute() is Outcome.SCALED_OUT
    assert world.group.desired == 3


def test_bounds_that_a_person_has_changed_are_not_fought() -> None:
    world = world_of({1: 0})
    world.gitlab.projects[1] = [pending(1)]
    world.group.error = GroupError("is above max value", Outcome.DESIRED_CHANGED_MEANWHILE)
    assert world.minute() is Outcome.DESIRED_CHANGED_MEANWHILE
    assert world.group.history == []


def test_idle_instances_leave_after_their_time() -> None:
    world = idle_world()
    assert world.minute() is Outcome.SCALED_IN
    assert (world.group.desired, sorted(world.group.removed)) == (0, [instance_id(1), instance_id(2)])
    assert world.figures["CapacitySurplus"] == 0


def test_a_busy_instance_never_leaves() -> None:
    world = idle_world()
    world.gitlab.projects[1] = [running(1, system_id(2))]
    for _ in range(15):
        world.minute()
    assert world.group.removed == [instance_id(1)]


def test_a_protected_instance_never_leaves() -> None:
    world = idle_world()
    world.group.instances[instance_id(1)] = replace(world.group.instances[instance_id(1)], is_protected=True)
    world.minute()
    assert world.group.removed == [instance_id(2)]


def test_an_instance_that_became_idle_a_moment_ago_waits_for_every_project_to_be_read() -> None:
    world = World(rules=Rules(slots=1, idle_seconds=0))
    world.gitlab.projects = {1: [running(1, system_id(1))], 2: []}
    world.group.desired = 1
    world.group.launch()
    world.group.boot()
    world.sweep()
    world.settle()
    world.clock.sleep(5)
    world.gitlab.projects = {1: [], 2: [running(2, system_id(1))]}

    world.hook(1)
    assert world.turn() is Outcome.UNCHANGED
    assert world.group.removed == []

    assert world.minute() is Outcome.UNCHANGED
    assert world.group.removed == []


def test_an_instance_that_is_gone_already_is_no_fault() -> None:
    world = idle_world()
    world.group.error = GroupError("instance id not found", Outcome.INSTANCE_GONE)
    assert world.minute() is Outcome.INSTANCE_GONE


def test_a_job_that_ends_on_a_terminating_instance_is_no_demand() -> None:
    world = idle_world(3)
    world.gitlab.projects[1] = [running(1, system_id(1)), running(2, system_id(2))]
    world.group.change(instance_id(1), Phase.TERMINATING)
    world.group.desired = 2
    world.minute()
    assert world.group.desired == 1
    assert world.group.removed == [instance_id(3)]
    assert world.figures["RunningJobs"] == 2
    assert world.figures["InstancesTerminating"] == 1


def test_an_unknown_project_keeps_the_fleet_and_hides_the_figures() -> None:
    world = idle_world()
    world.gitlab.fault = failing("/projects/1/jobs")
    assert world.minute() is Outcome.UNKNOWN_KEPT
    assert world.group.desired == 2
    assert "PendingJobs" not in world.figures
    assert world.figures["InstancesInService"] == 2
    assert world.figures["GitLabErrors"] == 1


def test_what_is_known_is_enough_to_scale_out() -> None:
    world = world_of({1: 0, 2: 0})
    world.gitlab.fault = failing("/projects/1/jobs")
    world.gitlab.projects[2] = [pending(1)]
    world.clock.sleep(60)
    world.sweep()
    world.settle()
    assert Outcome.SCALED_OUT in world.outcomes
    assert world.group.desired == 1


def test_the_runner_itself_is_asked_before_an_instance_goes() -> None:
    world = idle_world(runner=replace(RUNNER, id="5"))
    world.gitlab.busy = frozenset({system_id(1)})
    assert world.minute() is Outcome.SCALED_IN
    assert world.group.removed == [instance_id(2)]


def test_nothing_goes_while_the_runner_cannot_be_asked(caplog: pytest.LogCaptureFixture) -> None:
    world = idle_world(runner=replace(RUNNER, id="5"))
    world.gitlab.fault = failing("/runners/5/managers")
    assert world.minute() is Outcome.UNKNOWN_KEPT
    assert world.group.removed == []
    assert "the runner's managers (GitLab answers 503)" in caplog.text


def test_the_projects_decide_where_the_token_may_not_ask_for_the_runner(caplog: pytest.LogCaptureFixture) -> None:
    world = idle_world(runner=replace(RUNNER, id="5"))
    world.gitlab.fault = denied
    assert world.minute() is Outcome.SCALED_IN
    assert len(world.group.removed) == 2
    assert caplog.text.count("the runner's managers cannot be listed") == 1


def test_a_denied_runner_is_asked_again_after_an_hour_only(caplog: pytest.LogCaptureFixture) -> None:
    world = idle_world(1, runner=replace(RUNNER, id="5"))
    world.group.minimum = 0
    world.gitlab.fault = denied
    world.minute()
    assert caplog.text.count("cannot be listed") == 1
    assert world.state.runner_denied_until > world.clock.now


def test_the_state_of_another_writer_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    world = world_of({1: 0})
    world.table.conflicts = True
    version = world.table.version
    assert world.minute() is Outcome.STATE_CONFLICT
    assert world.table.version == version
    assert "dropped" in caplog.text
    world.table.conflicts = False
    assert world.minute() is Outcome.UNCHANGED


def test_without_the_state_the_fleet_may_grow_and_never_shrinks() -> None:
    world = idle_world()
    world.table.unreachable = True
    assert world.minute() is Outcome.UNKNOWN_KEPT
    assert world.group.removed == []
    assert "PendingJobs" not in world.figures

    world.gitlab.projects[1] = [pending(n) for n in range(5)]
    world.hook(1)
    world.clock.sleep(1)
    assert world.turn() is Outcome.SCALED_OUT
    assert world.group.desired == 5

    world.table.unreachable = False
    world.group.boot()
    assert world.minute() is Outcome.DESIRED_CHANGED_MEANWHILE


def test_a_new_container_without_the_state_scales_out_for_what_the_hook_names() -> None:
    world = World()
    world.table.unreachable = True
    world.gitlab.projects = {1: [pending(1)]}
    world.hook(1)
    assert world.turn() is Outcome.SCALED_OUT


def test_a_table_that_cannot_be_written_is_said(caplog: pytest.LogCaptureFixture) -> None:
    world = world_of({1: 0})
    world.table.unwritable = True
    world.minute()
    assert "what was observed is not saved: the table cannot be written" in caplog.text


def test_missing_metrics_do_not_stop_the_scaling(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.cannot_publish = True
    world.gitlab.projects = {1: [pending(1)]}
    world.hook(1)
    assert world.turn() is Outcome.SCALED_OUT
    assert "metrics are missing" in caplog.text
