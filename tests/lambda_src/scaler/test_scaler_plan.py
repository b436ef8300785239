from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scaler.capacity import Idle, Plan, Rules, Snapshot
from scaler.plan import UNFULFILLED_SECONDS, instances_for, plan, shortfall

EMPTY = Snapshot(pending=0, running=0, minimum=0, maximum=10, desired=0, in_service=0, booting=0)


ONE_SLOT = Rules(slots=1, idle_seconds=600)


def idle(*seconds: float) -> tuple[Idle, ...]:
    return tuple(Idle(f"i-{number}", age) for number, age in enumerate(seconds))


def fleet(in_service: int, booting: int = 0, **others: Any) -> Snapshot:
    return replace(EMPTY, in_service=in_service, booting=booting, desired=in_service + booting, **others)


@pytest.mark.parametrize(
    ("snapshot", "rules", "desired", "reason"),
    [
        pytest.param(
            fleet(1, 1, pending=12, running=3),
            Rules(slots=4),
            4,
            "12 pending + 3 running need 4 instances, 1 in service, 1 booting: +2",
            id="the example of the design",
        ),
        pytest.param(
            EMPTY,
            ONE_SLOT,
            0,
            "0 pending + 0 running need 0 instances, 0 in service, 0 booting: no change",
            id="nothing to do",
        ),
        pytest.param(
            replace(EMPTY, pending=1),
            ONE_SLOT,
            1,
            "1 pending + 0 running need 1 instance, 0 in service, 0 booting: +1",
            id="the first job",
        ),
        pytest.param(
            replace(EMPTY, pending=5),
            Rules(slots=4),
            2,
            "5 pending + 0 running need 2 instances, 0 in service, 0 booting: +2",
            id="a part of an instance is an instance",
        ),
        pytest.param(
            fleet(2, pending=30),
            ONE_SLOT,
            10,
            "30 pending + 0 running need 30 instances, 2 in service, 0 booting: +8; limited by the maximum of 10",
            id="more than the maximum",
        ),
        pytest.param(
            replace(EMPTY, minimum=2),
            ONE_SLOT,
            2,
            "0 pending + 0 running need 0 instances, 0 in service, 0 booting: +2; the minimum is 2",
            id="less than the minimum",
        ),
        pytest.param(
            replace(EMPTY, pending=9),
            Rules(slots=1, max_scale_out_step=3),
            3,
            "9 pending + 0 running need 9 instances, 0 in service, 0 booting: +3; limited to 3 a step",
            id="one step",
        ),
        pytest.param(
            replace(EMPTY, pending=2),
            Rules(slots=1, idle_buffer=1),
            3,
            "2 pending + 0 running need 3 instances (1 of them as a buffer), 0 in service, 0 booting: +3",
            id="a buffer",
        ),
        pytest.param(
            replace(EMPTY, pending=2, desired=3),
            ONE_SLOT,
            3,
            "2 pending + 0 running need 2 instances, 0 in service, 0 booting, 3 requested: no change",
            id="a person has asked for more",
        ),
        pytest.param(
            fleet(1, terminating=2, standby=3, warm=4),
            ONE_SLOT,
            1,
            "0 pending + 0 running need 0 instances, 1 in service, 0 booting, 2 terminating, 3 on standby, 4 warm: "
            "no change",
            id="what is no capacity is named",
        ),
        pytest.param(
            fleet(1, pending=3, unknown=("project 7 (GitLab answers 503)", "the list of projects (not read yet)")),
            ONE_SLOT,
            3,
            "3 pending + 0 running need 3 instances, 1 in service, 0 booting: +2; unknown, so nothing is removed: "
            "project 7 (GitLab answers 503), the list of projects (not read yet)",
            id="what is known of an incomplete observation is enough to grow",
        ),
        pytest.param(
            fleet(1, pending=3),
            Rules(slots=1, sets_capacity=False),
            1,
            "3 pending + 0 running need 3 instances, 1 in service, 0 booting: no change; "
            "the capacity is left to the alarms",
            id="alarms act",
        ),
    ],
)
def test_the_plan_gives_its_reason(snapshot: Snapshot, rules: Rules, desired: int, reason: str) -> None:
    made = plan(snapshot, rules)
    assert (made.desired, made.reason) == (desired, reason)
    assert made.remove == ()


def test_exactly_the_maximum_is_no_limit() -> None:
    made = plan(replace(EMPTY, pending=10), ONE_SLOT)
    assert not made.is_capped
    assert made.reason == "10 pending + 0 running need 10 instances, 0 in service, 0 booting: +10"
    assert plan(replace(EMPTY, pending=11), ONE_SLOT).is_capped


def test_a_single_instance_is_named_like_many() -> None:
    made = plan(fleet(1, terminating=1, idle=idle(900)), ONE_SLOT)
    assert made.reason == (
        "0 pending + 0 running need 0 instances, 1 in service, 0 booting, 1 terminating: -1; "
        "1 instance idle for 600 s or longer"
    )


def test_idle_instances_beyond_the_need_go_longest_idle_first() -> None:
    snapshot = fleet(4, running=1, idle=idle(900, 700, 600))
    assert plan(snapshot, ONE_SLOT) == Plan(
        need=1,
        desired=4,
        remove=("i-0", "i-1", "i-2"),
        surplus=3,
        is_capped=False,
        reason="0 pending + 1 running need 1 instance, 4 in service, 0 booting: -3; "
        "3 instances idle for 600 s or longer",
    )


@pytest.mark.parametrize(
    ("snapshot", "removed"),
    [
        pytest.param(fleet(2, idle=idle(600, 599)), ("i-0",), id="only after the idle time"),
        pytest.param(fleet(2, idle=idle(900, 900), minimum=1), ("i-0",), id="not below the minimum"),
        pytest.param(fleet(2, idle=idle(900, 900), pending=1), ("i-0",), id="one is about to take the job"),
        pytest.param(fleet(2, idle=idle(900, 900), pending=2), (), id="all are needed"),
        pytest.param(fleet(1, 1, idle=idle(900)), ("i-0",), id="booting ones stay"),
        pytest.param(fleet(2, idle=idle(900, 900), unknown=("project 1 (why)",)), (), id="unknown is not idle"),
        pytest.param(
            replace(fleet(3, idle=idle(900, 900)), desired=2, running=1), ("i-0",), id="the group removes one itself"
        ),
        pytest.param(replace(fleet(2, idle=idle(900, 900)), desired=0), (), id="the group removes all itself"),
    ],
)
def test_an_instance_goes_only_when_it_is_surely_not_needed(snapshot: Snapshot, removed: tuple[str, ...]) -> None:
    assert plan(snapshot, ONE_SLOT).remove == removed


def test_alarms_are_told_the_surplus_and_nothing_is_removed() -> None:
    made = plan(fleet(2, idle=idle(900, 900)), replace(ONE_SLOT, sets_capacity=False))
    assert (made.remove, made.surplus, made.desired) == ((), 2, 2)


@pytest.mark.parametrize(
    ("snapshot", "desired"),
    [
        pytest.param(replace(EMPTY, desired=5, in_service=2, running=1), 2, id="to what there is"),
        pytest.param(replace(EMPTY, desired=5, in_service=1, pending=3), 3, id="to what is needed"),
        pytest.param(replace(EMPTY, desired=5, in_service=1, unknown=("project 1 (why)",)), 5, id="not if unknown"),
        pytest.param(replace(EMPTY, desired=5, in_service=7), 5, id="never up"),
    ],
)
def test_capacity_that_does_not_come_is_given_up(snapshot: Snapshot, desired: int) -> None:
    late = replace(snapshot, unfulfilled_seconds=UNFULFILLED_SECONDS)
    assert plan(late, ONE_SLOT).desired == desired
    assert plan(replace(late, unfulfilled_seconds=UNFULFILLED_SECONDS - 1), ONE_SLOT).desired == 5


def test_giving_up_capacity_is_said_and_nothing_else_is_done_at_the_same_time() -> None:
    late = replace(EMPTY, desired=5, in_service=2, idle=idle(900), unfulfilled_seconds=300)
    made = plan(late, ONE_SLOT)
    assert made.remove == ()
    assert made.reason.endswith("3 requested: -3; 3 requested did not come and are given up")


def test_five_minutes_are_waited_for_capacity() -> None:
    assert UNFULFILLED_SECONDS == 300


@pytest.mark.parametrize(
    ("jobs", "rules", "instances"),
    [
        pytest.param(0, Rules(slots=3), 0, id="none"),
        pytest.param(1, Rules(slots=3), 1, id="one"),
        pytest.param(3, Rules(slots=3), 1, id="full"),
        pytest.param(4, Rules(slots=3), 2, id="one over"),
        pytest.param(4, Rules(slots=3, idle_buffer=2), 2, id="the buffer is not counted here"),
    ],
)
def test_jobs_take_whole_instances(jobs: int, rules: Rules, instances: int) -> None:
    assert instances_for(jobs, rules) == instances


AHEAD = Rules(slots=1, idle_seconds=600, looks_ahead=True)


def test_instances_are_started_for_jobs_that_are_expected() -> None:
    made = plan(fleet(3, pending=1, running=2, upcoming=4, boot_seconds=120.4), AHEAD)
    assert made.desired == 7
    assert made.reason == (
        "1 pending + 2 running + 4 expected within 120 s need 7 instances, 3 in service, 0 booting: +4"
    )


def test_idle_instances_are_kept_for_jobs_that_come_a_little_later() -> None:
    snapshot = fleet(5, idle=idle(900, 800, 700), running=2)
    assert plan(snapshot, AHEAD).remove == ("i-0", "i-1", "i-2")
    assert plan(replace(snapshot, retained=2), AHEAD).remove == ("i-0",)
    assert plan(replace(snapshot, retained=9), AHEAD).remove == ()
    assert plan(replace(snapshot, retained=9), AHEAD).need == 2


def test_more_is_kept_for_what_is_needed_now_than_for_what_comes_later() -> None:
    assert plan(fleet(5, idle=idle(900, 800), running=2, upcoming=2, retained=1), AHEAD).remove == ("i-0",)


def test_a_buffer_that_was_learnt_takes_the_place_of_the_one_in_the_rules() -> None:
    rules = Rules(slots=4, idle_buffer=3)
    assert plan(replace(EMPTY, pending=1, buffer=5), rules).need == 3
    assert "need 3 instances (2 of them as a buffer)" in plan(replace(EMPTY, pending=1, buffer=5), rules).reason
    assert plan(replace(EMPTY, pending=1, buffer=0), rules).need == 1
    assert plan(replace(EMPTY, pending=1), rules).need == 4


def test_slots_that_take_no_more_jobs_are_no_capacity() -> None:
    made = plan(fleet(2, pending=1, running=1, used_up=1), ONE_SLOT)
    assert made.desired == 3
    assert made.reason.startswith("1 pending + 1 running + 1 used up need 3 instances")


@pytest.mark.parametrize(
    ("snapshot", "desired"),
    [
        pytest.param(fleet(1, pending=9, boot_failures=2), 9, id="two may be chance"),
        pytest.param(fleet(1, pending=9, boot_failures=3), 2, id="one is tried"),
        pytest.param(fleet(1, 1, pending=9, boot_failures=3), 2, id="one is being tried"),
        pytest.param(fleet(1, pending=9, boot_failures=3, may_retry=False), 1, id="it is too early to try"),
        pytest.param(replace(fleet(1, pending=9, boot_failures=3), desired=2), 2, id="one has been asked for"),
        pytest.param(fleet(2, pending=1, boot_failures=3), 2, id="nothing is needed"),
    ],
)
def test_three_instances_in_a_row_that_never_serve_hold_further_ones(snapshot: Snapshot, desired: int) -> None:
    assert plan(snapshot, ONE_SLOT).desired == desired


def test_the_reason_says_that_boot_failures_hold_the_fleet() -> None:
    note = "held because 3 instances in a row never reached service"
    assert plan(fleet(1, pending=9, boot_failures=3), ONE_SLOT).reason.endswith(f": +1; {note}")
    assert plan(fleet(2, pending=1, boot_failures=3), ONE_SLOT).reason.endswith(": no change")
    assert plan(fleet(2, pending=2, boot_failures=3), ONE_SLOT).reason.endswith(": no change")
    assert note not in plan(fleet(1, pending=9, boot_failures=3), Rules(sets_capacity=False)).reason


@pytest.mark.parametrize(
    ("need", "desired", "staying", "missing"),
    [(3, 1, 1, 2), (3, 3, 1, 0), (3, 1, 3, 0), (0, 0, 0, 0), (2, 5, 5, 0)],
)
def test_the_shortfall_is_what_is_neither_there_nor_asked_for(
    need: int, desired: int, staying: int, missing: int
) -> None:
    assert shortfall(need, desired, staying) == missing
