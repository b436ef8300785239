"""Learn how large a buffer is worth having: how many jobs commonly come at once, unforeseen. Pure.

Time is looked at in windows of one boot time, because a job that comes within it cannot be met by an instance that is
started when it comes. A buffer of `n` jobs is worth it while at least `SHARE` of the windows bring `n` or more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import accumulate

# What happened so long ago counts half.
HALF_LIFE_SECONDS = 2 * 3600.0
SHARE = 0.5
# Before so many windows have been seen, nothing is known.
MIN_WINDOWS = 10.0
# Sizes are kept exactly up to here, and as multiples of 4, 8, 16 ... above.
_EXACT_BITS = 4
_MAX_SIZE = 4096
_LEAST_WEIGHT = 1e-3


@dataclass(frozen=True)
class Bursts:
    """How many jobs came unforeseen in the windows of the last hours.

    Attributes:
        since: start of the present window, 0 = nothing has been seen yet.
        foreseen: the jobs that were there or expected then.
        peak: the most jobs since.
        weights: (size, weight) of past windows, by size; newer windows weigh more.
    """

    since: float = 0.0
    foreseen: int = 0
    peak: int = 0
    weights: tuple[tuple[int, float], ...] = ()


def follow(bursts: Bursts, demand: int, foreseen: int, now: float, window_seconds: float) -> Bursts:
    """Return the bursts with one more observation.

    Args:
        bursts: what is known.
        demand: jobs that run or wait now.
        foreseen: the same, and those that are expected.
        now: epoch seconds.
        window_seconds: one boot time.
    """
    if not bursts.since or now < bursts.since:
        return replace(bursts, since=now, foreseen=foreseen, peak=demand)
    peak = max(bursts.peak, demand)
    windows = int((now - bursts.since) / window_seconds)
    if windows < 1:
        return replace(bursts, peak=peak)
    weights = _with(dict(bursts.weights), max(0, peak - bursts.foreseen), windows, window_seconds)
    return Bursts(now, foreseen, demand, weights)


def size(bursts: Bursts) -> int:
    """Return for how many jobs a buffer is worth having, 0 while too little is known."""
    total = sum(weight for _, weight in bursts.weights)
    if total < MIN_WINDOWS:
        return 0
    numbers, weights = zip(*reversed(bursts.weights), strict=True)
    # How many windows bring at least this many.
    shares = zip(numbers, accumulate(weights), strict=True)
    return next(int(number) for number, above in shares if above >= SHARE * total)


def _with(weights: dict[int, float], burst: int, windows: int, window_seconds: float) -> tuple[tuple[int, float], ...]:
    decay = 0.5 ** (window_seconds / HALF_LIFE_SECONDS)
    aged = {number: weight * decay**windows for number, weight in weights.items()}
    number = _rounded(burst)
    aged[number] = aged.get(number, 0.0) + 1.0
    # Windows that nobody looked at have brought nothing: jobs would have brought an observation.
    aged[0] = aged.get(0, 0.0) + decay * (1 - decay ** (windows - 1)) / (1 - decay)
    return tuple(sorted((number, round(weight, 4)) for number, weight in aged.items() if weight >= _LEAST_WEIGHT))


def _rounded(burst: int) -> int:
    step = 1 << max(0, burst.bit_length() - _EXACT_BITS)
    return min(_MAX_SIZE, math.floor(burst / step) * step)
