from __future__ import annotations

from dataclasses import replace

import pytest

from scaler.act import MAX_REMOVALS, Acted, act
from scaler.capacity import Group, Idle, Instance, Phase, Plan, Rules, Snapshot
from scaler.errors import GroupError
from scaler.intake import Limits
from scaler.metrics import Effort, Figure, load, of_effort, of_instances, of_jobs, of_nothing, of_trouble
from scaler.model import Clock, Listing, Project, Scope, State
from scaler.outcome import Outcome
from scaler.scope import Reach
from scaler.snapshot import MAX_GAP_SECONDS, follow, snapshot
from tests.lambda_src.scaler.fakes import START, FakeGroup, instance_id, system_id

LIMITS = Limits(Reach(Scope(), 3600), requests_per_minute=300, idle_seconds=600)
LISTED = Listing(read_at=START, scope=("membership",))


def in_service(number: int, *, protected: bool = False) -> Instance:
    return Instance(instance_id(number), Phase.IN_SERVICE, protected)


def project(number: int, **fields: object) -> Project:
    values = {"listed": True, "read_at": START, "attempted_at": START, **fields}
    return Project(number, **values)  # type: ignore[arg-type]


def state_of(*projects: Project, **fields: object) -> State:
    values = {"listing": LISTED, **fields}
    return State(projects={item.id: item for item in projects}, **values)  # type: ignore[arg-type]


def test_jobs_are_put_on_the_instances_that_run_them() -> None:
    group = Group(
        0,
        9,
        4,
        (
            in_service(1),
            Instance(instance_id(2), Phase.BOOTING),
            Instance(instance_id(3), Phase.TERMINATING),
            Instance(instance_id(4), Phase.STANDBY),
            Instance(instance_id(5), Phase.WARM),
        ),
    )
    state = state_of(
        project(1, pending=2, oldest_pending_at=START - 50, running=(system_id(1), system_id(2))),
        project(2, pending=1, oldest_pending_at=START - 20, running=(system_id(3), system_id(4), "r_ffffffffffff")),
    )
    seen = snapshot(state, group, LIMITS, START + 10)
    assert (seen.pending, seen.running, seen.running_elsewhere, seen.oldest_pending_seconds) == (3, 2, 2, 60)
    assert (seen.in_service, seen.booting, seen.terminating, seen.standby, seen.warm) == (1, 1, 1, 1, 1)
    assert (seen.minimum, seen.maximum, seen.desired) == (0, 9, 4)
    assert seen.project_ages == {1: 10, 2: 10}
    assert seen.is_complete


@pytest.mark.parametrize(
    ("state", "unknown"),
    [
        pytest.param(state_of(project(1)), (), id="complete"),
        pytest.param(State(), ("the list of projects (not read yet)",), id="no list"),
        pytest.param(
            state_of(listing=replace(LISTED, failure="GitLab answers 503")),
            ("the list of projects (GitLab answers 503)",),
            id="the list fails",
        ),
        pytest.param(
            state_of(listing=replace(LISTED, scope=("group:a",))),
            ("the list of projects (not read yet)",),
            id="the list of another scope",
        ),
        pytest.param(state_of(project(1, read_at=0.0)), ("project 1 (not read yet)",), id="never read"),
        pytest.param(
            state_of(project(1, read_at=START - 301)), ("project 1 (not read for too long)",), id="not read for long"
        ),
        pytest.param(state_of(project(1, read_at=START - 300)), (), id="just fresh enough"),
        pytest.param(
            state_of(*(project(n, failure="403") for n in (1, 2, 3))), ("projects 1, 2, 3 (403)",), id="three fail"
        ),
        pytest.param(
            state_of(*(project(n, failure="403") for n in range(1, 9))),
            ("8 projects such as 1, 2, 3 (403)",),
            id="many fail",
        ),
        pytest.param(
            state_of(project(1, failure="403"), project(2, read_at=0.0)),
            ("project 1 (403)", "project 2 (not read yet)"),
            id="for different reasons",
        ),
        pytest.param(
            state_of(project(1, unplaced=1)),
            ("project 1 (GitLab does not say which instance runs its jobs)",),
            id="unplaced job",
        ),
        pytest.param(state_of(project(1, listed=False, failure="403")), (), id="not in scope"),
    ],
)
def test_what_is_unknown_is_named_with_its_reason(state: State, unknown: tuple[str, ...]) -> None:
    assert snapshot(state, Group(0, 9, 0), LIMITS, START).unknown == unknown


def test_idle_clocks_start_when_work_ends_and_not_before_the_instance_serves() -> None:
    group = Group(0, 9, 3, (in_service(1), in_service(2), Instance(instance_id(3), Phase.BOOTING)))
    busy = state_of(project(1, running=(system_id(1),)))
    first = follow(busy, group, START)
    assert first.instances == {
        instance_id(1): Clock(START, is_busy=True, jobs=1, taken=1),
        instance_id(2): Clock(START, is_busy=False),
    }

    still = follow(first, group, START + 60)
    assert still.instances[instance_id(1)] == Clock(START + 60, is_busy=True, jobs=1, taken=1)
    assert still.instances[instance_id(2)] == Clock(START, is_busy=False)

    ended = follow(replace(still, projects={1: project(1)}), group, START + 120)
    assert ended.instances[instance_id(1)] == Clock(START + 120, is_busy=False, taken=1)

    later = follow(ended, group, START + 180)
    assert later.instances[instance_id(1)] == Clock(START + 120, is_busy=False, taken=1)

    told = follow(later, group, START + 240, busy={system_id(2)})
    assert told.instances[instance_id(2)] == Clock(START + 240, is_busy=True, jobs=1, taken=1)


def test_idle_clocks_start_anew_after_a_gap_in_which_nobody_looked() -> None:
    group = Group(0, 9, 1, (in_service(1),))
    seen = replace(follow(state_of(project(1)), group, START), observed_at=START)
    at_the_end = follow(seen, group, START + MAX_GAP_SECONDS)
    assert at_the_end.instances == {instance_id(1): Clock(START, is_busy=False)}
    after = START + MAX_GAP_SECONDS + 1
    assert follow(seen, group, after).instances == {instance_id(1): Clock(after, is_busy=False)}


def test_missing_instances_are_timed() -> None:
    short = Group(0, 9, 2, (in_service(1),))
    first = follow(State(), short, START)
    assert first.unfulfilled_since == START
    again = follow(first, short, START + 60)
    assert snapshot(again, short, LIMITS, START + 70).unfulfilled_seconds == 70
    full = follow(again, replace(short, desired=1), START + 120)
    assert full.unfulfilled_since == 0
    assert snapshot(full, short, LIMITS, START + 130).unfulfilled_seconds == 0


def test_only_instances_that_every_project_shows_as_idle_may_go() -> None:
    clocks = {
        instance_id(1): Clock(START - 100, is_busy=False),
        instance_id(2): Clock(START - 200, is_busy=False),
        instance_id(3): Clock(START, is_busy=True),
        instance_id(4): Clock(START - 300, is_busy=False),
        instance_id(5): Clock(START - 10, is_busy=False),
        instance_id(6): Clock(START - 50, is_busy=False),
    }
    members = (in_service(1), in_service(2), in_service(3), in_service(4, protected=True), in_service(5), in_service(6))
    state = state_of(project(1, read_at=START - 50), project(2), instances=clocks)
    assert snapshot(state, Group(0, 9, 6, members), LIMITS, START).idle == (
        Idle(instance_id(2), 200),
        Idle(instance_id(1), 100),
        Idle(instance_id(6), 50),
    )


SEEN = Snapshot(
    pending=3,
    running=1,
    minimum=0,
    maximum=10,
    desired=2,
    in_service=2,
    booting=0,
    terminating=1,
    running_elsewhere=1,
    oldest_pending_seconds=12.5,
)
PLAN = Plan(need=4, desired=4, remove=(), surplus=0, is_capped=False, reason="why")


def test_every_figure_is_published() -> None:
    figures = (
        *of_instances(SEEN),
        *of_jobs(SEEN, PLAN, Acted(Outcome.ACTIVITY_IN_PROGRESS, 2), Rules(slots=2)),
        *of_effort(Effort(0.5, 7, 1)),
    )
    assert {(figure.name, figure.value, figure.unit) for figure in figures} == {
        ("PendingJobs", 3, "Count"),
        ("RunningJobs", 2, "Count"),
        ("OldestPendingJobSeconds", 12.5, "Seconds"),
        ("RunnersOverallLoad", 100, "Percent"),
        ("InstancesInService", 2, "Count"),
        ("InstancesBooting", 0, "Count"),
        ("InstancesTerminating", 1, "Count"),
        ("CapacityShortfall", 2, "Count"),
        ("CapacitySurplus", 0, "Count"),
        ("SnapshotSeconds", 0.5, "Seconds"),
        ("GitLabRequests", 7, "Count"),
        ("GitLabErrors", 1, "Count"),
    }


def test_nothing_wrong_is_published_as_nothing() -> None:
    assert of_trouble(SEEN, Rules()) == ()


def test_what_is_wrong_is_published_also_when_something_is_unknown() -> None:
    seen = replace(SEEN, pending=20, maximum=10, boot_failures=2, unknown=("why",))
    assert of_trouble(seen, Rules(slots=2)) == (
        Figure("BootFailures", 2),
        Figure("CapacityBeyondMaximum", 1),
        Figure("ObservationsIncomplete", 1),
    )


def test_a_group_that_cannot_be_seen_is_an_incomplete_observation() -> None:
    assert of_nothing() == (Figure("ObservationsIncomplete", 1),)


def test_the_shortfall_is_what_is_left_after_acting() -> None:
    figures = of_jobs(SEEN, PLAN, Acted(Outcome.SCALED_OUT, 4), Rules())
    assert Figure("CapacityShortfall", 0) in figures


def test_the_surplus_is_what_is_left_after_acting() -> None:
    plan = replace(PLAN, need=0, desired=2, remove=("i-1", "i-2"), surplus=2)
    figures = of_jobs(SEEN, plan, Acted(Outcome.SCALED_IN, 1, ("i-1",)), Rules())
    assert Figure("CapacitySurplus", 1) in figures


def test_nothing_is_published_of_jobs_when_anything_is_unknown() -> None:
    assert of_jobs(replace(SEEN, unknown=("why",)), PLAN, Acted(Outcome.UNKNOWN_KEPT, 2), Rules()) == ()


@pytest.mark.parametrize(("jobs", "instances", "percent"), [(0, 0, 0), (1, 0, 100), (1, 2, 25), (6, 2, 150)])
def test_the_load_is_in_percent_of_the_slots(jobs: int, instances: int, percent: float) -> None:
    assert load(replace(SEEN, pending=jobs, running=0, in_service=instances), Rules(slots=2)) == percent


def group_of(count: int) -> FakeGroup:
    group = FakeGroup(maximum=100, desired=count)
    group.launch()
    group.boot()
    return group


def test_no_more_than_twenty_instances_go_at_once() -> None:
    group = group_of(30)
    snap = replace(SEEN, desired=30, in_service=30)
    acted = act(replace(PLAN, desired=30, remove=tuple(group.instances)), snap, group, 30)
    assert (acted.outcome, acted.desired, len(acted.removed)) == (Outcome.SCALED_IN, 30 - MAX_REMOVALS, 20)


def test_one_instance_that_is_gone_does_not_keep_the_others() -> None:
    group = group_of(2)
    acted = act(replace(PLAN, desired=2, remove=("i-gone", *group.instances)), replace(SEEN, desired=2), group, 2)
    assert (acted.outcome, len(acted.removed), acted.problem) == (Outcome.SCALED_IN, 2, "instance id not found")


def test_any_other_refusal_ends_the_removals() -> None:
    group = group_of(2)
    group.error = GroupError("in progress", Outcome.ACTIVITY_IN_PROGRESS)
    acted = act(replace(PLAN, desired=2, remove=tuple(group.instances)), replace(SEEN, desired=2), group, 2)
    assert acted == Acted(Outcome.ACTIVITY_IN_PROGRESS, 2, (), "in progress")


def test_giving_up_capacity_is_a_scale_in() -> None:
    acted = act(replace(PLAN, desired=1), replace(SEEN, desired=2), group_of(2), 2)
    assert (acted.outcome, acted.desired) == (Outcome.SCALED_IN, 1)
