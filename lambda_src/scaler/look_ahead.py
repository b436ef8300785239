"""Foresee how many jobs will run or wait at once, from pipelines under way. Pure.

A pipeline's later jobs exist before they are pending, and how long the jobs before them take has been learnt. Which
courses each pipeline may take is told by `scaler.courses`. The courses of different pipelines are put together in a
fixed disorder, because pipelines do not wait for each other.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING

from scaler.courses import INTERVALS, PACES, SOON, courses, order
from scaler.expectations import Expectations
from scaler.pipelines import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scaler.courses import Courses
    from scaler.history import History
    from scaler.pipelines import Pipeline

# Capacity is started for as many jobs as only this share of the courses exceeds. Waiting for an instance that boots
# costs people more than an instance that waits for a job: docs/tuning.md has the measurements. The longer instances
# boot, the more is paid for those that were started in vain.
LAUNCH_RISK = 0.10
LAUNCH_RISK_PER_SECOND = 1 / 2000
MAX_LAUNCH_RISK = 0.25
# An instance that is there may wait for so many boot times for a job that it saves one.
KEEP_WORTH = 30
# Bytes of a number in the array type "I".
_BYTES = array("I").itemsize


@dataclass(frozen=True)
class Upcoming:
    """Jobs that are expected at once, beyond those that run or wait now.

    Attributes:
        soon: within one boot time: what is to be started for.
        later: what instances are kept for, because they are probably wanted again; `soon` included.
    """

    soon: int = 0
    later: int = 0


def upcoming(pipelines: Iterable[Pipeline], history: History, now: float, boot_seconds: float) -> Upcoming:
    """Foresee the jobs of the fleet.

    Args:
        pipelines: the jobs that have not ended of each pipeline.
        history: durations by name; where next to nothing is known of a project, nothing of it is foreseen.
        now: epoch seconds.
        boot_seconds: from asking for an instance until it takes jobs.
    """
    listed = tuple(pipelines)
    expected = Expectations(history)
    found = (courses(order(jobs), expected, now, boot_seconds) for jobs in listed)
    placed = [place(each, index) for index, each in enumerate(found)]
    return combine(placed, sum(map(under_way, listed)), launch_risk(boot_seconds))


def launch_risk(boot_seconds: float) -> float:
    """Return the share of the courses that may have more jobs than instances are started for."""
    return min(LAUNCH_RISK + LAUNCH_RISK_PER_SECOND * boot_seconds, MAX_LAUNCH_RISK)


def under_way(jobs: Pipeline) -> int:
    """Return how many jobs of the fleet run or wait."""
    return sum(job.is_ours and job.status is not Status.CREATED for job in jobs)


def place(found: Courses, index: int) -> list[int]:
    """Return how many jobs there are in each course of a pipeline, at each moment.

    The numbers of all courses stand side by side in one long integer, so that one addition adds them all. They stand
    in a disorder of their own for each index.
    """
    absent, present = _masks(1 + index * 17 % (PACES - 1), index * 29 % PACES)
    return [
        sum(map(present.__getitem__, ended)) + sum(map(absent.__getitem__, started))
        for ended, started in zip(found.ended, found.started, strict=True)
    ]


def combine(placed: Iterable[Sequence[int]], here: int, risk: float) -> Upcoming:
    """Return what all pipelines together are to be prepared for.

    Args:
        placed: the numbers of each pipeline's jobs.
        here: how many jobs run or wait now.
        risk: in which share of the courses there may be more jobs than instances are started for.
    """
    totals = [_numbers(sum(moment)) for moment in zip(*placed, strict=True)]
    if max(map(max, totals), default=0) <= here:
        return Upcoming()
    soon = max(sorted(total)[int((1 - risk) * PACES)] for total in totals[SOON])
    return Upcoming(max(0, soon - here), max(0, soon - here, _kept(totals, here) - here))


def _kept(totals: Sequence[Sequence[int]], here: int) -> int:
    """Return for how many jobs instances are worth keeping, no fewer than are here.

    The last one of them is worth it if there is a moment by which so many jobs are probable enough for the time that it
    is expected to wait for them until then.
    """
    most = accumulate(totals, _larger)
    ranked = [sorted(reached) for reached in most]

    def is_in_vain(jobs: int) -> bool:
        waited, before = 0.0, 1.0
        for boots, reached in zip(INTERVALS, ranked, strict=True):
            absent = bisect_left(reached, jobs) / PACES
            waited += boots * (before + absent) / 2
            if KEEP_WORTH * (1 - absent) >= waited:
                return False
            before = absent
        return True

    return here + bisect_left(range(here + 1, ranked[-1][-1] + 1), True, key=is_in_vain)  # noqa: FBT003


def _larger(one: Sequence[int], other: Sequence[int]) -> Sequence[int]:
    # Quicker than max, which is most of the work.
    return [mine if mine > its else its for mine, its in zip(one, other, strict=True)]  # noqa: FURB136


@lru_cache(maxsize=256)
def _masks(step: int, offset: int) -> tuple[list[int], list[int]]:
    """Return a one in each of the first so many courses and nothing in the others, and the other way round."""
    in_disorder = [(offset + number * step) % PACES for number in range(PACES)]
    ones = [1 << 8 * _BYTES * number for number in sorted(range(PACES), key=in_disorder.__getitem__)]
    first = list(accumulate(ones, initial=0))
    return first, [first[-1] - some for some in first]


def _numbers(together: int) -> array[int]:
    """Return the numbers that stand side by side."""
    return array("I", together.to_bytes(_BYTES * PACES, sys.byteorder))
