"""Which instances in service take no jobs although one waits, and when one is replaced."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaler.capacity import Group, Idle, Instance, Phase, Rules, Snapshot
from scaler.model import State
from scaler.plan import plan
from scaler.silent import (
    ASK_SECONDS,
    DOUBT_SECONDS,
    GRACE_SECONDS,
    MAX_PAUSE_SECONDS,
    PAUSE_SECONDS,
    WAITING_SECONDS,
    Manager,
    is_worth_asking,
    judge,
    noted,
)
from tests.lambda_src.scaler.fakes import START, instance_id, system_id

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = START
RULES = Rules(slots=1, idle_seconds=1800)
ALARMS = replace(RULES, sets_capacity=False)


def group(instances: int) -> Group:
    return Group(0, 10, instances, tuple(Instance(instance_id(n), Phase.IN_SERVICE) for n in range(1, instances + 1)))


def starved(*idle: float, in_service: int = 4, waited: float = WAITING_SECONDS, **others: Any) -> Snapshot:
    """Return an observation of instances that have been idle for so long, and a job that waits."""
    return replace(
        Snapshot(pending=1, running=0, minimum=0, maximum=10, desired=in_service, in_service=in_service, booting=0),
        idle=tuple(Idle(instance_id(number), seconds) for number, seconds in enumerate(idle, start=1)),
        oldest_pending_seconds=waited,
        **others,
    )


def managers(*silences: float | None) -> list[Manager]:
    return [Manager(system_id(number), False, silence) for number, silence in enumerate(silences, start=1)]


def silent(seen: Snapshot, known: Sequence[Manager]) -> tuple[str, ...]:
    return judge(seen, known, group(4), State(), NOW, lists_all=True).silent


def test_with_a_learnt_runner_a_manager_that_it_does_not_have_is_another_runners_and_unknown() -> None:
    judged = judge(starved(900, 900), managers(900), group(4), State(), NOW, lists_all=False)
    assert judged.silent == (instance_id(1),)


@pytest.mark.parametrize(
    ("seen", "known", "expected"),
    [
        pytest.param(starved(600, 600), managers(600, 599), [1], id="silent for the grace period"),
        pytest.param(starved(599, 600), managers(900, 900), [2], id="idle for the grace period"),
        pytest.param(starved(600, waited=179), managers(900), [], id="no job waits for long"),
        pytest.param(starved(600, 600), managers(900), [1, 2], id="a manager that GitLab does not know"),
        pytest.param(starved(600, 600), managers(None, 900), [2], id="a silence that is not known"),
        pytest.param(starved(600), [], [], id="managers that were not asked for"),
        pytest.param(starved(600), [Manager(system_id(9), False, 900)], [], id="managers of another runner"),
        pytest.param(starved(600, unknown=("project 1 (why)",)), managers(900), [], id="an incomplete observation"),
        pytest.param(starved(), managers(900), [], id="no idle instance"),
    ],
)
def test_an_instance_takes_no_jobs_if_it_is_idle_and_silent_while_one_waits(
    seen: Snapshot, known: list[Manager], expected: list[int]
) -> None:
    assert silent(seen, known) == tuple(instance_id(number) for number in expected)


@given(st.lists(st.floats(0, 5000), max_size=4), st.lists(st.none() | st.floats(0, 5000), max_size=4), st.booleans())
def test_unknown_never_replaces(idle: list[float], silences: list[float | None], is_listed: bool) -> None:
    seen = starved(*idle)
    known = managers(*silences) if is_listed else []
    unknown = [Manager(manager.system_id, False) for manager in known]
    unlisted = managers(*[None] * 4)
    assert silent(seen, unlisted) == ()
    assert not set(silent(seen, unknown)) & {instance_id(number) for number in range(1, len(silences) + 1)}
    incomplete = replace(seen, unknown=("project 1 (why)",))
    judged = judge(seen, known, group(4), State(), NOW, lists_all=True)
    assert plan(replace(judged, unknown=incomplete.unknown), RULES).replace == ()
    assert judge(incomplete, known, group(4), State(), NOW, lists_all=True) == incomplete


@given(
    st.lists(st.floats(0, 5000), max_size=4),
    st.lists(st.floats(0, 5000), max_size=4),
    st.builds(Rules, sets_capacity=st.booleans(), idle_seconds=st.integers(0, 3000)),
    st.integers(0, 6),
)
def test_at_most_one_instance_is_replaced_and_only_an_idle_one(
    idle: list[float], silences: list[float], rules: Rules, desired: int
) -> None:
    seen = replace(starved(*idle), desired=desired)
    made = plan(judge(seen, managers(*silences), group(4), State(), NOW, lists_all=True), rules)
    assert len(made.replace) <= 1
    assert set(made.replace) <= {instance.id for instance in seen.idle if instance.seconds >= GRACE_SECONDS}
    if made.replace:
        assert (made.desired, made.remove) == (desired, ())
        # Nothing is left that the alarms would act upon.
        assert rules.sets_capacity or (made.need <= desired and made.surplus == 0)


@pytest.mark.parametrize(
    ("dead", "replaced", "pause"),
    [
        pytest.param(2, 0, PAUSE_SECONDS, id="the first"),
        pytest.param(2, 1, 60, id="a minute later"),
        pytest.param(2, 3, 240, id="twice as long each time"),
        pytest.param(2, 50, MAX_PAUSE_SECONDS, id="once an hour at last"),
        pytest.param(3, 0, PAUSE_SECONDS, id="most of the fleet: a first trial"),
        pytest.param(3, 1, DOUBT_SECONDS, id="most of the fleet: a second one"),
        pytest.param(3, 50, MAX_PAUSE_SECONDS, id="most of the fleet: once an hour at last"),
    ],
)
def test_replacements_become_rarer_when_they_do_not_help(dead: int, replaced: int, pause: float) -> None:
    seen = starved(*[900] * dead)
    known = managers(*[900] * dead)
    state = State(replaced_at=NOW - pause, replaced=replaced)
    assert judge(seen, known, group(4), state, NOW, lists_all=True).may_replace
    assert not judge(seen, known, group(4), state, NOW - 1, lists_all=True).may_replace


def test_a_fleet_of_one_is_no_reason_for_doubt() -> None:
    assert not starved(900, in_service=1, silent=("i-1",)).is_doubtful
    assert starved(900, 900, in_service=2, silent=("i-1", "i-2")).is_doubtful


def test_the_managers_are_asked_for_once_a_minute_while_a_job_waits_beside_an_idle_instance() -> None:
    seen, state = starved(600), State(managers_at=NOW - ASK_SECONDS)
    assert is_worth_asking(seen, state, NOW)
    assert not is_worth_asking(seen, state, NOW - 1)
    assert not is_worth_asking(replace(seen, oldest_pending_seconds=0), state, NOW)


def test_the_next_time_is_the_first_again_when_no_job_waits_any_more() -> None:
    state = State(replaced_at=NOW - 5, replaced=2)
    assert noted(state, starved(600), NOW, replaced=True) == State(replaced_at=NOW, replaced=3)
    assert noted(state, starved(600), NOW, replaced=False) == state
    served = starved(600, waited=WAITING_SECONDS - 1)
    assert noted(state, served, NOW, replaced=False) == State(replaced_at=NOW - 5)
    assert noted(state, replace(served, unknown=("why",)), NOW, replaced=False) == state


def test_the_plan_says_what_is_replaced_and_why() -> None:
    seen = starved(900, 800, silent=("i-1", "i-2"), may_replace=True, waited=200)
    made = plan(seen, RULES)
    assert (made.replace, made.desired, made.remove) == (("i-1",), 4, ())
    assert made.reason.endswith(
        "no change; i-1 is replaced: its runner manager does not ask for jobs, while a job waits for 200 s"
    )
    doubted = plan(replace(seen, silent=("i-1", "i-2", "i-3")), RULES)
    assert "does not ask for jobs, like 3 of 4, while a job" in doubted.reason


def test_an_instance_is_replaced_where_alarms_change_the_capacity() -> None:
    made = plan(starved(900, silent=("i-1",), may_replace=True, running=3, waited=200), ALARMS)
    assert (made.replace, made.desired, made.need) == (("i-1",), 4, 4)
    assert made.reason.endswith(
        "no change; the capacity is left to the alarms; "
        "i-1 is replaced: its runner manager does not ask for jobs, while a job waits for 200 s"
    )


def test_an_instance_is_replaced_while_others_are_held_back() -> None:
    seen = starved(900, silent=("i-1",), may_replace=True, running=7, boot_failures=3, may_retry=False)
    assert plan(seen, RULES).replace == ("i-1",)


@pytest.mark.parametrize(
    ("seen", "rules"),
    [
        pytest.param(starved(900, silent=("i-1",)), RULES, id="too soon"),
        pytest.param(starved(900, silent=("i-1",), may_replace=True, unknown=("why",)), RULES, id="unknown"),
        pytest.param(starved(900, silent=("i-1",), may_replace=True, running=7), RULES, id="growing first"),
        pytest.param(
            starved(900, silent=("i-1",), may_replace=True),
            replace(RULES, idle_seconds=60),
            id="an idle one goes first",
        ),
        pytest.param(starved(900, silent=("i-1",), may_replace=True, running=4), ALARMS, id="the alarms grow first"),
        pytest.param(
            starved(900, silent=("i-1",), may_replace=True),
            replace(ALARMS, idle_seconds=60),
            id="the alarms remove an idle one first",
        ),
    ],
)
def test_nothing_is_replaced_otherwise(seen: Snapshot, rules: Rules) -> None:
    made = plan(seen, rules)
    assert made.replace == ()
    assert "replaced" not in made.reason
