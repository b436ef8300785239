from __future__ import annotations

from dataclasses import replace

import pytest

from scaler import budget, intake, scope
from scaler.capacity import Group, Instance, Phase
from scaler.intake import Limits
from scaler.model import Clock, Kind, Listing, Message, Project, Scope, State
from scaler.scope import Page, Reach

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


OLDEST = known(9, read_at=NOW - 120)


def test_a_hook_wants_its_project() -> None:
    state = intake.note(state_of(known(1)), [Message(Kind.HOOK, NOW - 1, 1)], None, LIMITS, NOW)
    assert (state.projects[1].hook_first, state.projects[1].hook_last) == (NOW - 1, NOW - 1)
    assert state.last_hook_at == NOW


def test_a_hook_from_the_future_is_a_hook_of_now() -> None:
    state = intake.note(state_of(known(1)), [Message(Kind.HOOK, NOW + 99, 1)], None, LIMITS, NOW)
    assert state.projects[1].hook_first == NOW


def test_a_hook_older_than_the_read_wants_nothing() -> None:
    state = intake.note(state_of(known(1)), [Message(Kind.HOOK, NOW - 31, 1)], None, LIMITS, NOW)
    assert not state.projects[1].is_hooked


@pytest.mark.parametrize(
    ("group", "project", "wanted"),
    [
        pytest.param(Group(0, 5, 0), known(1, read_at=1.0), False, id="no fleet, no jobs"),
        pytest.param(Group(0, 5, 1), known(1, pending=1), True, id="a fleet: busy projects"),
        pytest.param(Group(0, 5, 1), known(1), False, id="a fleet: fresh idle ones not"),
        pytest.param(Group(0, 5, 1), known(1, failure="why", failures=1), True, id="a fleet: failing ones"),
        pytest.param(Group(0, 5, 1), known(1, read_at=NOW - 151), True, id="a fleet: old counts"),
        pytest.param(Group(0, 5, 0), known(1, pending=1), True, id="no fleet, but jobs"),
        pytest.param(
            Group(0, 5, 0, (Instance("i-1", Phase.TERMINATING),)), known(1, pending=1), True, id="the last one goes"
        ),
        pytest.param(None, known(1, pending=1), True, id="group unknown, jobs known"),
    ],
)
def test_a_tick_wants_what_keeps_an_active_fleet_honest(group: Group | None, project: Project, wanted: bool) -> None:
    state = intake.note(state_of(project, OLDEST), [Message(Kind.TICK, NOW)], group, LIMITS, NOW)
    assert (state.projects[1].wanted_at > 0) is wanted


def test_a_tick_asks_gitlab_at_least_once_before_anything_is_done_from_memory() -> None:
    state = intake.note(state_of(known(1), OLDEST), [Message(Kind.TICK, NOW)], Group(0, 5, 1), LIMITS, NOW)
    assert [key for key, project in state.projects.items() if project.wanted_at] == [OLDEST.id]


@pytest.mark.parametrize(
    ("wake_at", "observed_at", "wanted"),
    [
        pytest.param(0.0, NOW - 9, True, id="no wake was asked for"),
        pytest.param(NOW, NOW - 9, False, id="a wake"),
        pytest.param(NOW - 9, NOW - 8, True, id="the wake has come already"),
        pytest.param(NOW + 1, NOW - 8, True, id="the wake is yet to come"),
    ],
)
def test_a_wake_leaves_projects_with_jobs_to_the_schedules_tick(
    wake_at: float, observed_at: float, wanted: bool
) -> None:
    busy = state_of(known(1, pending=1, read_at=NOW - 9), OLDEST, wake_at=wake_at, observed_at=observed_at)
    state = intake.note(busy, [Message(Kind.TICK, NOW)], Group(0, 5, 1), LIMITS, NOW)
    assert (state.projects[1].wanted_at > 0) is wanted


@pytest.mark.parametrize(
    ("hook_at", "read", "wanted"),
    [
        pytest.param(NOW - 9, 29, False, id="while hooks come"),
        pytest.param(NOW - 9, 30, True, id="while hooks come, but not lately"),
        pytest.param(NOW - 10, 29, True, id="without hooks"),
    ],
)
def test_a_tick_leaves_projects_read_lately_to_the_invocations_that_hooks_make(
    hook_at: float, read: int, wanted: bool
) -> None:
    busy = state_of(known(1, pending=1, read_at=NOW - read), OLDEST, last_hook_at=hook_at)
    state = intake.note(busy, [Message(Kind.TICK, NOW)], Group(0, 5, 1), LIMITS, NOW)
    assert (state.projects[1].wanted_at > 0) is wanted


def test_a_wake_wants_what_was_read_before_a_due_instance_became_idle() -> None:
    clocks = {"i-1": Clock(NOW - 8, is_busy=False)}
    busy = state_of(known(1, pending=1, read_at=NOW - 9), OLDEST, instances=clocks, wake_at=NOW)
    limits = replace(LIMITS, idle_seconds=8)
    state = intake.note(busy, [Message(Kind.TICK, NOW)], Group(0, 5, 1), limits, NOW)
    assert state.projects[1].wanted_at > 0


@pytest.mark.parametrize(
    ("idle_seconds", "is_busy", "wanted"),
    [
        pytest.param(99, False, True, id="has had its time"),
        pytest.param(159, False, True, id="will have had it before the next tick"),
        pytest.param(160, False, False, id="will not"),
        pytest.param(99, True, False, id="is busy"),
    ],
)
def test_a_tick_wants_projects_read_anew_for_instances_that_are_due_until_the_next(
    idle_seconds: int, is_busy: bool, wanted: bool
) -> None:
    idle = state_of(known(1, read_at=NOW - 100), OLDEST, instances={"i-1": Clock(NOW - 99, is_busy)})
    limits = replace(LIMITS, idle_seconds=idle_seconds)
    state = intake.note(idle, [Message(Kind.TICK, NOW)], Group(0, 5, 1), limits, NOW)
    assert (state.projects[1].wanted_at > 0) is wanted


def test_a_sweep_wants_everything_in_scope_and_a_fresh_list() -> None:
    old = state_of(known(1), known(2), Project(3), listing=replace(LISTED, read_at=NOW - 60))
    state = intake.note(old, [Message(Kind.SWEEP, NOW)], None, LIMITS, NOW)
    assert [key for key, project in state.projects.items() if project.wanted_at] == [1, 2]
    assert state.listing.wanted_at == NOW


def test_counts_are_believed_for_three_turns_but_no_less_than_five_minutes() -> None:
    assert intake.known_seconds(state_of(known(1)), 300) == 300
    many = state_of(*(known(n) for n in range(1, 1401)))
    assert intake.known_seconds(many, 420) == pytest.approx(3 * 60 * 1400 / 294)


def test_a_listing_takes_several_invocations_and_replaces_what_was_listed() -> None:
    state = state_of(known(1), known(2), known(3, pending=1, hook_last=0.0))
    listing = scope.begin(state.listing, MEMBERSHIP, NOW)
    listing = scope.add_page(listing, Page((1,), "more"))
    assert listing.sources == ("membership",)
    listing = scope.begin(listing, MEMBERSHIP, NOW + 1)
    listing = scope.add_page(listing, Page((4,)))
    assert listing.sources == ()
    done = scope.finish(replace(state, listing=listing), MEMBERSHIP)
    assert done.listing.read_at == NOW
    assert {key: project.listed for key, project in done.projects.items()} == {1: True, 3: False, 4: True}
    assert done.projects[4].wanted_at == NOW


def test_a_listing_of_another_scope_starts_again() -> None:
    listing = scope.add_page(scope.begin(LISTED, MEMBERSHIP, NOW), Page((1,), "more"))
    other = Reach(Scope(projects=("5", "a/b"), groups=("team",)), 3600)
    again = scope.begin(listing, other, NOW + 1)
    assert (again.sources, again.found, again.cursor) == (("project:a/b", "group:team"), (5,), "")
    assert not scope.is_current(LISTED, other.scope)


def test_the_hourly_listing_leaves_the_activity_filter_out() -> None:
    hour_ago = replace(LISTED, full_at=NOW - 3600)
    assert scope.begin(hour_ago, MEMBERSHIP, NOW).is_full
    assert not scope.begin(replace(hour_ago, full_at=NOW - 3599), MEMBERSHIP, NOW).is_full
    assert not scope.begin(hour_ago, replace(MEMBERSHIP, narrow=False), NOW).is_full
    assert not scope.begin(Listing(), MEMBERSHIP, NOW).is_full


def test_a_second_partly_in_the_window_counts_whole() -> None:
    assert budget.total(((100, 5),), 160.9, 60) == 5
    assert budget.total(((100, 5),), 161.0, 60) == 0


def test_counts_of_the_past_are_forgotten() -> None:
    assert budget.add(((1, 5), (100, 2)), 100.5, 3, 60) == ((100, 5),)
    assert budget.add(((100, 2),), 101.5, 0, 60) == ((100, 2),)


def test_a_window_without_requests_frees_at_once() -> None:
    assert budget.frees_at((), NOW) == NOW
