from __future__ import annotations

import math
import random
import statistics

import pytest

from scaler.expectations import COMMON_DIFFERENCE, MIN_NAMES, Expectations, Expected
from scaler.history import COMMON_VARIANCE, History, key, learn


def expected(history: History, name: int) -> Expected:
    found = Expectations(history).of(name)
    assert found is not None
    return found


def project(*seconds: float, times: int = 60, number: int = 1) -> History:
    """Return what is known of a project with a name for each duration."""
    return learn(
        {}, [(key(number, f"job {place}"), value) for place, value in enumerate(seconds) for _ in range(times)]
    )


@pytest.mark.parametrize("history", [{}, project(60.0), project(60.0, 600.0, number=2)], ids=["none", "one", "others"])
def test_of_a_project_of_which_next_to_nothing_is_known_nothing_is_expected(history: History) -> None:
    assert len(project(60.0)) < MIN_NAMES
    assert Expectations(history).of(key(1, "new")) is None


def test_a_new_name_is_expected_to_be_like_the_others_of_its_project() -> None:
    new = expected(project(100.0, 200.0, 400.0, 800.0, 1600.0), key(1, "new"))
    assert math.exp(new.log_mean) == pytest.approx(400, rel=0.01)
    assert new.log_spread > statistics.stdev(map(math.log, (100, 200, 400, 800, 1600))) * 0.8


def test_projects_do_not_teach_each_other() -> None:
    both = project(60.0, 61.0) | project(6000.0, 6100.0, number=2)
    assert expected(both, key(1, "new")) == expected(project(60.0, 61.0), key(1, "new"))


def test_what_was_seen_often_is_expected_as_it_was_seen() -> None:
    name = key(1, "job 0")
    assert math.exp(expected(project(60.0, *[6000.0] * 8), name).log_mean) == pytest.approx(60, rel=0.05)


def test_what_was_seen_once_is_drawn_towards_the_others() -> None:
    once = learn(project(*[600.0, 700.0, 800.0] * 3), [(key(1, "odd"), 10.0)])
    often = learn(once, [(key(1, "odd"), 10.0)] * 30)
    first, last = expected(once, key(1, "odd")), expected(often, key(1, "odd"))
    assert last.log_mean == pytest.approx(math.log(10), abs=0.1)
    assert last.log_mean + 0.5 < first.log_mean < math.log(600)
    assert last.log_spread < first.log_spread


def test_a_name_without_others_is_expected_by_itself() -> None:
    once = expected(project(600.0, times=1), key(1, "job 0"))
    assert math.exp(once.log_mean) == pytest.approx(600, rel=0.01)
    # Its only job may have been any of its jobs.
    assert once.log_spread == pytest.approx(math.sqrt(2 * COMMON_VARIANCE), abs=0.01)


def test_projects_with_few_names_are_taken_to_differ_as_much_as_is_common() -> None:
    new = expected(project(600.0, 600.0, times=1), key(1, "new"))
    assert new.log_spread > math.sqrt(COMMON_DIFFERENCE / 2 + COMMON_VARIANCE)


@pytest.mark.parametrize("seen", [0, 1, 3])
def test_what_is_expected_happens_as_often_as_is_said(seen: int) -> None:
    """Of jobs drawn as the model has it, two thirds are within one standard deviation, whatever was seen before."""
    source = random.Random(7)
    within = []
    for _ in range(400):
        usual = [source.gauss(6, math.sqrt(COMMON_DIFFERENCE)) for _ in range(12)]

        def draw(mean: float) -> float:
            return math.exp(source.gauss(mean, math.sqrt(COMMON_VARIANCE)))

        names = {key(1, f"job {place}"): mean for place, mean in enumerate(usual)}
        first, *others = names
        ended = [(name, draw(names[name])) for name in others for _ in range(5)]
        ended += [(first, draw(names[first])) for _ in range(seen)]
        found = expected(learn({}, ended), first)
        within.append(abs(math.log(draw(names[first])) - found.log_mean) < found.log_spread)
    assert statistics.mean(within) == pytest.approx(0.68, abs=0.06)


def test_what_is_learnt_later_is_expected_as_if_it_had_been_known_at_once() -> None:
    history = project(60.0, 90.0, 120.0) | project(600.0, 900.0, number=2)
    before = Expectations(history)
    names = [*history, key(1, "new"), key(2, "new"), key(3, "new")]
    assert all(before.of(name) for name in history)
    ended = [(key(1, "job 0"), 300.0), (key(1, "other"), 10.0), (key(3, "first"), 10.0), (key(3, "second"), 20.0)]
    after = learn(history, ended)
    later = before.after(after, (name for name, _ in ended))
    assert [later.of(name) for name in names] == [Expectations(after).of(name) for name in names]
    assert later.of(key(1, "new")) != before.of(key(1, "new"))
