"""Foresee how many jobs will run or wait at once, from pipelines under way. Pure.

A pipeline's later jobs exist before they are pending, and how long the jobs before them take has been learnt. Which
courses each pipeline may take is told by `scaler.courses`. The courses of different pipelines are put together in a
fixed disorder, because pipelines do not wait for each other.
"""

from __future__ import annotations

import sys
from array import array
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING

from scaler.courses import LATER, PACES, SOON, courses, order
from scaler.expectations import Expectations
from scaler.pipelines import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scaler.courses import Courses
    from scaler.history import History
    from scaler.pipelines import Pipeline

# Capacity is started for as many jobs as only this share of the courses exceeds. Waiting for an instance that boots
# costs people more than an instance that waits for a job: docs/scaling.md has the measurements.
LAUNCH_RISK = 0.14
KEEP_RISK = 0.05
# Bytes of a number in the array type "I".
_BYTES = array("I").itemsize


@dataclass(frozen=True)
class Upcoming:
    """Jobs that are expected at once, beyond those that run or wait now.

    Attributes:
        soon: within one boot time: what is to be started for.
        later: a little later, `soon` included: what instances are kept for.
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
    return combine(placed, sum(map(under_way, listed)))


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


def combine(placed: Iterable[Sequence[int]], here: int) -> Upcoming:
    """Return what all pipelines together exceed in no more than the accepted share of their courses.

    It is that of the moment at which they have most.

    Args:
        placed: the numbers of each pipeline's jobs.
        here: how many jobs run or wait now.
    """
    totals = [sorted(_numbers(sum(moment))) for moment in zip(*placed, strict=True)]
    soon = max((total[int((1 - LAUNCH_RISK) * PACES)] for total in totals[SOON]), default=0)
    later = max((total[int((1 - KEEP_RISK) * PACES)] for total in totals[LATER]), default=0)
    return Upcoming(max(0, soon - here), max(0, soon - here, later - here))


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
