"""Read what the schedule function is invoked with. Pure: the time is an argument."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

KINDS = ("tick", "sweep")
# The function waits no longer; the schedule itself comes each minute.
MAX_AFTER_SECONDS = 60

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


class TickError(Exception):
    """The schedule's input is not what the module configures."""


@dataclass(frozen=True)
class Tick:
    """A schedule is due: `tick` every minute, `sweep` at the configured rate.

    Attributes:
        kind: which of them.
        scheduled_at: when.
        after_seconds: it is to be waited for so long; only the scaler asks for that, between two ticks.
    """

    kind: str
    scheduled_at: str
    after_seconds: float | None = None

    def deduplication_id(self, request_id: str) -> str:
        """Return the id by which the queue takes it once: by its time if it is the schedule's, else by its request."""
        return f"{self.kind}-{self.scheduled_at}" if self.after_seconds is None else f"wake-{request_id}"


def parse_tick(event: Mapping[str, Any], now: float) -> Tick:
    """Return the tick of a schedule's event.

    Args:
        event: `{"kind": …, "scheduled_at": …}`. A missing or empty time, or the placeholder
            `<aws.scheduler.scheduled-time>` left in place by whoever invokes us, means the current minute.
            Or `{"kind": "tick", "after_seconds": …}`, a tick in so many seconds.
        now: epoch seconds.

    Raises:
        TickError: the kind or the time is malformed.
    """
    if "after_seconds" in event:
        return _later(event, now)
    kind = event.get("kind")
    if kind not in KINDS:
        raise TickError(f"the schedule's kind must be one of {', '.join(KINDS)}, not {kind!r}")
    given = event.get("scheduled_at") or ""
    if not isinstance(given, str):
        raise TickError(f"scheduled_at must be text, not {given!r}")
    if not given or given.startswith("<aws.scheduler"):
        given = _text(now - now % 60)
    if not _TIME.fullmatch(given):
        raise TickError(f"scheduled_at must look like 2026-11-22T03:00:00Z, not {given!r}")
    return Tick(kind, given)


def _later(event: Mapping[str, Any], now: float) -> Tick:
    if set(event) != {"kind", "after_seconds"} or event["kind"] != "tick":
        raise TickError(f"after_seconds goes with a tick, and with nothing else, not with {sorted(event)}")
    seconds = event["after_seconds"]
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise TickError(f"after_seconds must be a number, not {seconds!r}")
    if not 0 <= seconds <= MAX_AFTER_SECONDS:
        raise TickError(f"after_seconds must be 0 to {MAX_AFTER_SECONDS}, not {seconds!r}")
    return Tick("tick", _text(now + seconds), float(seconds))


def _text(at: float) -> str:
    return datetime.fromtimestamp(at, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
