"""Messages that are noted, held off, continued, or answered already."""

from __future__ import annotations

import logging

import pytest

from scaler.intake import MAX_HOOK_IDS
from scaler.model import Kind, Message
from scaler.outcome import Outcome
from tests.lambda_src.scaler.fakes import START
from tests.lambda_src.scaler.worlds import failing, idle_world, world_of


def test_a_hook_during_a_read_is_answered_by_another_read() -> None:
    world = world_of({1: 0})
    world.clock.sleep(60)
    world.hook(1)
    world.turn()
    reads = world.gitlab.reads[1]
    world.clock.sleep(0.1)
    world.hook(1)
    world.settle()
    assert world.gitlab.reads[1] == reads + 1


def test_a_hook_that_is_older_than_the_last_read_is_answered_already() -> None:
    world = world_of({1: 0})
    world.clock.sleep(60)
    reads = world.gitlab.reads[1]
    world.hook(1, at=START - 1)
    assert world.turn() is Outcome.NOTED
    assert world.gitlab.reads[1] == reads


def test_what_is_held_off_is_read_by_a_continued_turn() -> None:
    world = world_of({1: 0})
    world.clock.sleep(60)
    world.hook(1)
    world.turn()
    world.clock.sleep(0.1)
    world.hook(1)
    assert world.turn() is Outcome.NOTED
    assert [message.kind for message in world.queue] == [Kind.CONTINUE]
    world.settle()
    assert not world.state.projects[1].is_hooked


def test_only_one_continue_message_is_on_its_way() -> None:
    world = world_of({1: 0, 2: 0})
    for project in (1, 2, 1, 2):
        world.clock.sleep(0.05)
        world.hook(project)
        world.turn()
    assert [message.kind for message in world.queue].count(Kind.CONTINUE) == 1


def test_a_lost_continue_message_is_sent_again_after_a_minute() -> None:
    world = world_of(dict.fromkeys(range(1, 101), 0))
    world.clock.sleep(60)
    world.sweep()
    world.turn()
    assert len(world.queue) == 1
    world.queue.clear()
    assert world.minute() is Outcome.UNCHANGED
    assert all(project.wanted_at == 0 for project in world.state.projects.values())


def test_when_the_queue_takes_nothing_the_next_tick_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    world = world_of(dict.fromkeys(range(1, 101), 0))
    world.clock.sleep(60)
    world.cannot_send = True
    world.sweep()
    world.settle()
    assert "the rest is left to the next tick" in caplog.text
    world.cannot_send = False
    for _ in range(3):
        world.minute()
    assert all(project.wanted_at == 0 for project in world.state.projects.values())


def test_deduplication_ids_never_repeat() -> None:
    world = world_of(dict.fromkeys(range(1, 201), 0))
    for _ in range(5):
        world.minute()
    assert len(set(world.deduplication_ids)) == len(world.deduplication_ids) > 5


def test_many_waiting_hooks_are_noted_first_and_answered_together() -> None:
    world = world_of(dict.fromkeys(range(1, 51), 0))
    world.clock.sleep(1)
    sent_at = world.clock.now
    world.gitlab.reads.clear()
    world.clock.sleep(5)
    world.table.state = None
    world.hook(1)
    world.turn()
    for number in range(2, 41):
        world.hook(number, at=sent_at + 1)
    first = [world.turn() for _ in range(3)]
    assert first == [Outcome.NOTED] * 3
    world.settle()
    assert max(world.gitlab.reads.values()) == 1
    assert sum(world.gitlab.reads.values()) == 40


def test_a_pause_of_gitlab_is_remembered() -> None:
    world = world_of({1: 0})
    world.gitlab.limit = 0
    world.clock.sleep(60)
    world.hook(1)
    world.turn()
    assert world.state.not_before == pytest.approx(world.clock.now + 60)
    asked = world.gitlab.requests
    world.hook(1)
    world.settle()
    assert world.gitlab.requests == asked


def test_no_time_left_for_reading_is_unknown_not_zero() -> None:
    world = idle_world()
    world.clock.sleep(60)
    assert world.scaler.handle([Message(Kind.SWEEP, world.clock.now)], 3.0) is Outcome.UNKNOWN_KEPT
    assert world.group.removed == []


def ways(caplog: pytest.LogCaptureFixture) -> list[list[str]]:
    """Return what each decision in the log says about the hooks that it answers."""
    return [getattr(record, "correlation_id", []) for record in caplog.records if hasattr(record, "outcome")]


def test_a_decision_names_the_hooks_that_it_answers_also_those_that_were_noted_before(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    world = world_of({1: 0, 2: 0})
    world.clock.sleep(60)
    caplog.clear()
    world.hook(1, key="first")
    world.turn()
    for key in ("second", "third"):
        world.clock.sleep(0.1)
        world.hook(1, key=key)
        assert world.turn() is Outcome.NOTED
    assert "noted" in caplog.text
    world.settle()

    assert ways(caplog) == [["first"], ["second", "third"]]
    assert world.state.projects[1].hook_ids == ()
    caplog.clear()
    world.minute()
    assert ways(caplog) == [[]]


def test_of_very_many_hooks_the_first_are_named(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    world = world_of({1: 0})
    world.clock.sleep(60)
    world.hook(1)
    world.turn()
    caplog.clear()
    for number in range(MAX_HOOK_IDS + 5):
        world.clock.sleep(0.01)
        world.hook(1, key=f"hook-{number}")
        world.turn()
    world.settle()
    assert ways(caplog) == [[f"hook-{number}" for number in range(MAX_HOOK_IDS)]]


def test_a_hook_whose_project_cannot_be_read_is_named_by_the_decision_that_answers_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    world = world_of({1: 0})
    world.clock.sleep(60)
    world.gitlab.fault = failing("/projects/1/jobs")
    world.hook(1, key="late")
    world.turn()
    world.queue.clear()
    world.gitlab.fault = None
    caplog.clear()
    world.minute()
    assert ["late"] in ways(caplog)
