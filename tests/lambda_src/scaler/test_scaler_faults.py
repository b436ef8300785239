"""Each fault of GitLab for five simulated minutes of schedule, through the real client and the stand-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from scaler.capacity import Rules
from scaler.outcome import Outcome
from tests.lambda_src.scaler.fakes import FakeClock, World, system_id
from tests.lambda_src.scaler.standin import StandIn

if TYPE_CHECKING:
    from collections.abc import Mapping

JOB_FIGURES = {"PendingJobs", "RunningJobs", "OldestPendingJobSeconds", "RunnersOverallLoad", "CapacityShortfall"}

FAULTS = [
    pytest.param({"name": "5xx"}, "GitLab answers 503", id="5xx"),
    pytest.param({"name": "5xx", "path": "/api/v4/projects"}, "the list of projects (GitLab answers 503)", id="list"),
    pytest.param({"name": "5xx", "path": "*/2/jobs"}, "project 2 (GitLab answers 503)", id="one project"),
    pytest.param({"name": "slow", "seconds": 7}, "GitLab cannot be reached (ReadTimeout)", id="slow"),
    pytest.param({"name": "timeout"}, "GitLab cannot be reached (ReadTimeout)", id="no answer"),
    pytest.param({"name": "connection_reset"}, "GitLab cannot be reached (ConnectionError)", id="connection reset"),
    pytest.param({"name": "truncated_json"}, "GitLab's answer is not JSON", id="truncated JSON"),
    pytest.param({"name": "html"}, "GitLab answers 502", id="proxy's error page"),
    pytest.param({"name": "html", "status": 200}, "GitLab's answer is not JSON", id="proxy's page"),
    pytest.param({"name": "wrong_type"}, "GitLab's answer is malformed: it is not a list", id="wrong type"),
    pytest.param({"name": "rate_limit", "seconds": 30}, "GitLab asked for a pause (429)", id="rate limit"),
    pytest.param({"name": "unauthorized"}, "GitLab refuses the token in SSM parameter /fleet/token", id="401"),
]


def idle_and_busy() -> tuple[World, StandIn]:
    """Return a fleet of two busy instances and two that have been idle for almost long enough to go."""
    clock = FakeClock()
    standin = StandIn(clock)
    world = World(rules=Rules(slots=1, idle_seconds=300), clock=clock, connect=standin.connect)
    for _ in range(3):
        standin.project()
    world.group.desired = 4
    world.group.launch()
    world.group.boot()
    for number, job in enumerate(standin.jobs(1, count=2), start=1):
        standin.start(job, system_id(number))
    for _ in range(5):
        assert world.minute() is Outcome.UNCHANGED
    return world, standin


@pytest.mark.parametrize(("fault", "words"), FAULTS)
def test_a_fault_never_shrinks_the_fleet_publishes_no_zero_and_heals_by_itself(
    fault: Mapping[str, Any], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    world, standin = idle_and_busy()
    published = len(world.published)
    standin.fault(**fault)

    for _ in range(5):
        world.minute()

    assert (world.group.desired, world.group.removed, world.group.history) == (4, [], [])
    during = world.published[published:]
    assert during
    assert not [figures for figures in during if JOB_FIGURES & figures.keys()]
    assert all(figures["InstancesInService"] == 4 for figures in during)
    assert any(figures["GitLabErrors"] for figures in during)
    assert words in caplog.text

    standin.recover()
    for _ in range(2):
        world.minute()
    assert len(world.group.removed) == 2
    assert world.group.desired == 2
    assert world.figures["RunningJobs"] == 2


# The list of projects is believed for minutes; without it alone, the projects themselves still answer.
ALL_FAULTS = [case for case in FAULTS if case.id not in {"list", "one project"}]


@pytest.mark.parametrize(("fault", "words"), ALL_FAULTS)
def test_a_fault_in_a_calm_keeps_idle_instances_and_publishes_nothing_from_memory(
    fault: Mapping[str, Any], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock = FakeClock()
    standin = StandIn(clock)
    world = World(rules=Rules(slots=1, idle_seconds=60), clock=clock, connect=standin.connect)
    for _ in range(3):
        standin.project()
    world.minute()
    world.group.desired = 2
    world.group.launch()
    world.group.boot()
    standin.fault(**fault)
    published = len(world.published)

    for _ in range(5):
        clock.sleep(60)
        world.tick()
        world.settle()

    assert (world.group.desired, world.group.removed) == (2, [])
    assert not [figures for figures in world.published[published:] if JOB_FIGURES & figures.keys()]
    assert words in caplog.text


def test_a_dropped_link_header_does_not_hide_jobs() -> None:
    world, standin = idle_and_busy()
    standin.fault("dropped_page")
    standin.jobs(2, count=250)
    world.group.maximum = 500

    for _ in range(5):
        world.minute()

    assert world.group.desired == 252
    assert world.figures["PendingJobs"] == 250


def test_an_outage_does_not_use_up_the_budget_that_the_recovery_needs() -> None:
    world, standin = idle_and_busy()
    standin.fault("5xx")
    before = len(standin.transport.sent)
    for _ in range(5):
        world.minute()
    assert len(standin.transport.sent) - before < 5 * 60


def test_new_jobs_are_served_while_another_project_fails() -> None:
    world, standin = idle_and_busy()
    standin.fault("5xx", path="*/2/jobs")
    standin.jobs(3, count=5)
    world.hook(3)
    world.settle()
    assert world.group.desired == 7


def test_a_pause_that_gitlab_asks_for_is_kept_by_the_next_invocations() -> None:
    world, standin = idle_and_busy()
    standin.fault("rate_limit", seconds=45, count=1)
    world.hook(1)
    world.settle()
    standin.recover()
    sent = len(standin.transport.sent)

    world.clock.sleep(30)
    world.hook(2)
    world.settle()
    assert len(standin.transport.sent) == sent

    world.clock.sleep(20)
    world.tick()
    world.settle()
    assert len(standin.transport.sent) > sent
