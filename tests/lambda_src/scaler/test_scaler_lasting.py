"""What lasts is said when it begins."""

from __future__ import annotations

import logging
from itertools import count
from typing import TYPE_CHECKING

from scaler.capacity import Plan, Snapshot
from scaler.errors import ReadError
from scaler.gitlab import PauseError
from scaler.lasting import MAX_SAID, Said, causes, lasting, new, say
from tests.lambda_src.scaler.fakes import START
from tests.lambda_src.scaler.worlds import world_of

if TYPE_CHECKING:
    import pytest

AT_MOST = Plan(need=12, desired=10, remove=(), surplus=0, is_capped=True, reason="")


def seen(*unknown: str) -> Snapshot:
    return Snapshot(pending=0, running=0, minimum=0, maximum=10, desired=10, in_service=10, booting=0, unknown=unknown)


def test_one_pause_that_lasts_is_one_warning_however_long_gitlab_says_it_is(caplog: pytest.LogCaptureFixture) -> None:
    world = world_of({1: 0})
    seconds = count(10)

    def pause(_path: str) -> None:
        raise ReadError(str(PauseError(next(seconds))))

    world.gitlab.fault = pause
    with caplog.at_level(logging.WARNING):
        for _ in range(60):
            world.minute()
    assert len([record for record in caplog.records if "asked for a pause" in record.message]) == 1


def observe(said: Said, snapshot: Snapshot, now: float) -> tuple[Said, tuple[str, ...]]:
    """Return what has been said after an observation, and what is said at it."""
    words = new((*lasting(snapshot, AT_MOST), *causes(snapshot)), said)
    return say(said, snapshot, AT_MOST, now), words


def test_more_causes_than_are_remembered_are_not_said_with_each_observation() -> None:
    many = seen(*(f"project {number} (cause {number})" for number in range(MAX_SAID + 5)))
    said, words = observe((), many, START)
    assert len(words) == MAX_SAID + 6
    for minute in range(1, 5):
        said, words = observe(said, many, START + 60 * minute)
        assert words == ()
    assert len(said) == MAX_SAID


def test_a_maximum_is_said_however_many_causes_are_remembered() -> None:
    said = tuple((f"unknown: cause {number}", START) for number in range(MAX_SAID))
    _, words = observe(said, seen("project 1 (cause 1)"), START)
    assert [word[:14] for word in words] == ["more is needed"]
