from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaler import budget, intake, schedule
from scaler.intake import Limits
from scaler.model import Kind, Listing, Message, Project, Scope, State
from scaler.scope import Reach

NOW = 1_800_000_000.0


MEMBERSHIP = Reach(Scope(), activity_seconds=4 * 3600)


LIMITS = Limits(MEMBERSHIP, requests_per_minute=300, idle_seconds=600)


LISTED = Listing(read_at=NOW - 10, full_at=NOW - 10, scope=("membership",))


def known(number: int, **fields: object) -> Project:
    values = {"listed": True, "read_at": NOW - 30, "attempted_at": NOW - 30, **fields}
    return Project(number, **values)  # type: ignore[arg-type]


def state_of(*projects: Project, **fields: object) -> State:
    values = {"listing": LISTED, **fields}
    return State(projects={project.id: project for project in projects}, **values)  # type: ignore[arg-type]


def picked(state: State, *, hooks_only: bool = False) -> tuple[int, ...]:
    return schedule.pick(state, LIMITS, NOW, hooks_only=hooks_only).projects


def test_nothing_wanted_means_nothing_read_and_nothing_to_wait_for() -> None:
    assert schedule.pick(state_of(known(1)), LIMITS, NOW, hooks_only=False) == schedule.Pick(wait_seconds=math.inf)


def test_urgency_is_overdue_then_hooks_then_busy_then_the_rest() -> None:
    state = state_of(
        known(1, wanted_at=NOW),
        known(2, wanted_at=NOW, pending=1),
        known(3, hook_first=NOW - 1, hook_last=NOW),
        known(4, pending=1, attempted_at=NOW - 46),
        known(5, hook_first=NOW - 2, hook_last=NOW),
        known(6, pending=1, attempted_at=NOW - 50),
        Project(7, listed=True, hook_first=NOW, hook_last=NOW),
        known(8, wanted_at=NOW - 200, attempted_at=NOW - 160),
    )
    assert picked(state) == (8, 6, 4, 7, 5, 3, 2, 1)


def test_hooks_alone_leave_idle_projects_for_later() -> None:
    state = state_of(known(1, wanted_at=NOW), known(2, hook_first=NOW, hook_last=NOW), known(3, pending=1))
    assert picked(state, hooks_only=True) == (2,)


def test_a_count_of_45_seconds_is_refreshed_even_by_hooks() -> None:
    assert picked(state_of(known(1, pending=1, attempted_at=NOW - 45)), hooks_only=True) == (1,)
    assert picked(state_of(known(1, pending=1, attempted_at=NOW - 44.9)), hooks_only=True) == ()


def test_no_more_than_thirty_projects_are_read_at_once_and_the_rest_follows_at_once() -> None:
    state = state_of(*(known(n, hook_first=NOW, hook_last=NOW) for n in range(1, 41)))
    made = schedule.pick(state, LIMITS, NOW, hooks_only=True)
    assert (len(made.projects), made.wait_seconds) == (30, 0.0)


@pytest.mark.parametrize(
    ("hooks", "quiet_seconds", "seconds"),
    [
        pytest.param(1, 0, 0.5, id="one hook"),
        pytest.param(10, 0, 2.0, id="ten hooks"),
        pytest.param(200, 0, 6.0, id="a burst"),
        pytest.param(200, 0.74, 6.0, id="a pause in a burst"),
        pytest.param(200, 0.75, 0.5, id="after a burst"),
    ],
)
def test_the_hold_off_grows_with_the_hooks_and_ends_with_them(hooks: int, quiet_seconds: float, seconds: float) -> None:
    state = State(hooks=((int(NOW), hooks),), last_hook_at=NOW - quiet_seconds)
    assert schedule.hold_off(state, NOW) == pytest.approx(seconds)


@given(st.lists(st.tuples(st.integers(-12, 0), st.integers(1, 500))), st.floats(0, 3))
def test_the_hold_off_is_bounded(hooks: list[tuple[int, int]], quiet_seconds: float) -> None:
    counts = tuple((int(NOW) + second, number) for second, number in hooks)
    pause = schedule.hold_off(State(hooks=counts, last_hook_at=NOW - quiet_seconds), NOW)
    assert 0.5 <= pause <= 6.0


@pytest.mark.parametrize(("failures", "seconds"), [(1, 5), (2, 20), (3, 60), (40, 60)])
def test_what_fails_is_tried_again_less_and_less_often(failures: int, seconds: float) -> None:
    project = known(1, wanted_at=NOW - 100, failures=failures, failure="why", attempted_at=NOW - 4)
    made = schedule.pick(state_of(project), LIMITS, NOW, hooks_only=False)
    assert made.projects == ()
    assert made.wait_seconds == pytest.approx(seconds - 4)


def test_silence_that_gitlab_asked_for_is_kept() -> None:
    state = state_of(known(1, hook_first=NOW, hook_last=NOW), not_before=NOW + 7)
    assert schedule.pick(state, LIMITS, NOW, hooks_only=True) == schedule.Pick(wait_seconds=7)


def test_without_budget_nothing_is_read() -> None:
    state = state_of(known(1, hook_first=NOW, hook_last=NOW), requests=((int(NOW) - 30, 300),))
    made = schedule.pick(state, LIMITS, NOW, hooks_only=True)
    assert made.is_empty
    assert made.wait_seconds == 31


def test_sweeps_leave_room_for_hooks() -> None:
    spent = ((int(NOW) - 30, 215),)
    state = state_of(known(1, wanted_at=NOW), known(2, hook_first=NOW, hook_last=NOW), requests=spent)
    assert picked(state) == (2,)


@pytest.mark.parametrize(
    ("projects", "chosen", "wait_seconds"),
    [pytest.param(150, (1,), math.inf, id="half the budget"), pytest.param(151, (), 6, id="more than half")],
)
def test_what_the_schedule_wants_is_spread_over_the_minute_when_there_is_much_of_it(
    projects: int, chosen: tuple[int, ...], wait_seconds: float
) -> None:
    others = (known(number) for number in range(2, projects + 1))
    state = state_of(known(1, wanted_at=NOW, pending=1), *others, requests=((int(NOW) - 5, 54),))
    made = schedule.pick(state, LIMITS, NOW, hooks_only=False)
    assert (made.projects, made.wait_seconds) == (chosen, wait_seconds)


def test_a_project_with_very_many_pages_has_its_turn_too() -> None:
    assert picked(state_of(known(1, wanted_at=NOW, requests=400))) == (1,)


def test_the_list_of_projects_gives_way_to_hooks_for_a_while() -> None:
    hooked = known(1, hook_first=NOW, hook_last=NOW)
    for waited, lists in ((19.0, False), (20.0, True)):
        state = state_of(hooked, listing=replace(LISTED, wanted_at=NOW - waited))
        assert schedule.pick(state, LIMITS, NOW, hooks_only=False).lists is lists


def test_a_list_that_fails_is_tried_again_later() -> None:
    failed = replace(LISTED, wanted_at=NOW - 50, failures=1, failure="why", attempted_at=NOW - 3)
    made = schedule.pick(state_of(listing=failed), LIMITS, NOW, hooks_only=False)
    assert (made.lists, made.wait_seconds) == (False, 2)


def test_a_project_out_of_scope_is_not_read() -> None:
    limits = replace(LIMITS, reach=Reach(Scope(groups=("team",)), 0))
    state = state_of(Project(1, hook_first=NOW, hook_last=NOW))
    assert schedule.pick(state, limits, NOW, hooks_only=True).projects == ()


@pytest.mark.parametrize(
    ("continue_at", "wait_seconds", "asks"),
    [
        pytest.param(0.0, 0.0, True, id="now"),
        pytest.param(0.0, 10.0, True, id="soon"),
        pytest.param(0.0, 10.1, False, id="the tick comes first"),
        pytest.param(NOW - 59, 0.0, False, id="one is on its way"),
        pytest.param(NOW - 60, 0.0, True, id="one was lost"),
    ],
)
def test_a_continue_message_is_asked_for(continue_at: float, wait_seconds: float, asks: bool) -> None:
    assert schedule.asks_to_continue(State(continue_at=continue_at), wait_seconds, NOW) is asks


projects_strategy = st.builds(
    known,
    st.integers(1, 80),
    attempted_at=st.floats(NOW - 400, NOW),
    hook_first=st.sampled_from([0.0, NOW - 5, NOW]),
    wanted_at=st.sampled_from([0.0, NOW - 300, NOW]),
    pending=st.integers(0, 3),
    requests=st.integers(1, 12),
    failures=st.integers(0, 3),
)


@given(
    st.lists(projects_strategy, max_size=80),
    st.lists(st.tuples(st.integers(-61, 0), st.integers(1, 200)), max_size=10),
    st.integers(10, 600),
    st.booleans(),
)
def test_a_choice_never_exceeds_the_budget(
    projects: list[Project], requests: list[tuple[int, int]], per_minute: int, hooks_only: bool
) -> None:
    spent = tuple((int(NOW) + second, number) for second, number in requests)
    state = state_of(*projects, requests=spent)
    limits = replace(LIMITS, requests_per_minute=per_minute)
    made = schedule.pick(state, limits, NOW, hooks_only=hooks_only)
    cost = sum(min(state.projects[key].requests, 10) for key in made.projects)
    in_window = sum(number for second, number in spent if second + 1 > NOW - 60)
    assert not made.projects or cost + in_window <= per_minute
    assert len(set(made.projects)) == len(made.projects) <= schedule.MAX_READS


@given(st.lists(projects_strategy, max_size=40))
def test_what_is_wanted_is_read_or_waited_for(projects: list[Project]) -> None:
    state = state_of(*projects)
    made = schedule.pick(state, LIMITS, NOW, hooks_only=False)
    wanted = {p.id for p in state.projects.values() if p.is_hooked or p.wanted_at}
    assert made.wait_seconds < math.inf or wanted <= set(made.projects)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 30), st.integers(1, 30)), max_size=150),
    st.integers(20, 300),
    st.floats(0.02, 0.5),
)
def test_no_hook_is_ever_forgotten_and_no_minute_exceeds_the_budget(
    hooks: list[tuple[float, int]], per_minute: int, step: float
) -> None:
    limits = replace(LIMITS, requests_per_minute=per_minute)
    coming = sorted(hooks, reverse=True)
    state = state_of(*(known(n) for n in range(1, 31)))
    reads: list[float] = []
    last_hook: dict[int, float] = {}
    now = NOW
    while coming or any(p.is_hooked for p in state.projects.values()):
        batch: list[Message] = []
        while coming and NOW + coming[-1][0] <= now and len(batch) < 10:
            at, number = coming.pop()
            last_hook[number] = NOW + at
            batch.append(Message(Kind.HOOK, NOW + at, number))
        state = intake.note(state, batch, None, limits, now)
        made = schedule.pick(state, limits, now, hooks_only=True)
        reads += [now] * len(made.projects)
        done = {
            key: replace(state.projects[key], read_at=now, attempted_at=now, hook_first=0.0) for key in made.projects
        }
        requests = budget.add(state.requests, now, len(done), budget.WINDOW_SECONDS)
        state = replace(state, projects={**state.projects, **done}, requests=requests)
        now += step
        assert now < NOW + 600
    assert all(state.projects[number].read_at >= at for number, at in last_hook.items())
    for start in reads:
        assert sum(start <= at < start + 60 for at in reads) <= per_minute
