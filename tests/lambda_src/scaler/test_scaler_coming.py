"""Names whose jobs are created with every pipeline and hardly ever come, such as those that clean up."""

from __future__ import annotations

import random

import pytest

from scaler.coming import (
    EXACT_SECONDS,
    MAX_NAMES,
    NOTHING,
    SETTLED_SECONDS,
    Absences,
    Reading,
    Unfinished,
    came,
    decode,
    encode,
    follow,
    is_rare,
    stayed_away,
)
from scaler.history import key
from scaler.pipelines import Created, Live

BUILD, TEST, CLEANUP = (key(1, name) for name in ("build", "test", "cleanup"))
AT = 1000.0


def live(name: int, number: int, pipeline: int = 1) -> Live:
    return Live(number, pipeline, name, stage=1, since=AT, is_running=True, is_ours=True)


def created(name: int, number: int, pipeline: int = 1, *, automatic: bool = True) -> Created:
    return Created(number, pipeline, name, 2, None, is_ours=True, is_automatic=automatic, is_optional=False)


def after(share: float, pipelines: int = 200, seed: int = 1) -> float:
    """Return in which share of pipelines a name is rare that comes in a share of them."""
    drawn = random.Random(seed)
    known: Absences = {}
    rare = 0
    for _ in range(pipelines):
        rare += is_rare(known, CLEANUP)
        known = came(known, {CLEANUP}) if drawn.random() < share else stayed_away(known, {CLEANUP})
    return rare / pipelines


def test_what_hardly_ever_comes_is_rare_and_what_comes_every_other_time_is_not() -> None:
    assert after(0.0) > 0.97
    assert after(0.1) > 0.85
    assert after(0.5) < 0.1
    assert after(0.7) < 0.02


def test_a_name_of_which_nothing_is_known_is_not_rare() -> None:
    assert not is_rare({}, TEST)
    assert stayed_away({}, {TEST}) == {TEST: 1}
    assert came({}, {TEST}) == {}


def test_a_job_that_comes_after_all_is_soon_expected_again() -> None:
    known: Absences = {}
    for _ in range(50):
        known = stayed_away(known, {TEST})
    assert is_rare(known, TEST)
    for _ in range(3):
        known = came(known, {TEST})
    assert not is_rare(known, TEST)


def reading(*jobs: Live, at: float = AT, told_at: float | None = None) -> Reading:
    return Reading(jobs, at, at - 1 if told_at is None else told_at)


BEFORE = (live(BUILD, 1), live(BUILD, 11, pipeline=2))
TO_COME = (created(TEST, 2), created(CLEANUP, 3), created(TEST, 12, pipeline=2))


def test_a_pipeline_that_ends_shows_which_of_its_jobs_did_not_come() -> None:
    known, left = follow({}, NOTHING, BEFORE, TO_COME, reading(live(BUILD, 11, pipeline=2)))
    assert known == {}
    assert left == Unfinished(AT, ((1, TEST), (1, CLEANUP)))
    known, left = follow(known, left, (), (), reading(at=AT + SETTLED_SECONDS))
    assert (known, left) == ({TEST: 1, CLEANUP: 1}, NOTHING)


def test_between_two_stages_a_pipeline_has_not_ended() -> None:
    known, left = follow({}, NOTHING, BEFORE[:1], TO_COME[:2], reading())
    known, left = follow(known, left, (), TO_COME[:2], reading(at=AT + 1))
    known, left = follow(known, left, (), (), reading(live(TEST, 2), at=AT + 2))
    assert (known, left) == ({}, NOTHING)


def test_what_is_not_settled_yet_is_kept_and_others_are_not_added() -> None:
    _, left = follow({}, NOTHING, BEFORE, TO_COME, reading(live(BUILD, 11, pipeline=2)))
    assert follow({}, left, BEFORE[1:], TO_COME[2:], reading(at=AT + 5)) == ({}, left)


@pytest.mark.parametrize("seconds", [5, SETTLED_SECONDS], ids=["before it has settled", "when it has settled"])
def test_nothing_stayed_away_that_may_have_come_and_gone_unseen_since_the_pipeline_ended(seconds: float) -> None:
    _, left = follow({}, NOTHING, BEFORE[:1], TO_COME[:2], reading())
    late = reading(at=AT + seconds, told_at=AT + seconds - EXACT_SECONDS - 1)
    assert follow({}, left, (), (), late) == ({}, NOTHING)


def test_without_a_hook_nothing_has_come_and_gone() -> None:
    _, left = follow({}, NOTHING, BEFORE[:1], TO_COME[:2], reading())
    assert follow({}, left, (), (), reading(at=AT + 60, told_at=0.0)) == ({TEST: 1, CLEANUP: 1}, NOTHING)


def test_what_comes_counts_once_when_it_is_first_seen() -> None:
    known: Absences = {TEST: 9}
    before = follow(known, NOTHING, (), (), reading(live(TEST, 2), live(TEST, 3)))
    assert before == ({TEST: 6}, NOTHING)
    assert follow({TEST: 6}, NOTHING, (live(TEST, 2),), (), reading(live(TEST, 2))) == ({TEST: 6}, NOTHING)


@pytest.mark.parametrize(
    ("to_come", "told_at"),
    [
        pytest.param((*TO_COME[:2], created(CLEANUP, 4, automatic=False)), AT - 1, id="a person may still start it"),
        pytest.param(TO_COME[:2], AT - 60, id="jobs may have come and gone unseen"),
        pytest.param(TO_COME[:2], 0.0, id="no hook has told of it"),
        pytest.param((), AT - 1, id="nothing was to come"),
    ],
)
def test_an_end_that_says_nothing_is_not_learnt_from(to_come: tuple[Created, ...], told_at: float) -> None:
    assert follow({}, NOTHING, BEFORE[:1], to_come, reading(told_at=told_at)) == ({}, NOTHING)


def test_names_are_few_and_survive_their_encoding() -> None:
    known = stayed_away({}, {key(project, "cleanup") for project in range(MAX_NAMES)})
    known = stayed_away(known, {CLEANUP})
    assert len(known) == MAX_NAMES
    assert decode(encode(known)) == known
    assert len(encode(known)) < 10_000
    with pytest.raises(ValueError, match="cut off"):
        decode("AAAA")
