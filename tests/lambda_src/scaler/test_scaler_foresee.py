from __future__ import annotations

from dataclasses import replace

import pytest

from scaler import codec
from scaler.boot import Boots
from scaler.buffer import Bursts
from scaler.capacity import Group, Instance, Phase, Rules, Snapshot
from scaler.coming import Unfinished
from scaler.foresee import MAX_JOBS, bounded, follow_bursts, foresee, learn
from scaler.history import MAX_NAMES, key
from scaler.history import learn as learn_durations
from scaler.model import Clock, Project, State
from scaler.pipelines import CREATED_LIFE_SECONDS, Created, Live
from tests.lambda_src.scaler.fakes import START, instance_id
from tests.lambda_src.scaler.fakes import system_id as instance_of

SEEN = Snapshot(pending=0, running=1, minimum=0, maximum=10, desired=1, in_service=1, booting=0)
AHEAD = Rules(looks_ahead=True)
HISTORY = learn_durations({}, [(key(1, "build"), 600.0)] * 60)


def live(number: int = 1, pipeline: int = 1) -> Live:
    return Live(number, pipeline, key(1, "build"), 1, START - 590, is_running=True, is_ours=True)


def created(number: int = 2, pipeline: int = 1) -> Created:
    return Created(number, pipeline, key(1, "test"), 2, None, is_ours=True, is_automatic=True, is_optional=False)


PROJECT = Project(1, live=(live(),), created=(created(2), created(3)), created_at=START)
STATE = State(projects={1: PROJECT}, history=HISTORY)


def test_what_comes_within_a_boot_time_is_expected() -> None:
    seen = foresee(SEEN, STATE, AHEAD, START)
    assert (seen.upcoming, seen.retained, seen.boot_seconds) == (1, 1, 120)


def test_nothing_is_expected_unless_it_is_asked_for() -> None:
    seen = foresee(SEEN, STATE, Rules(), START)
    assert (seen.upcoming, seen.retained, seen.buffer) == (0, 0, None)


def test_what_was_to_come_long_ago_is_not_expected() -> None:
    late = START + CREATED_LIFE_SECONDS + 1
    assert foresee(SEEN, STATE, AHEAD, late).upcoming == 0


def test_the_measured_boot_time_decides_how_far_to_look() -> None:
    early = replace(PROJECT, live=(live()._replace(since=START - 400),))
    slow = State(projects={1: early}, history=HISTORY, boots=Boots((300.0,) * 3))
    assert foresee(SEEN, slow, AHEAD, START).upcoming == 1
    assert foresee(SEEN, replace(slow, boots=Boots()), AHEAD, START).upcoming == 0


def test_the_buffer_is_learnt_from_complete_observations_only() -> None:
    unknown = follow_bursts(State(), replace(SEEN, unknown=("project 1",)), START)
    assert unknown.bursts == Bursts()
    state = follow_bursts(State(), replace(SEEN, upcoming=2, boot_seconds=120), START)
    assert state.bursts == Bursts(START, foreseen=3, peak=1)


def test_a_learnt_buffer_is_used_if_the_rules_say_so() -> None:
    state = State(bursts=Bursts(START, weights=((4, 20.0),)))
    assert foresee(SEEN, state, Rules(tunes_buffer=True), START).buffer == 4


@pytest.mark.parametrize(
    ("clock", "slots", "max_jobs", "used_up"),
    [
        pytest.param(Clock(START, is_busy=False, taken=1), 1, 0, 0, id="any number of jobs"),
        pytest.param(Clock(START, is_busy=False), 1, 1, 0, id="none taken yet"),
        pytest.param(Clock(START, is_busy=True, jobs=1, taken=1), 1, 1, 0, id="its only job runs"),
        pytest.param(Clock(START, is_busy=False, taken=1), 1, 1, 1, id="its only job has ended"),
        pytest.param(Clock(START, is_busy=False, taken=2), 1, 3, 0, id="one job left"),
        pytest.param(Clock(START, is_busy=True, jobs=1, taken=3), 4, 5, 1, id="two jobs left for three free slots"),
    ],
)
def test_an_instance_that_has_had_its_jobs_is_no_free_slot(
    clock: Clock, slots: int, max_jobs: int, used_up: int
) -> None:
    state = State(instances={instance_id(1): clock})
    assert foresee(SEEN, state, Rules(slots=slots, max_jobs=max_jobs), START).used_up == used_up


@pytest.mark.parametrize(("failures", "pause"), [(3, 60), (4, 120), (6, 480), (7, 900), (2000, 900)])
def test_failing_instances_are_retried_less_and_less_often(failures: int, pause: int) -> None:
    state = State(boots=Boots(failures=failures, failed_at=START))
    assert not foresee(SEEN, state, AHEAD, START + pause - 1).may_retry
    assert foresee(SEEN, state, AHEAD, START + pause).may_retry


def test_each_look_at_the_group_teaches_of_booting() -> None:
    group = Group(0, 9, 1, (Instance(instance_id(1), Phase.BOOTING),))
    state = learn(State(observed_at=START - 5), group, Rules(), START)
    assert state.boots.booting == {instance_id(1): START - 5}


def test_an_instance_that_comes_with_the_hook_of_its_first_job_teaches_how_long_it_booted() -> None:
    group = Group(0, 9, 2, tuple(Instance(instance_id(number), Phase.IN_SERVICE) for number in (1, 2)))
    state = State(
        projects={1: replace(PROJECT, running=(instance_of(1), instance_of(2)))},
        instances={instance_id(1): Clock(START - 500, is_busy=True)},
        observed_at=START - 45,
        desired_left=2,
        last_hook_at=START - 0.5,
    )
    assert learn(state, group, Rules(), START).boots.seconds == (44.5,)


def test_when_less_is_desired_than_was_left_an_instance_that_stops_booting_is_no_failure() -> None:
    boots = Boots(booting={instance_id(1): START - 30})
    state = State(boots=boots, observed_at=START - 5, desired_left=1)
    assert learn(state, Group(0, 9, 0), Rules(), START).boots.failures == 0
    assert learn(state, Group(0, 9, 1), Rules(), START).boots.failures == 1


def test_instances_that_end_themselves_may_have_served_between_two_looks() -> None:
    state = State(boots=Boots(booting={instance_id(1): START - 120}), observed_at=START - 60, desired_left=1)
    assert learn(state, Group(0, 9, 1), Rules(max_jobs=1), START).boots.failures == 0
    assert learn(state, Group(0, 9, 1), Rules(), START).boots.failures == 1


def many(number: int, jobs: int) -> Project:
    made = tuple(created(1_000_000 * number + index, pipeline=number) for index in range(jobs))
    return Project(number, live=(live(1_000_000 * number + jobs, pipeline=number),), created=made, created_at=START)


def test_the_largest_projects_are_not_foreseen_when_there_is_no_room_for_all() -> None:
    projects = {number: many(number, 99) for number in range(1, 40)} | {99: many(99, 3000)}
    kept = bounded(projects)
    assert sum(len(project.live) + len(project.created) for project in kept.values()) <= MAX_JOBS
    assert kept[99] == Project(99)
    assert kept[1] == projects[1]
    few = {1: many(1, 99)}
    assert bounded(few) is few


def test_what_jobs_need_and_what_pipelines_leave_take_room_too() -> None:
    needing = tuple(created(number)._replace(needs=tuple(range(50))) for number in range(MAX_JOBS // 4))
    left = Unfinished(START, tuple((1, name) for name in range(MAX_JOBS)))
    projects = {
        1: PROJECT,
        2: replace(many(2, 1), created=needing),
        3: Project(3, unfinished=left),
    }
    assert bounded(projects) == {1: PROJECT, 2: Project(2), 3: Project(3)}


def test_a_full_state_of_five_hundred_projects_stays_far_below_the_limit_of_an_item() -> None:
    names = [key(project, f"job {number}") for project in range(500) for number in range(MAX_NAMES // 500)]
    history = learn_durations({}, [(name, 60.0 + index) for index, name in enumerate(names)])
    projects = {
        number: Project(
            number,
            listed=True,
            read_at=START + number,
            pending=3,
            running=("r_0123456789ab",),
            live=(live(10**9 + 97 * number, number)._replace(name=names[number]),),
            created=tuple(
                created(10**9 + 97 * number + index, number)._replace(name=names[(number * 7 + index) % len(names)])
                for index in range(7)
            ),
            created_at=START,
        )
        for number in range(500)
    }
    assert bounded(projects) is projects
    data = codec.encode(State(projects=projects, history=history))
    assert codec.decode(data).projects == projects
    assert len(data) < 150_000
