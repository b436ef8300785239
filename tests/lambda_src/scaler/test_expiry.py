from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scaler.errors import MalformedError, PublishError, ReadError
from scaler.expiry import Expiry, days_left
from scaler.metrics import Figure
from tests.lambda_src.scaler.fakes import FakeClock
from tests.lambda_src.scaler.standin import StandIn

if TYPE_CHECKING:
    from collections.abc import Sequence

# 2026-11-22T03:00:00Z
NOW = 1_795_316_400.0
HOUR, DAY = 3600.0, 86400.0


class World:
    """GitLab, CloudWatch and a clock."""

    def __init__(self) -> None:
        self.now = NOW
        self.token: object = {"expires_at": "2026-12-02"}
        self.refuses: Exception | None = None
        self.asked = 0
        self.published: list[Figure] = []
        self.expiry = Expiry(self.ask, self.publish, lambda: self.now)

    def ask(self) -> object:
        self.asked += 1
        return self.token

    def publish(self, figures: Sequence[Figure]) -> None:
        if self.refuses:
            raise self.refuses
        self.published += figures

    def look_after(self, seconds: float) -> None:
        self.now += seconds
        self.expiry.look()


def test_the_days_that_are_left_are_published_once_a_day() -> None:
    world = World()

    for seconds in (0.0, 60.0, 22 * HOUR, 2 * HOUR):
        world.look_after(seconds)

    assert world.asked == 2
    assert world.published == [Figure("GitLabTokenDaysLeft", 10), Figure("GitLabTokenDaysLeft", 9)]


@pytest.mark.parametrize(
    ("expires_at", "days"),
    [("2026-11-22", 0), ("2026-11-23", 1), ("2027-11-22", 365), ("2026-11-20", -2), (None, None)],
    ids=["today", "tomorrow", "in a year", "over", "without an end"],
)
def test_days_are_counted_in_utc(expires_at: str | None, days: int | None) -> None:
    assert days_left({"expires_at": expires_at}, NOW) == days


def test_a_token_without_an_end_has_no_figure() -> None:
    world = World()
    world.token = {"expires_at": None}

    world.look_after(0.0)
    world.look_after(HOUR)

    assert (world.asked, world.published) == (1, [])


@pytest.mark.parametrize("token", [[], {}, {"expires_at": 7}, {"expires_at": "soon"}], ids=str)
def test_an_answer_that_is_not_gitlabs_is_no_number_of_days(token: object) -> None:
    with pytest.raises(MalformedError):
        days_left(token, NOW)


def test_a_failure_is_repeated_in_an_hour_and_not_before(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.refuses = PublishError("throttled")
    world.look_after(0.0)
    world.refuses = None

    world.look_after(HOUR - 1)
    assert world.asked == 1
    world.look_after(1.0)

    assert (world.asked, len(world.published)) == (2, 1)
    assert "throttled" in caplog.text


def test_a_gitlab_that_does_not_answer_is_no_exception(caplog: pytest.LogCaptureFixture) -> None:
    def ask() -> object:
        raise ReadError("GitLab answers 502")

    Expiry(ask, lambda _: None, lambda: NOW).look()

    assert "GitLab answers 502" in caplog.text


def test_gitlab_is_asked_about_the_token_that_asks() -> None:
    standin = StandIn(FakeClock())

    assert days_left(standin.connect(standin.call()).own_token(), standin.clock()) is None
