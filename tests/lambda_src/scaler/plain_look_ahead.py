"""Scaler.look_ahead and scaler.courses in plain words, one number for each course: what the quick ones must equal.

A pipeline's later jobs exist before they are pending, and how long the jobs before them take has been learnt. What
comes when is a matter of chance, so each pipeline is looked at in `PACES` equally likely courses, from the fastest to
the slowest: in the course `u`, a job has started at a time if it will have started by then with a probability above
`u`. One course holds together in itself: when the jobs of a stage have started, those before them have ended. The
courses of different pipelines are then put together in a fixed disorder, because pipelines do not wait for each other.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import accumulate, groupby
from typing import TYPE_CHECKING

from scaler.courses import KEEP_BOOTS, PACES, REFUTED
from scaler.look_ahead import KEEP_WORTH, Upcoming, launch_risk
from scaler.pipelines import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from scaler.expectations import Expectations, Expected
    from scaler.pipelines import Pipeline, PipelineJob

# Points in time at which probabilities are computed, evenly spread over the horizon.
_POINTS = 4
_ROOT_2 = math.sqrt(2)
_LEAST = 1e-9
_LEAST_SPREAD = 0.05

# The probability that something has happened by each point in time.
_Curve = list[float]


def upcoming(pipelines: Iterable[Pipeline], expected: Expectations, now: float, boot_seconds: float) -> Upcoming:
    """Foresee the jobs of the fleet.

    Args:
        pipelines: the jobs that have not ended of each pipeline.
        expected: how long jobs take, by name.
        now: epoch seconds.
        boot_seconds: from asking for an instance until it takes jobs.
    """
    listed = tuple(pipelines)
    here = sum(job.is_ours and job.status is not Status.CREATED for jobs in listed for job in jobs)
    totals: list[list[int]] = []
    times: list[float] = []
    for horizon in (boot_seconds, KEEP_BOOTS * boot_seconds):
        totals += combine([courses(jobs, expected, now, boot_seconds, horizon) for jobs in listed])
        times += [horizon * (point + 1) / _POINTS for point in range(_POINTS)]
    soon = max(sorted(total)[int((1 - launch_risk(boot_seconds)) * PACES)] for total in totals[:_POINTS])
    later = here
    while is_worth_keeping(later + 1, totals, times, boot_seconds):
        later += 1
    return Upcoming(max(0, soon - here), max(0, soon - here, later - here))


def courses(
    jobs: Pipeline, expected: Expectations, now: float, boot_seconds: float, horizon_seconds: float
) -> list[int]:
    """Return how many jobs of a pipeline the fleet has at points in time up to the horizon, for `combine`.

    At each point there is a number for each course, from the fastest to the slowest.

    Args:
        jobs: the jobs of the pipeline that have not ended.
        expected: how long jobs take, by name.
        now: epoch seconds.
        boot_seconds: how long a job that is pending may have to wait for its instance.
        horizon_seconds: how far to look.
    """
    look = _Look(expected, now, boot_seconds, horizon_seconds)
    # The jobs to come of each stage, and those under way as if they were one.
    stages: defaultdict[int | None, _Changes] = defaultdict(_Changes)
    for job, start, end in look.lives(jobs):
        if job.status is Status.CREATED:
            # It cannot end before it has an instance, so that short ones are not gone before anybody is there.
            stages[job.stage].add(start, [0.0] * _POINTS)
        else:
            stages[None].add(start, end)
    under_way = stages.pop(None, _Changes()).numbers()
    # Stages follow each other: the largest that has started by then is what capacity is for.
    to_come = map(max, zip(*(changes.numbers() for changes in stages.values()), strict=True))
    return [here + later for here, later in zip(under_way, to_come, strict=True)] if stages else under_way


def combine(all_courses: Iterable[Sequence[int]]) -> list[list[int]]:
    """Return how many jobs all pipelines together have in each course, point after point."""
    totals = [[0] * PACES for _ in range(_POINTS)]
    for index, numbers in enumerate(all_courses):
        step, offset = 1 + index * 17 % (PACES - 1), index * 29 % PACES
        places = [(offset + course * step) % PACES for course in range(PACES)]
        for point, total in enumerate(totals):
            first = point * PACES
            for course, place in enumerate(places):
                total[course] += numbers[first + place]
    return totals


def is_worth_keeping(jobs: int, totals: Sequence[Sequence[int]], times: Sequence[float], boot_seconds: float) -> bool:
    """Return whether an instance is kept for the last one of so many jobs.

    Args:
        jobs: how many.
        totals: how many there are at each point in time, in each course.
        times: the points in time, in seconds from now.
        boot_seconds: what is saved by an instance that is there.
    """
    reached = [
        [max(total[course] for total in totals[: at + 1]) >= jobs for course in range(PACES)]
        for at in range(len(totals))
    ]
    shares = [0.0, *(sum(courses) / PACES for courses in reached)]
    waited = 0.0
    for at, seconds in enumerate(times):
        # Between two points it is half as before and half as after.
        absent = 1 - (shares[at] + shares[at + 1]) / 2
        waited += (seconds - (times[at - 1] if at else 0.0)) * absent
        if KEEP_WORTH * boot_seconds * shares[at + 1] >= waited:
            return True
    return False


class _Changes:
    """How the number of jobs changes from each course to the next slower one, at each point in time."""

    def __init__(self) -> None:
        self._points = [[0] * (PACES + 1) for _ in range(_POINTS)]

    def add(self, start: _Curve, end: _Curve) -> None:
        """Count a job in the courses in which it has started and not ended."""
        for changes, by_start, by_end in zip(self._points, start, end, strict=True):
            changes[round(by_end * PACES)] += 1
            changes[round(by_start * PACES)] -= 1

    def numbers(self) -> list[int]:
        """Return the number of jobs of each course, point after point."""
        return [number for changes in self._points for number in accumulate(changes[:PACES])]


@dataclass
class _Look:
    """A look at one pipeline."""

    expected: Expectations
    now: float
    boot_seconds: float
    horizon: float
    starts: dict[int, list[tuple[_Curve, _Curve]]] = field(default_factory=dict)
    lags: dict[int, _Curve] = field(default_factory=dict)

    def lives(self, jobs: Pipeline) -> Iterator[tuple[PipelineJob, _Curve, _Curve]]:
        """Yield each of the fleet's jobs and the probabilities that it has started, and has ended."""
        gate = [1.0] * _POINTS
        ordered = sorted(jobs, key=lambda job: (job.stage, job.needs is not None))
        for _, stage in groupby(ordered, key=lambda job: job.stage):
            following = gate
            for job in stage:
                start = self._start(job, gate)
                end = self._end(job, start)
                self.starts.setdefault(job.name, []).append((start, end))
                if job.is_ours:
                    yield job, start, end
                if not job.is_optional:
                    following = _after(following, start, end)
            gate = following

    def _start(self, job: PipelineJob, gate: _Curve) -> _Curve:
        if job.status is not Status.CREATED:
            return [1.0] * _POINTS
        if not job.is_automatic:
            return [0.0] * _POINTS
        if job.needs is None:
            return gate
        # A job that it needs and that is no longer there has ended.
        needed = [curves for name in job.needs for curves in self.starts.get(name, ())]
        earliest = [min(points) for points in zip([1.0] * _POINTS, *(start for start, _ in needed), strict=True)]
        for start, end in needed:
            earliest = _after(earliest, start, end)
        return earliest

    def _end(self, job: PipelineJob, start: _Curve) -> _Curve:
        known = self.expected.of(job.name)
        if known is None or start[-1] * PACES < 1 / 2:
            return [0.0] * _POINTS
        if job.status is Status.CREATED:
            return self._end_later(job.name, known, start)
        age = max(0.0, self.now - job.since)
        # One that is pending waits for an instance that boots.
        ran, waits = (age, 0.0) if job.status is Status.RUNNING else (0.0, max(0.0, self.boot_seconds - age))
        return [_ends(known, ran, self._time(point) - waits) for point in range(_POINTS)]

    def _end_later(self, name: int, known: Expected, start: _Curve) -> _Curve:
        """Return when a job ends of which only is known with which probability it starts when."""
        if name not in self.lags:
            # It starts half an interval before the point, on average.
            half = self.horizon / _POINTS / 2
            self.lags[name] = [_ends(known, 0.0, self._time(point) - half) for point in range(_POINTS)]
        lags = self.lags[name]
        steps = [by_then - before for by_then, before in zip(start, (0.0, *start), strict=False)]
        return [sum(steps[at] * lags[point - at] for at in range(point + 1)) for point in range(_POINTS)]

    def _time(self, point: int) -> float:
        return self.horizon * (point + 1) / _POINTS


def _after(gate: _Curve, start: _Curve, end: _Curve) -> _Curve:
    """Return a gate that waits for one job more, by the probability that the job ends if it starts."""
    waits = zip(gate, start, end, strict=True)
    return [through * min(1.0, ended / max(started, _LEAST)) for through, started, ended in waits]


def _ends(known: Expected, ran: float, seconds: float) -> float:
    """Return the probability that a job that has run so long ends within the next seconds."""
    if seconds <= 0:
        return 0.0
    spread = max(known.log_spread, _LEAST_SPREAD)
    outlasted = _outlasts(known.log_mean, spread, ran)
    if outlasted < REFUTED:
        return 0.0
    return 1 - _outlasts(known.log_mean, spread, ran + seconds) / outlasted


def _outlasts(log_mean: float, log_spread: float, seconds: float) -> float:
    """Return the probability that a job takes longer."""
    if seconds <= 0:
        return 1.0
    return math.erfc((math.log(seconds) - log_mean) / (log_spread * _ROOT_2)) / 2
