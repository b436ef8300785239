"""Count requests and hooks per second, and say how much of the request budget is left. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

WINDOW_SECONDS = 60
PACE_SECONDS = 10

# Sweeps leave this share of the minute to hooks and busy projects ...
_SWEEP_SHARE = 0.7
# ... hooks leave a little to what is overdue ...
_HOOK_SHARE = 0.96
# ... and everything leaves a little to lists that turn out to have more pages than the last time.
_OVERDUE_SHARE = 0.99
# When reading everything once takes more than this share of the minute, requests are spread over it ...
_CROWDED_SHARE = 0.5
# ... to at most this share in ten seconds, a little more than their part: requests that are made in lumps come back in
# lumps when they leave the window, and in between counts would grow old.
_PACE_SHARE = 0.18

Counts = tuple[tuple[int, int], ...]


def add(counts: Counts, now: float, number: int, window_seconds: int) -> Counts:
    """Return the counts with a number more in this second, without those older than the window."""
    second = int(now)
    kept = {then: count for then, count in counts if then + window_seconds >= second}
    if number:
        kept[second] = kept.get(second, 0) + number
    return tuple(sorted(kept.items()))


def total(counts: Counts, now: float, window_seconds: int) -> int:
    """Return how many fall into the window; a second that is partly in it counts whole."""
    return sum(number for second, number in counts if now - window_seconds < second + 1)


@dataclass(frozen=True)
class Budget:
    """How many requests may still be made.

    Attributes:
        allowed: by anything.
        for_overdue: by projects whose count is too old.
        for_hooks: by hooked projects.
        for_busy: by what the schedule refreshes because jobs are known.
        for_sweeps: by the rest.
        paced: by any of them, when there is more to do than fits into the minute.
    """

    allowed: int
    for_overdue: int
    for_hooks: int
    for_busy: int
    for_sweeps: int
    paced: int


def budget(requests: Counts, requests_per_minute: int, now: float, round_requests: int = 0) -> Budget:
    """Return what is left of the budget.

    Args:
        requests: requests by second.
        requests_per_minute: never exceeded in any 60 seconds.
        now: epoch seconds.
        round_requests: how many requests it takes to read everything once.
    """
    used = total(requests, now, WINDOW_SECONDS)
    paced = requests_per_minute
    if round_requests > requests_per_minute * _CROWDED_SHARE:
        paced = max(0, math.ceil(requests_per_minute * _PACE_SHARE) - total(requests, now, PACE_SECONDS))

    def left(share: float) -> int:
        return max(0, math.ceil(requests_per_minute * share) - used)

    return Budget(
        allowed=left(1),
        for_overdue=min(left(_OVERDUE_SHARE), paced),
        for_hooks=left(_HOOK_SHARE),
        for_busy=min(left(_HOOK_SHARE), paced),
        for_sweeps=min(left(_SWEEP_SHARE), paced),
        paced=paced,
    )


def frees_at(counts: Counts, now: float) -> float:
    """Return when the next request leaves one of the two windows, so that there may be more room; now if none does."""
    return min(_leaving(counts, now), default=now)


def _leaving(counts: Counts, now: float) -> Iterable[float]:
    for second, _ in counts:
        for window in (PACE_SECONDS, WINDOW_SECONDS):
            leaves = second + 1 + window
            if leaves > now:
                yield leaves
