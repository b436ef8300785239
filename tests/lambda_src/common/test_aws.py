from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from common import aws

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@dataclass
class FakeClient:
    closed: int = 0

    def close(self) -> None:
        self.closed += 1


class FakeClock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def test_a_client_has_short_timeouts_and_standard_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    client: SQSClient = aws.client("sqs", connect_timeout=1, read_timeout=1.5, max_attempts=2)
    config: Any = client.meta.config
    assert (config.connect_timeout, config.read_timeout) == (1, 1.5)
    assert config.retries == {"mode": "standard", "total_max_attempts": 2}
    assert client.meta.endpoint_url == "https://sqs.eu-central-1.amazonaws.com"
    client.close()


def test_the_errors_are_those_of_botocore() -> None:
    assert aws.service_errors() == (BotoCoreError, ClientError)


def test_nothing_is_built_before_it_is_needed(clock: FakeClock) -> None:
    built: list[FakeClient] = []
    aging = aws.AgingClient(lambda: built.append(FakeClient()) or built[-1], clock)  # type: ignore[func-returns-value]
    assert built == []
    assert aging() is aging() is built[0]


def test_an_old_client_is_closed_and_built_anew(clock: FakeClock) -> None:
    aging = aws.AgingClient(FakeClient, clock, max_age_seconds=900)
    first = aging()
    clock.now += 899
    assert aging() is first
    clock.now += 1
    second = aging()
    assert second is not first
    assert (first.closed, second.closed) == (1, 0)
    clock.now += 899
    assert aging() is second


def test_a_clock_that_went_backwards_makes_a_client_old(clock: FakeClock) -> None:
    aging = aws.AgingClient(FakeClient, clock)
    first = aging()
    clock.now -= 1
    assert aging() is not first


def test_a_client_that_could_not_be_built_is_tried_again(clock: FakeClock) -> None:
    outcomes: list[FakeClient | Exception] = [OSError("no"), FakeClient()]

    def build() -> FakeClient:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    aging = aws.AgingClient(build, clock)
    with pytest.raises(OSError, match="no"):
        aging()
    assert aging().closed == 0
