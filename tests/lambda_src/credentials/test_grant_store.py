from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from credentials.bounded import Bounded
from credentials.budget import Deadline
from credentials.errors import UnavailableError
from credentials.grant_store import DocumentError, GrantsObject, GrantStore
from tests.lambda_src.credentials.fakes import Clock, FakeS3, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from credentials.grants import Grants

GOOD = b'{"version": 1, "grants": {}}'


class Held:
    """A store, and what it stands on."""

    def __init__(self, pool: ThreadPoolExecutor, s3: FakeS3) -> None:
        self.s3, self.clock, self.alarms = s3, Clock(), list[bool]()
        source = GrantsObject(lambda: s3, "b", "g")
        self.store = GrantStore(source, Bounded(pool), self.clock, lambda: self.alarms.append(True))

    def current(self, seconds: float = 10) -> Grants:
        return self.store.current(Deadline(seconds))


@pytest.fixture
def hold() -> Iterator[Callable[..., Held]]:
    made: list[Held] = []
    with ThreadPoolExecutor(8) as pool:

        def make(**s3: Any) -> Held:
            made.append(Held(pool, FakeS3(GOOD, **s3)))
            return made[-1]

        yield make
        for held in made:
            held.s3.stopped.set()


def test_the_last_good_grants_are_kept_and_each_failure_alarms(
    hold: Callable[..., Held], caplog: pytest.LogCaptureFixture
) -> None:
    held = hold()
    good = held.current()
    for body, etag, failure in ((b"{", '"2"', None), (GOOD, '"3"', refusal("SlowDown", 503)), (b"", '"4"', None)):
        held.s3.body, held.s3.etag, held.s3.failure = body, etag, failure
        held.clock.now += 60
        assert held.current() is good
    assert len(held.alarms) == 3
    assert "not usable" in caplog.text
    held.s3.body, held.s3.etag = GOOD, '"5"'
    held.clock.now += 5
    assert held.current() is not good


def test_the_grants_are_read_once_a_minute(hold: Callable[..., Held]) -> None:
    held = hold()
    first = held.current()
    held.clock.now += 59
    held.current()
    assert held.s3.reads == 1
    held.clock.now += 1
    assert held.current() is first
    assert held.s3.reads == 2


def test_one_slow_read_denies_nobody_when_there_is_no_document_yet(hold: Callable[..., Held]) -> None:
    held = hold(slow=1)
    assert held.current(0.85).by_name == {}
    assert (held.s3.reads, held.alarms) == (2, [])


def test_an_s3_that_stays_slow_is_given_up_within_the_time_of_a_job(hold: Callable[..., Held]) -> None:
    held = hold(slow=99)
    started_at = time.perf_counter()
    with pytest.raises(UnavailableError):
        held.current(0.5)
    assert time.perf_counter() - started_at < 0.8
    assert (held.s3.reads, len(held.alarms)) == (2, 1)


def test_a_refusal_of_s3_is_not_asked_for_again_at_once(hold: Callable[..., Held]) -> None:
    held = hold(failure=refusal("AccessDenied", 403))
    with pytest.raises(UnavailableError):
        held.current()
    assert held.s3.reads == 1
    held.s3.failure = None
    assert held.current().by_name == {}


def test_a_document_that_is_held_is_served_after_one_slow_read(hold: Callable[..., Held]) -> None:
    held = hold()
    good = held.current()
    held.clock.now += 60
    held.s3.slow = 99
    assert held.current(0.85) is good
    assert (held.s3.reads, len(held.alarms)) == (2, 1)


def test_grants_that_could_not_be_read_for_an_hour_are_obeyed_no_longer(hold: Callable[..., Held]) -> None:
    held = hold()
    good = held.current()
    held.s3.failure = refusal("SlowDown", 503)
    held.clock.now += 3599
    assert held.current() is good
    held.clock.now += 1
    with pytest.raises(UnavailableError):
        held.current()
    held.s3.failure = None
    assert held.current().by_name == {}


def test_a_clock_that_went_backwards_reads_again(hold: Callable[..., Held]) -> None:
    held = hold()
    held.current()
    held.clock.now -= 100
    held.current()
    assert held.s3.reads == 2


def test_an_oversized_document_is_refused() -> None:
    s3 = FakeS3(GOOD, length=2_000_000)
    with pytest.raises(DocumentError, match="larger"):
        GrantsObject(lambda: s3, "b", "g").read("")
