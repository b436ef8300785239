"""Read a schedule's event. Pure: the time is an argument."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

KINDS = ("tick", "sweep")

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


class TickError(Exception):
    """The schedule's input is not what the module configures."""


@dataclass(frozen=True)
class Tick:
    """A schedule is due: `tick` every minute, `sweep` at the configured rate."""

    kind: str
    scheduled_at: str


def parse_tick(event: Mapping[str, Any], now: float) -> Tick:
    """Return the tick of a schedule's event.

    Args:
        event: `{"kind": …, "scheduled_at": …}`. A missing or empty time, or the placeholder
            `<aws.scheduler.scheduled-time>` left in place by whoever invokes us, means the current minute.
        now: epoch seconds.

    Raises:
        TickError: the kind or the time is malformed.
    """
    kind = event.get("kind")
    if kind not in KINDS:
        raise TickError(f"the schedule's kind must be one of {', '.join(KINDS)}, not {kind!r}")
    given = event.get("scheduled_at") or ""
    if not isinstance(given, str):
        raise TickError(f"scheduled_at must be text, not {given!r}")
    if not given or given.startswith("<aws.scheduler"):
        given = datetime.fromtimestamp(now, tz=UTC).strftime("%Y-%m-%dT%H:%M:00Z")
    if not _TIME.fullmatch(given):
        raise TickError(f"scheduled_at must look like 2026-11-22T03:00:00Z, not {given!r}")
    return Tick(kind, given)
