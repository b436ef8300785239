"""Later jobs come in pages, newest first: what is known of which pipeline."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaler.pages import NOTHING, Known, Page, add
from scaler.pipelines import Created, Live

SIZE = 100


def live(number: int, pipeline: int = 1) -> Live:
    return Live(number, pipeline, name=number, stage=1, since=100.0, is_running=True, is_ours=True)


def created(number: int, pipeline: int = 1) -> Created:
    return Created(
        number, pipeline, name=number, stage=2, needs=None, is_ours=True, is_automatic=True, is_optional=False
    )


def jobs(first: int, last: int, pipeline: int = 1) -> tuple[Created, ...]:
    """Return a pipeline's jobs as GitLab lists them."""
    return tuple(created(number, pipeline) for number in range(last, first - 1, -1))


def page(listed: tuple[Created, ...], cursor: str = "") -> Page:
    """Return the page that begins behind the cursor, as GitLab cuts it."""
    behind = [job for job in listed if not cursor or job.id < int(cursor)]
    some = tuple(behind[:SIZE])
    return Page(some, str(some[-1].id) if len(behind) > SIZE else "")


def read(before: Known, listed: tuple[Created, ...], *under_way: Live) -> Known:
    return add(before, page(listed, before.cursor), under_way)


def test_what_one_page_holds_is_known_at_once() -> None:
    assert read(NOTHING, jobs(2, 60), live(1)) == Known(jobs(2, 60))


def test_a_pipeline_that_a_page_cuts_is_not_known_until_the_next_page_has_been_read() -> None:
    listed = jobs(2, 151)
    first = read(NOTHING, listed, live(1))
    assert first == Known(listed[:SIZE], cut=(1,), cursor="52")
    second = read(first, listed, live(1))
    assert sorted(second.created) == sorted(listed)
    assert (second.cut, second.cursor) == ((), "")


def test_newer_pipelines_than_the_one_that_is_cut_are_known() -> None:
    listed = (*jobs(202, 240, 3), *jobs(102, 200, 2), *jobs(2, 40))
    assert read(NOTHING, listed, live(1), live(101, 2), live(201, 3)).cut == (2,)


def test_pipelines_that_were_made_at_the_same_time_are_cut_together() -> None:
    listed = (*jobs(102, 160, 8), *jobs(50, 99, 7), *jobs(20, 49, 8))
    first = read(NOTHING, listed, live(10, 8), live(11, 7))
    assert first.cut == (7, 8)


def test_a_pipeline_that_is_known_stays_so_when_newer_jobs_push_it_off_the_page() -> None:
    known = read(NOTHING, jobs(2, 60), live(1))
    pushed = read(known, (*jobs(102, 160, 2), *jobs(2, 60)), live(1), live(101, 2))
    assert sorted(pushed.created) == [*reversed(jobs(2, 60)), *reversed(jobs(102, 160, 2))]
    assert (pushed.cut, pushed.cursor) == ((), "")


def test_a_known_pipeline_between_two_stages_is_not_forgotten_in_part() -> None:
    known = read(NOTHING, jobs(2, 60), live(1))
    pushed = read(known, (*jobs(102, 160, 2), *jobs(2, 60)), live(101, 2))
    assert {job.id for job in pushed.created if job.pipeline == 1} == set(range(2, 61))


def test_what_is_no_longer_listed_is_no_longer_to_come() -> None:
    known = read(NOTHING, jobs(2, 60), live(1))
    assert read(known, jobs(30, 60), live(1)) == Known(jobs(30, 60))


def test_pipelines_that_nobody_works_on_are_not_read_to_their_end() -> None:
    abandoned = (*jobs(1002, 1050, 3), *jobs(1, 900))
    assert read(NOTHING, abandoned, live(1001, 3)) == Known(abandoned[:SIZE], cut=(1,))


def test_a_walk_goes_on_behind_the_last_page_and_ends_with_the_pipeline() -> None:
    listed = (*jobs(602, 900, 2), *jobs(2, 500))
    known, reads = read(NOTHING, listed, live(601, 2)), 1
    while known.cursor:
        known, reads = read(known, listed, live(601, 2)), reads + 1
    assert reads == 3
    assert {job.id for job in known.created if job.pipeline == 2} == set(range(602, 901))
    assert known.cut == (1,)


@given(
    st.lists(st.integers(1, 150), min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(0, 7), st.integers(1, 60)), max_size=12),
)
def test_no_pipeline_is_ever_taken_for_known_in_part(sizes: list[int], moves: list[tuple[int, int]]) -> None:
    """Pipelines are made one by one; some of the jobs of one come before each read."""
    to_come: dict[int, list[Created]] = {}
    known = NOTHING
    number = 1
    for pipeline, size in enumerate(sizes, 1):
        to_come[pipeline] = list(reversed(jobs(number + 1, number + size, pipeline)))
        number += size + 1
        for which, count in moves:
            started = to_come.get(which, [])
            to_come[which] = started[count:]
            gone = {job.id for job in started[:count]}
            known = known._replace(created=tuple(job for job in known.created if job.id not in gone))
            under_way = [live(job.id, job.pipeline) for job in started[:count]]
            listed = tuple(sorted((job for some in to_come.values() for job in some), reverse=True))
            known = read(known, listed, *under_way)
            for key in {job.pipeline for job in known.created} - set(known.cut):
                assert set(to_come[key]) <= {job for job in known.created if job.pipeline == key}


@pytest.mark.parametrize("cursor", ["", "9"])
def test_an_empty_page_says_nothing_of_other_pages(cursor: str) -> None:
    before = Known(jobs(10, 12), cut=(1,), cursor=cursor)
    assert add(before, Page(()), [live(1)]) == Known(jobs(10, 12) if cursor else ())
