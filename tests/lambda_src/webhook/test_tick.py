from __future__ import annotations

from typing import Any

import pytest

from tests.lambda_src.webhook.fakes import NOW, load
from webhook.tick import Tick, TickError, parse_tick


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        pytest.param(load("tick.json"), Tick("tick", "2026-11-22T03:00:00Z"), id="tick"),
        pytest.param(load("sweep.json"), Tick("sweep", "2026-11-22T03:00:00Z"), id="sweep"),
        pytest.param(
            {"kind": "tick", "scheduled_at": "2025-01-02T03:04:05Z"}, Tick("tick", "2025-01-02T03:04:05Z"), id="time"
        ),
    ],
)
def test_a_tick_has_its_scheduled_time(event: dict[str, Any], expected: Tick) -> None:
    assert parse_tick(event, NOW) == expected


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(load("tick_unsubstituted.json"), id="placeholder"),
        pytest.param({"kind": "tick"}, id="missing"),
        pytest.param({"kind": "tick", "scheduled_at": ""}, id="empty"),
        pytest.param({"kind": "tick", "scheduled_at": None}, id="null"),
    ],
)
def test_without_a_scheduled_time_it_is_the_current_minute(event: dict[str, Any]) -> None:
    assert parse_tick(event, NOW + 59) == Tick("tick", "2026-11-22T03:00:00Z")
    assert parse_tick(event, NOW + 60) == Tick("tick", "2026-11-22T03:01:00Z")


def test_the_current_minute_is_that_of_utc(tokyo: None) -> None:
    assert parse_tick({"kind": "tick"}, NOW) == Tick("tick", "2026-11-22T03:00:00Z")


def test_a_tick_that_the_scaler_asks_for_has_its_own_time_and_id() -> None:
    tick = parse_tick({"kind": "tick", "after_seconds": 17.5}, NOW)
    assert tick == Tick("tick", "2026-11-22T03:00:17Z", 17.5)
    assert tick.deduplication_id("request-1") == "wake-request-1"
    assert parse_tick({"kind": "tick", "after_seconds": 0}, NOW).deduplication_id("request-2") == "wake-request-2"


def test_a_tick_of_the_schedule_is_taken_once_for_its_time() -> None:
    assert parse_tick(load("sweep.json"), NOW).deduplication_id("request-1") == "sweep-2026-11-22T03:00:00Z"


@pytest.mark.parametrize(
    ("event", "message"),
    [
        pytest.param({}, "the schedule's kind must be one of tick, sweep, not None", id="no kind"),
        pytest.param({"kind": "hook"}, "the schedule's kind must be one of tick, sweep, not 'hook'", id="another kind"),
        pytest.param({"kind": ["tick"]}, "the schedule's kind must be one of tick, sweep, not ['tick']", id="a list"),
        pytest.param({"kind": "tick", "scheduled_at": 7}, "scheduled_at must be text, not 7", id="a number"),
        pytest.param(
            {"kind": "tick", "scheduled_at": "now"},
            "scheduled_at must look like 2026-11-22T03:00:00Z, not 'now'",
            id="no time",
        ),
        pytest.param(
            {"kind": "tick", "scheduled_at": "2026-11-22T03:00:00Z\n"},
            "scheduled_at must look like 2026-11-22T03:00:00Z, not '2026-11-22T03:00:00Z\\n'",
            id="line end",
        ),
        pytest.param(
            {"kind": "sweep", "after_seconds": 7},
            "after_seconds goes with a tick, and with nothing else, not with ['after_seconds', 'kind']",
            id="a later sweep",
        ),
        pytest.param(
            {"kind": "tick", "after_seconds": 7, "scheduled_at": ""},
            "after_seconds goes with a tick, and with nothing else, not with ['after_seconds', 'kind', 'scheduled_at']",
            id="two times",
        ),
        pytest.param(
            {"after_seconds": 7},
            "after_seconds goes with a tick, and with nothing else, not with ['after_seconds']",
            id="later, but no kind",
        ),
        pytest.param(
            {"kind": "tick", "after_seconds": True}, "after_seconds must be a number, not True", id="a truth value"
        ),
        pytest.param({"kind": "tick", "after_seconds": "7"}, "after_seconds must be a number, not '7'", id="text"),
        pytest.param(
            {"kind": "tick", "after_seconds": float("nan")},
            "after_seconds must be 0 to 60, not nan",
            id="not a number",
        ),
        pytest.param(
            {"kind": "tick", "after_seconds": 60.1},
            "after_seconds must be 0 to 60, not 60.1",
            id="over a minute",
        ),
        pytest.param({"kind": "tick", "after_seconds": -1}, "after_seconds must be 0 to 60, not -1", id="in the past"),
    ],
)
def test_what_is_malformed_is_named(event: dict[str, Any], message: str) -> None:
    with pytest.raises(TickError) as caught:
        parse_tick(event, NOW)
    assert str(caught.value) == message
