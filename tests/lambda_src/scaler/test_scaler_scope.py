"""Which projects count, and which of their jobs."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from scaler.capacity import Rules
from scaler.errors import DeniedError
from scaler.model import Job, Scope
from scaler.outcome import Outcome
from tests.lambda_src.scaler.fakes import RUNNER, World, pending, running

if TYPE_CHECKING:
    import pytest

from tests.lambda_src.scaler.worlds import failing, idle_world, world_of


def test_explicit_projects_leave_others_alone() -> None:
    world = World()
    world.table.scope = Scope(projects=("1",))
    world.gitlab.projects = {1: [], 2: [pending(1)]}
    world.sweep()
    world.settle()
    world.hook(2)
    world.settle()
    assert world.gitlab.reads == {1: 1}
    assert world.group.desired == 0


def test_a_project_new_in_a_group_is_found_by_its_hook() -> None:
    world = World()
    world.table.scope = Scope(groups=("team",))
    world.gitlab.projects = {1: [], 2: [pending(1)]}
    world.gitlab.groups = {"team": [1]}
    world.sweep()
    world.settle()
    world.clock.sleep(120)
    world.gitlab.groups = {"team": [1, 2]}
    world.hook(2)
    world.settle()
    assert world.group.desired == 1


def test_a_project_named_by_its_path_is_in_scope() -> None:
    world = World()
    world.table.scope = Scope(projects=("team/app",))
    world.gitlab.projects = {7: [pending(1)]}
    world.gitlab.paths = {"team/app": 7}
    world.hook(7)
    world.settle()
    assert world.group.desired == 1
    assert world.minute() is Outcome.UNCHANGED


def test_a_hooked_project_counts_whatever_its_activity() -> None:
    world = World()
    world.gitlab.projects = {1: [], 2: []}
    world.gitlab.inactive = {2}
    world.sweep()
    world.settle()
    assert world.gitlab.reads == {1: 1}
    world.gitlab.projects[2] = [pending(1)]
    world.hook(2)
    world.settle()
    assert world.group.desired == 1
    assert world.minute() is Outcome.UNCHANGED
    assert world.gitlab.reads[2] >= 2


def test_projects_without_activity_are_read_once_an_hour() -> None:
    world = World()
    world.gitlab.projects = {1: [], 2: []}
    world.gitlab.inactive = {2}
    for _ in range(5):
        world.minute()
    assert world.gitlab.reads[2] == 1
    for _ in range(62):
        world.minute()
    assert world.gitlab.reads[2] == 2
    assert 2 not in world.state.projects


def test_a_hooked_project_that_the_token_cannot_see_is_forgotten_within_the_hour() -> None:
    world = world_of({1: 0})
    for _ in range(3):
        world.minute()
    world.hook(99)
    world.settle()
    assert world.minute() is Outcome.UNKNOWN_KEPT
    for _ in range(62):
        world.minute()
    assert world.outcomes[-1] is Outcome.UNCHANGED
    assert 99 not in world.state.projects


def test_a_change_of_the_scope_is_followed() -> None:
    world = world_of({1: 0, 2: 1})
    assert world.group.desired == 1
    world.table.scope = Scope(projects=("1",))
    world.minute()
    assert set(world.state.projects) == {1}


def test_without_sweeps_ticks_keep_an_active_fleet_honest() -> None:
    world = world_of(dict.fromkeys(range(1, 6), 0))
    world.group.desired = 2
    world.group.launch()
    world.group.boot()
    for _ in range(12):
        world.minute(sweeps=False)
    assert len(world.group.removed) == 2


def test_the_log_sentence_carries_outcome_and_reason(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    world_of({1: 2})
    assert "scaled_out: 2 pending + 0 running need 2 instances, 0 in service, 0 booting: +2" in caplog.text


def test_alarms_are_given_the_shortfall_and_the_surplus() -> None:
    alarms = Rules(slots=1, idle_seconds=60, sets_capacity=False)
    world = world_of({1: 3}, rules=alarms)
    assert world.figures["CapacityShortfall"] == 3
    assert world.group.history == []
    world.group.desired = 3
    world.group.launch()
    world.group.boot()
    world.gitlab.projects[1] = []
    for _ in range(3):
        world.minute()
    assert world.figures["CapacitySurplus"] == 3
    assert world.group.removed == []


PROTECTED = replace(RUNNER, protected_only=True)


def on_branch(number: int, ref: str) -> Job:
    return replace(pending(number), ref=ref)


def test_only_jobs_of_protected_branches_count_for_a_protected_runner() -> None:
    world = World(runner=PROTECTED)
    world.gitlab.projects = {1: [on_branch(1, "main"), on_branch(2, "feature")], 2: []}
    world.sweep()
    world.settle()
    assert world.group.desired == 1


def test_protected_refs_are_asked_for_when_jobs_wait_and_kept_for_ten_minutes() -> None:
    world = World(runner=PROTECTED)
    world.gitlab.projects = {1: [], 2: [on_branch(1, "main")]}
    asked: list[str] = []
    world.gitlab.fault = asked.append
    for _ in range(10):
        world.minute()
    assert [what for what in asked if "protected" in what] == [
        "/projects/2/protected_branches",
        "/projects/2/protected_tags",
    ]
    world.minute()
    assert sum("protected" in what for what in asked) == 4


def test_protected_refs_that_may_not_be_read_hide_no_job(caplog: pytest.LogCaptureFixture) -> None:
    def fault(what: str) -> None:
        if "protected" in what:
            raise DeniedError("403 at projects/:id/protected_branches")

    world = World(runner=PROTECTED)
    world.gitlab.projects = {1: [on_branch(1, "feature")]}
    world.gitlab.fault = fault
    world.minute()
    world.minute()
    assert world.group.desired == 1
    assert caplog.text.count("project 1: protected_branches cannot be read, so jobs of all of them count") == 1


def test_protected_refs_that_fail_make_the_project_unknown() -> None:
    world = World(runner=PROTECTED)
    world.gitlab.projects = {1: [on_branch(1, "main")]}
    world.gitlab.fault = failing("/projects/1/protected_branches")
    assert world.minute() is Outcome.UNKNOWN_KEPT


def test_a_running_job_without_an_instance_keeps_the_fleet() -> None:
    world = idle_world()
    world.gitlab.projects[1] = [replace(running(1, ""), runner_id="5")]
    assert world.minute() is Outcome.UNKNOWN_KEPT
    assert world.group.removed == []


def test_more_projects_than_can_be_listed_are_said(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.gitlab.projects = {number: [] for number in range(1, 11_000)}
    world.gitlab.page_size = 5000
    world.sweep()
    world.turn()
    assert "more than 10000 projects; name projects or groups" in caplog.text
