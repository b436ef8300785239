from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaler.courses import KEEP_BOOTS, LATER, PACES, SOON, Courses, courses, order
from scaler.expectations import Expectations
from scaler.history import History, key, learn
from scaler.look_ahead import Upcoming, combine, launch_risk, place, upcoming
from scaler.pipelines import Pipeline, PipelineJob, Status
from tests.lambda_src.scaler import plain_look_ahead

NOW = 10_000.0
BOOT = 120.0
BUILD, TEST, DEPLOY, NEW = 1, 2, 3, 4
# Each name has been seen often, and takes ten minutes, more or less exactly.
HISTORY = learn({}, [(name, 600.0) for name in (BUILD, TEST, DEPLOY) for _ in range(60)])


def running(name: int, seconds: float, stage: int = 0) -> PipelineJob:
    return PipelineJob(name, stage, Status.RUNNING, NOW - seconds)


def created(name: int, stage: int = 1, needs: tuple[int, ...] | None = None) -> PipelineJob:
    return PipelineJob(name, stage, Status.CREATED, needs=needs)


def soon(*jobs: PipelineJob, boot_seconds: float = BOOT) -> int:
    return upcoming([jobs], HISTORY, NOW, boot_seconds).soon


TESTS = (created(TEST),) * 5


def test_the_next_stage_is_expected_when_the_last_job_before_it_is_about_to_end() -> None:
    assert soon(running(BUILD, 590), *TESTS) == 4


def test_the_slots_of_the_jobs_before_are_free_then() -> None:
    assert soon(running(BUILD, 590), running(BUILD, 590), running(BUILD, 590), *TESTS) == 2
    assert soon(*[running(BUILD, 590)] * 9, *TESTS) == 0


def test_nothing_is_expected_while_the_end_is_further_away_than_a_boot_takes() -> None:
    assert soon(running(BUILD, 100), *TESTS) == 0
    assert soon(running(BUILD, 500), *TESTS, boot_seconds=45) == 0
    assert soon(running(BUILD, 500), *TESTS, boot_seconds=210) == 4


def test_a_stage_waits_for_its_slowest_predecessor() -> None:
    assert soon(running(BUILD, 590), running(TEST, 10), *TESTS) == 0


def test_instances_are_kept_for_what_comes_a_little_later() -> None:
    assert upcoming([(running(BUILD, 350), *TESTS)], HISTORY, NOW, BOOT) == Upcoming(0, 4)


def test_jobs_that_come_and_go_within_one_boot_time_are_expected() -> None:
    quick = learn({}, [(BUILD, 30.0)] * 60 + [(TEST, 30.0)] * 60)
    assert upcoming([(running(BUILD, 25), *TESTS)], quick, NOW, BOOT).soon >= 3


def test_jobs_that_end_before_others_come_make_room_for_them() -> None:
    quick = learn({}, [(BUILD, 600.0)] * 60 + [(TEST, 600.0)] * 60)
    ends: Pipeline = (running(BUILD, 590), created(TEST))
    assert upcoming([ends] * 3, quick, NOW, BOOT).soon == 0


def test_a_pending_job_is_taken_to_wait_for_its_boot_first() -> None:
    short = learn({}, [(BUILD, 100.0)] * 60)
    waiting = PipelineJob(BUILD, 0, Status.PENDING, NOW)
    assert upcoming([(waiting, *TESTS)], short, NOW, BOOT).soon == 0
    assert upcoming([(waiting._replace(since=NOW - 115), *TESTS)], short, NOW, BOOT).soon == 4


def test_stages_that_pass_quickly_are_looked_beyond() -> None:
    quick = learn({}, [(BUILD, 20.0)] * 60 + [(TEST, 20.0)] * 60)
    jobs = (running(BUILD, 15), created(TEST), *(created(DEPLOY, 2),) * 5)
    assert upcoming([jobs], quick, NOW, BOOT).soon == 4


def test_what_waits_for_a_name_of_an_unknown_project_is_not_foreseen() -> None:
    stranger = key(7, "build")
    assert soon(running(stranger, 590), *TESTS) == 0
    assert soon(running(BUILD, 590), running(stranger, 590), *TESTS) == 0


def test_what_waits_for_a_new_name_is_expected_as_late_as_other_names_of_its_project_make_it() -> None:
    assert soon(running(NEW, 590), *TESTS) == 4
    assert soon(running(NEW, 100), *TESTS) == 0
    assert soon(running(NEW, 7200), *TESTS) == 0


def test_an_unknown_job_that_comes_is_foreseen_itself() -> None:
    assert soon(running(BUILD, 590), *(created(NEW),) * 5) == 4


def test_a_history_that_the_present_job_refutes_is_not_relied_upon() -> None:
    assert soon(running(BUILD, 7200), *TESTS) == 0


def test_needs_go_before_stages() -> None:
    slow = running(TEST, 10)
    assert soon(running(BUILD, 590), slow, *(created(DEPLOY, 5, needs=(BUILD,)),) * 5) == 4
    assert soon(running(BUILD, 590), slow, *(created(DEPLOY, 5, needs=(BUILD, TEST)),) * 5) == 0


def test_a_job_that_needs_none_comes_at_once() -> None:
    assert soon(running(BUILD, 10), created(TEST, needs=())) == 1


def test_a_job_may_need_one_that_comes_later_itself() -> None:
    quick = learn({}, [(BUILD, 20.0)] * 60 + [(TEST, 20.0)] * 60)
    jobs = (running(BUILD, 15), created(TEST, 1, needs=(BUILD,)), *(created(DEPLOY, 1, needs=(TEST,)),) * 5)
    # Within a stage, what comes first is counted with what comes next.
    assert upcoming([jobs], quick, NOW, BOOT).soon == 5


def test_parallel_jobs_that_need_parallel_jobs_are_looked_at_in_no_time() -> None:
    tests = [created(TEST, needs=(BUILD,) * 200)] * 200
    began = time.process_time()
    assert soon(*[running(BUILD, 590)] * 200, *tests) == 0
    assert time.process_time() - began < 1


def test_manual_and_delayed_jobs_are_not_expected_and_hold_up_what_follows() -> None:
    gate = created(TEST, 1)._replace(is_automatic=False)
    assert soon(running(BUILD, 590), gate) == 0
    assert soon(running(BUILD, 590), gate, *(created(DEPLOY, 2),) * 5) == 0


def test_an_optional_manual_job_holds_up_nothing() -> None:
    quick = learn({}, [(TEST, 20.0)] * 60 + [(BUILD, 600.0)] * 60)
    gate = created(TEST, 1)._replace(is_automatic=False, is_optional=True)
    assert upcoming([(running(BUILD, 590), gate, *(created(DEPLOY, 2),) * 5)], quick, NOW, BOOT).soon == 4


def test_jobs_of_other_runners_are_waited_for_and_need_no_capacity() -> None:
    elsewhere = running(BUILD, 590)._replace(is_ours=False)
    assert soon(elsewhere, *TESTS) == 5
    assert soon(running(BUILD, 590), *(created(TEST)._replace(is_ours=False),) * 5) == 0


def test_pipelines_do_not_wait_for_each_other() -> None:
    near: Pipeline = (running(BUILD, 590), *TESTS)
    far: Pipeline = (running(BUILD, 10), *TESTS)
    assert upcoming([near, far], HISTORY, NOW, BOOT).soon == 4
    assert upcoming([near, near], HISTORY, NOW, BOOT).soon == 8
    assert upcoming([], HISTORY, NOW, BOOT) == Upcoming(0, 0)


def test_a_job_whose_clock_is_ahead_has_just_begun() -> None:
    assert soon(running(BUILD, -50), *TESTS) == 0


def test_courses_go_from_the_fastest_to_the_slowest() -> None:
    found = courses(order((running(BUILD, 500), *TESTS)), Expectations(HISTORY), NOW, BOOT)
    at_the_horizon = numbers(found, SOON)[-PACES:]
    assert at_the_horizon[0] == 5
    assert at_the_horizon[-1] == 1
    assert sorted(at_the_horizon, reverse=True) == at_the_horizon


def test_what_is_started_for_is_exceeded_by_the_given_share_only() -> None:
    rising = Courses([range(1, PACES)] * 8, [()] * 8)
    soon = round(PACES * (1 - 0.2) - 1 / 2)
    assert combine([place(rising, 0)], 0, 0.2).soon == soon
    assert combine([place(rising, 0)], 20, 0.2).soon == soon - 20
    assert combine([], 0, 0.2) == Upcoming(0, 0)


@pytest.mark.parametrize(
    ("probabilities", "is_kept"),
    [
        # By moments at 1/4, 1/2, 3/4, 1, 3/2, 3, 9/2 and 6 boot times.
        ((0, 0, 0, 0, 0, 0, 0, 0), False),
        ((0, 0, 0, 0, 0, 0, 0, 9), False),
        ((0, 0, 0, 0, 0, 0, 0, 12), True),
        ((0, 0, 0, 0, 0, 6, 6, 6), True),
        ((0, 0, 0, 0, 0, 5, 5, 5), False),
        ((1, 1, 1, 1, 1, 1, 1, 1), True),
        ((0, 1, 1, 1, 1, 1, 1, 1), False),
        ((0, 0, 2, 2, 2, 2, 2, 2), True),
    ],
)
def test_an_instance_is_kept_for_what_is_probable_enough_for_its_wait(
    probabilities: tuple[int, ...], is_kept: bool
) -> None:
    found = Courses([()] * 8, [(courses_of_61,) for courses_of_61 in probabilities])
    assert combine([place(found, 0)], 0, 0.2).later == is_kept


def test_independent_pipelines_hardly_all_hurry_at_once() -> None:
    rare = Courses([()] * 8, [[12] * 10] * 8)
    assert combine([place(rare, 0)], 0, 0.14).soon == 10
    assert combine([place(rare, index) for index in range(20)], 0, 0.14).soon < 100


def test_the_longer_instances_boot_the_surer_it_must_be() -> None:
    jobs = (running(BUILD, 590), *(created(TEST),) * 5)
    varied = learn({}, [(BUILD, seconds) for seconds in (300.0, 600.0, 1200.0)] * 20 + [(TEST, 600.0)] * 60)
    assert launch_risk(45.0) < launch_risk(120.0) < launch_risk(300.0) == launch_risk(900.0) < 0.5
    by_risk = [
        combine([place(courses(order(jobs), Expectations(varied), NOW, BOOT), 0)], 1, risk).soon
        for risk in (0.12, 0.37)
    ]
    assert by_risk == [4, 0]


statuses = st.sampled_from(Status)


def jobs(
    statuses: st.SearchStrategy[Status], needs: st.SearchStrategy[tuple[int, ...] | None]
) -> st.SearchStrategy[PipelineJob]:
    names, since = st.integers(1, 6), st.floats(NOW - 3000, NOW + 1000)
    return st.builds(
        PipelineJob, names, st.integers(0, 3), statuses, since, needs, st.booleans(), st.booleans(), st.booleans()
    )


under_way = jobs(st.sampled_from([Status.PENDING, Status.RUNNING]), st.none())
to_come = jobs(st.just(Status.CREATED), st.none() | st.lists(st.integers(1, 6), max_size=3).map(tuple))
pipelines_ = st.tuples(st.lists(under_way, max_size=5), st.lists(to_come, max_size=8)).map(
    lambda both: (*both[0], *both[1])
)
histories = st.lists(st.tuples(st.integers(1, 5), st.floats(1, 20_000)), max_size=30).map(
    lambda ended: learn({}, ended)
)


@settings(max_examples=80, deadline=None)
@given(st.lists(pipelines_, max_size=4), histories, st.floats(10, 900))
def test_no_more_is_expected_than_is_to_come(pipelines: list[Pipeline], history: History, boot: float) -> None:
    expected = upcoming(pipelines, history, NOW, boot)
    most = sum(
        job.is_ours and job.is_automatic and job.status is Status.CREATED for found in pipelines for job in found
    )
    assert 0 <= expected.soon <= expected.later <= most


@settings(max_examples=60, deadline=None)
@given(st.lists(pipelines_, max_size=4), histories, st.floats(10, 900))
def test_each_course_is_the_one_of_the_plain_version(pipelines: list[Pipeline], history: History, boot: float) -> None:
    expected = Expectations(history)
    for jobs in pipelines:
        for horizon, moments in ((boot, SOON), (KEEP_BOOTS * boot, LATER)):
            plain = plain_look_ahead.courses(jobs, expected, NOW, boot, horizon)
            assert numbers(courses(order(jobs), expected, NOW, boot), moments) == plain
    plain_upcoming = plain_look_ahead.upcoming(pipelines, expected, NOW, boot)
    assert upcoming(pipelines, history, NOW, boot) == Upcoming(plain_upcoming.soon, plain_upcoming.later)


def numbers(found: Courses, moments: slice) -> list[int]:
    """Count the jobs in each course, from the fastest to the slowest, moment after moment."""
    both = zip(found.ended[moments], found.started[moments], strict=True)
    return [
        sum(course >= ends for ends in ended) + sum(course < starts for starts in started)
        for ended, started in both
        for course in range(PACES)
    ]
