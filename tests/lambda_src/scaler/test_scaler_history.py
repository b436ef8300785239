from __future__ import annotations

import math

import pytest

from scaler.history import MAX_NAMES, MAX_NAMES_PER_PROJECT, History, decode, encode, key, learn


def learnt(*seconds: float) -> History:
    return learn({}, [(1, value) for value in seconds])


def test_a_duration_is_the_geometric_mean_of_what_was_seen() -> None:
    assert learnt(100, 400)[1].log_mean == pytest.approx(math.log(200))


def test_a_job_that_has_become_slower_is_soon_known_as_such() -> None:
    assert learnt(*[60] * 50, *[600] * 25)[1].log_mean > math.log(400)


def test_a_single_outlier_changes_little() -> None:
    assert learnt(*[60] * 50, 6000)[1].log_mean < math.log(100)


def test_durations_that_vary_are_known_to_vary() -> None:
    steady, varied = learnt(*[300] * 30)[1], learnt(*[100, 900] * 15)[1]
    assert steady.log_spread < 0.1
    assert varied.log_spread == pytest.approx(math.log(3), rel=0.2)


def test_of_one_duration_the_usual_spread_is_taken() -> None:
    assert learnt(300)[1].log_spread == pytest.approx(0.5)


@pytest.mark.parametrize("seconds", [0.0, -1.0, math.nan, math.inf])
def test_what_is_no_duration_is_not_learnt(seconds: float) -> None:
    assert learnt(seconds) == {}


def test_very_short_jobs_take_a_second() -> None:
    assert learnt(0.01)[1].log_mean == 0


@pytest.mark.parametrize("name", ["rspec 2/8", "rspec 12:80", "rspec"])
def test_the_jobs_of_one_parallel_share_what_is_learnt(name: str) -> None:
    assert key(7, "rspec 1/8") == key(7, name)


def test_projects_and_names_are_told_apart() -> None:
    assert len({key(7, "build"), key(7, "test"), key(8, "build"), key(8, "test")}) == 4


def test_names_seen_longest_ago_are_forgotten_first() -> None:
    names = [key(project, "build") for project in range(MAX_NAMES + 10)]
    full = learn({}, [(name, 60.0) for name in names[:MAX_NAMES]])
    assert len(full) == MAX_NAMES
    after = learn(full, [(names[0], 60.0), *((name, 60.0) for name in names[MAX_NAMES:])])
    assert len(after) == MAX_NAMES
    assert names[0] in after
    assert not set(names[1:11]) & set(after)


def test_one_project_does_not_crowd_out_the_others() -> None:
    others = [key(project, "build") for project in range(1000)]
    many = [key(1_000_000, f"job {number:c}") for number in range(0x4E00, 0x4E00 + 2 * MAX_NAMES_PER_PROJECT)]
    known = learn({}, [(name, 60.0) for name in (*others, *many)])
    assert len(known) == len(others) + MAX_NAMES_PER_PROJECT
    assert many[-1] in known
    assert many[0] not in known


def test_what_is_stored_is_what_was_learnt() -> None:
    before = learn({}, [(key(project, name), 10.0 * project + 1) for project in range(50) for name in ("a", "b")])
    after = decode(encode(before))
    assert list(before) == list(after)
    for name, known in before.items():
        assert known.log_mean == pytest.approx(after[name].log_mean, abs=0.001)
        assert known.log_spread == pytest.approx(after[name].log_spread, abs=0.01)
        assert known.seen == after[name].seen


def test_a_full_history_takes_less_than_sixty_kilobytes() -> None:
    full = learn({}, [(key(project, "build"), 60.0) for project in range(MAX_NAMES)])
    assert len(encode(full)) < 60_000


@pytest.mark.parametrize("text", ["AAAA", "not base64!"])
def test_a_history_that_is_cut_off_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"cut off|base64|character"):
        decode(text)
