from __future__ import annotations

import pytest

from scaler.buffer import HALF_LIFE_SECONDS, MIN_WINDOWS, Bursts, follow, size

WINDOW = 120.0


def after(*bursts: int, base: int = 5, start: Bursts | None = None, now: float = 1000.0) -> tuple[Bursts, float]:
    """Return what is known after windows in each of which so many jobs came at once."""
    known = start or Bursts()
    for burst in bursts:
        known = follow(known, base, base, now, WINDOW)
        known = follow(known, base + burst, base + burst, now + 60, WINDOW)
        now += WINDOW
    return follow(known, base, base, now, WINDOW), now


def test_the_buffer_holds_the_bursts_that_commonly_come() -> None:
    known, _ = after(*[4, 0, 8] * 20)
    assert size(known) == 4
    assert size(after(*[6] * 20)[0]) == 6
    assert size(after(*[20, 0, 0, 0] * 10)[0]) == 0


def test_without_experience_there_is_no_buffer() -> None:
    assert size(Bursts()) == 0
    assert size(after(*[6] * int(MIN_WINDOWS - 2))[0]) == 0
    assert size(after(*[6] * int(MIN_WINDOWS + 2))[0]) == 6


def test_jobs_that_were_foreseen_need_no_buffer() -> None:
    known, now = Bursts(), 1000.0
    for _ in range(20):
        known = follow(known, 5, 11, now, WINDOW)
        known = follow(known, 11, 11, now + 60, WINDOW)
        now += WINDOW
    assert size(known) == 0


def test_what_happened_long_ago_fades() -> None:
    busy, now = after(*[6] * 60)
    later = follow(busy, 5, 5, now + 3 * HALF_LIFE_SECONDS, WINDOW)
    assert size(later) == 0


def test_a_quiet_time_that_nobody_looked_at_counts_as_quiet() -> None:
    one_by_one, _ = after(*[6] * 20, *[0] * 30)
    at_once, start = after(*[6] * 20)
    at_once = follow(at_once, 5, 5, start + 30 * WINDOW, WINDOW)
    assert dict(at_once.weights) == pytest.approx(dict(one_by_one.weights), abs=0.1)


def test_jobs_that_ended_do_not_make_a_burst() -> None:
    known, now = Bursts(), 1000.0
    for number in range(30):
        known = follow(known, 100 - number, 100 - number, now, WINDOW)
        now += WINDOW
    assert size(known) == 0


def test_a_clock_that_goes_back_starts_a_new_window() -> None:
    known, now = after(*[6] * 20)
    assert follow(known, 9, 9, now - 5000, WINDOW).weights == known.weights


def test_many_sizes_of_bursts_take_little_room() -> None:
    known, _ = after(*range(3000))
    assert len(known.weights) < 120
