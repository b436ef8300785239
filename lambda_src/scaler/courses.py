"""Tell which courses one pipeline may take in the time to come: how many of its jobs have started and ended when. Pure.

What comes when is a matter of chance, so a pipeline is looked at in `PACES` equally likely courses, from the fastest to
the slowest: in the course `u`, a job has started at a time if it will have started by then with a probability above
`u`. One course holds together in itself: when the jobs of a stage have started, those before them have ended.

So at each moment a job is one number: in how many courses, from the fastest on, it has started or ended.
A scaler with little processor time looks at hundreds of pipelines, so nothing is computed of what starts in none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby, zip_longest
from operator import attrgetter, mul, sub
from typing import TYPE_CHECKING, NamedTuple

from scaler.pipelines import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scaler.expectations import Expectations, Expected
    from scaler.pipelines import Pipeline, PipelineJob

# A prime, so that every step through the courses visits all of them.
PACES = 61
# So many boot times ahead is looked for what instances are worth keeping for.
KEEP_BOOTS = 6
# When so few jobs like this one take as long as it has run already, then what is expected says nothing about it.
REFUTED = 0.005
# Moments at which probabilities are computed: so many evenly spread over one boot time, and as many over `KEEP_BOOTS`;
# in boot times from now, and from each to the next.
POINTS = 4
SOON, LATER = slice(POINTS), slice(POINTS, 2 * POINTS)
MOMENTS = [horizon * (point + 1) / POINTS for horizon in (1, KEEP_BOOTS) for point in range(POINTS)]
INTERVALS = list(map(sub, MOMENTS, [0.0, *MOMENTS]))
_ROOT_2 = math.sqrt(2)
_LEAST = 1e-9
_LEAST_SPREAD = 0.05
# What is less probable happens in none of the courses.
_RARE = 1 / 2 / PACES
_by_stage = attrgetter("stage")

# The probability that something has happened by each moment.
_Curve = list[float]
_ALWAYS: _Curve = [1.0] * 2 * POINTS
_NEVER: _Curve = [0.0] * 2 * POINTS
_NOWHERE = [0] * 2 * POINTS
_IN_PACES = float(PACES).__mul__


class Stage(NamedTuple):
    """The jobs of a stage that have not ended.

    Attributes:
        under_way: those that run or wait for an instance.
        waiting: those to come that wait for the stages before.
        needing: those to come that name what they need.
        ours: how many of those that wait the fleet will start by itself.
        is_last: whether no job waits for this stage.
    """

    under_way: Sequence[PipelineJob]
    waiting: Sequence[PipelineJob]
    needing: Sequence[PipelineJob]
    ours: int
    is_last: bool


class Order(NamedTuple):
    """The order in which the jobs of a pipeline come.

    Attributes:
        stages: its stages.
        needed: the names that jobs name as their needs.
    """

    stages: Sequence[Stage]
    needed: frozenset[int]


class Courses(NamedTuple):
    """What becomes of the jobs of the fleet.

    Attributes:
        ended: for each moment, in how many courses each job that is under way has ended.
        started: for each moment, in how many courses each job that is to come has started.
    """

    ended: Sequence[Sequence[int]]
    started: Sequence[Sequence[int]]


def order(jobs: Pipeline) -> Order:
    """Return the order of a pipeline's jobs, which holds until one of them changes."""
    last = max((job.stage for job in jobs if job.needs is None and job.status is Status.CREATED), default=-math.inf)
    stages = []
    for number, grouped in groupby(sorted(jobs, key=_by_stage), _by_stage):
        stage = tuple(grouped)
        to_come = [job for job in stage if job.status is Status.CREATED]
        waiting = [job for job in to_come if job.needs is None]
        stages.append(
            Stage(
                under_way=[job for job in stage if job.status is not Status.CREATED],
                waiting=waiting,
                needing=[job for job in to_come if job.needs is not None],
                ours=sum(job.is_ours and job.is_automatic for job in waiting),
                is_last=number >= last,
            )
        )
    return Order(stages, frozenset(name for job in jobs for name in job.needs or ()))


def courses(pipeline: Order, expected: Expectations, now: float, boot_seconds: float) -> Courses:
    """Return the courses of a pipeline at the moments `SOON` and `LATER`.

    Args:
        pipeline: the jobs that have not ended, in their order.
        expected: how long jobs take, by name.
        now: epoch seconds.
        boot_seconds: how long a job that is pending may have to wait for its instance.
    """
    look = _Look(pipeline.needed, expected, now, boot_seconds)
    look.follow(pipeline.stages)
    return Courses(_by_moment(look.ended), _most(look.started))


@dataclass
class _Look:
    """A look at one pipeline."""

    needed: frozenset[int]
    expected: Expectations
    now: float
    boot_seconds: float
    ended: list[list[int]] = field(default_factory=list)
    started: list[list[list[int]]] = field(default_factory=list)
    # Of each name that jobs need: when its last job starts, and with which probability all of them have ended by then
    # if they have started. Put together as they come, because hundreds may need hundreds.
    curves: dict[int, tuple[_Curve, _Curve]] = field(default_factory=dict)

    def follow(self, stages: Iterable[Stage]) -> None:
        """Go through the stages, each of which opens the gate to the next one."""
        gate = _ALWAYS
        for stage in stages:
            following = _NEVER if stage.is_last else gate
            for job in stage.under_way:
                following = self._under_way(job, following)
            self.started.append([])
            if gate is not _NEVER or self.needed:
                following = self._waiting(stage, gate, following)
            for job in stage.needing:
                following = self._needing(job, following)
            gate = following

    def _under_way(self, job: PipelineJob, following: _Curve) -> _Curve:
        """Note what becomes of a job under way, and return the gate that waits for it."""
        end = self._end(job)
        if job.name in self.needed:
            self._add_curve(job.name, _ALWAYS, end)
        if job.is_ours:
            self.ended.append(_places(end))
        return following if job.is_optional else _after(following, end)

    def _waiting(self, stage: Stage, gate: _Curve, following: _Curve) -> _Curve:
        """Note what becomes of the jobs at a gate, and return the gate that waits for them."""
        # They cannot end before they have an instance, so that short ones are not gone before anybody is there.
        self.started[-1] += [_places(gate)] * stage.ours
        for job in stage.waiting:
            if following is _NEVER and not self.needed:
                break
            following = self._to_come(job, gate if job.is_automatic else _NEVER, following)
        return following

    def _needing(self, job: PipelineJob, following: _Curve) -> _Curve:
        """Note what becomes of a job that names what it needs, and return the gate that waits for it."""
        start = self._start(job)
        if job.is_ours and start is not _NEVER:
            self.started[-1].append(_places(start))
        return self._to_come(job, start, following)

    def _to_come(self, job: PipelineJob, start: _Curve, following: _Curve) -> _Curve:
        is_needed = job.name in self.needed
        is_waited_for = not (job.is_optional or following is _NEVER)
        ended = self._ended(job.name, start) if is_needed or is_waited_for else _NEVER
        if is_needed:
            self._add_curve(job.name, start, ended)
        return _after(following, ended) if is_waited_for else following

    def _add_curve(self, name: int, start: _Curve, ended: _Curve) -> None:
        last, ends = self.curves.get(name, (_ALWAYS, _ALWAYS))
        self.curves[name] = _last(last, start), _after(ends, ended)

    def _start(self, job: PipelineJob) -> _Curve:
        if not job.is_automatic:
            return _NEVER
        # A job that it needs and that is no longer there has ended.
        needed = [self.curves[name] for name in job.needs or () if name in self.curves]
        earliest = _ALWAYS
        for start, _ in needed:
            earliest = _last(earliest, start)
        for _, ended in needed:
            earliest = _after(earliest, ended)
        return earliest

    def _end(self, job: PipelineJob) -> _Curve:
        """Return when a job ends that is under way."""
        known = self.expected.of(job.name)
        if known is None:
            return _NEVER
        age = max(0.0, self.now - job.since)
        moments = _moments(self.boot_seconds)
        if job.status is Status.RUNNING:
            return _ends(known, age, moments)
        # It waits for an instance that boots.
        waits = max(0.0, self.boot_seconds - age)
        return _ends(known, 0.0, [max(_LEAST, moment - waits) for moment in moments])

    def _ended(self, name: int, start: _Curve) -> _Curve:
        """Return with which probability a job that is to come has ended if it has started."""
        known = None if start is _NEVER else self.expected.of(name)
        if known is None:
            return _NEVER
        lags = _lags(known, self.boot_seconds)
        end = (*_ends_after(start[SOON], lags[SOON]), *_ends_after(start[LATER], lags[LATER]))
        return [ended / started if started > _LEAST else 0.0 for started, ended in zip(start, end, strict=True)]


@lru_cache(maxsize=16)
def _moments(boot_seconds: float) -> _Curve:
    """Return the seconds from now to each moment."""
    return [boots * boot_seconds for boots in MOMENTS]


@lru_cache(maxsize=4096)
def _lags(known: Expected, boot_seconds: float) -> _Curve:
    """Return the probability that a job ends within the time to each moment; it starts half an interval later."""
    moments = _moments(boot_seconds)
    halves = [moments[part][0] / 2 for part in (SOON, LATER) for _ in range(POINTS)]
    return _ends(known, 0.0, [moment - half for moment, half in zip(moments, halves, strict=True)])


def _ends_after(start: _Curve, lags: _Curve) -> _Curve:
    """Return when a job ends of which only is known with which probability it starts when."""
    if start[-1] < _RARE or lags[-1] < _RARE:
        return _NEVER[:POINTS]
    steps = [start[0], *map(sub, start[1:], start)]
    return [sum(map(mul, steps, lags[point::-1])) for point in range(POINTS)]


def _after(gate: _Curve, ended: _Curve) -> _Curve:
    """Return a gate that waits for one job more."""
    if gate is _NEVER or ended is _NEVER:
        return _NEVER
    after = list(map(mul, gate, ended))
    return after if max(after) >= _RARE else _NEVER


def _last(one: _Curve, other: _Curve) -> _Curve:
    """Return when the later one of two happens."""
    return one if other is _ALWAYS else list(map(min, one, other))


def _ends(known: Expected, ran: float, seconds: Iterable[float]) -> _Curve:
    """Return the probability that a job that has run so long ends within each of the next seconds."""
    log, erfc, mean = math.log, math.erfc, known.log_mean
    width = max(known.log_spread, _LEAST_SPREAD) * _ROOT_2
    outlasted = erfc((log(ran) - mean) / width) / 2 if ran > 0 else 1.0
    if outlasted < REFUTED:
        return _NEVER
    ends = [1 - erfc((log(ran + more) - mean) / width) / 2 / outlasted for more in seconds]
    return ends if ends[-1] >= _RARE else _NEVER


def _places(curve: _Curve) -> list[int]:
    return _NOWHERE if curve is _NEVER else list(map(round, map(_IN_PACES, curve)))


def _by_moment(rows: Iterable[Sequence[int]]) -> Sequence[Sequence[int]]:
    return tuple(zip(*rows, strict=True)) or ((),) * len(_NEVER)


def _most(stages: Iterable[Sequence[Sequence[int]]]) -> Sequence[Sequence[int]]:
    """Put stages together: they follow each other, so the largest that has started is what capacity is for."""
    columns = [_by_moment(stage) for stage in stages if stage] or [_by_moment(())]
    return [_largest([stage for stage in moment if any(stage)]) for moment in zip(*columns, strict=True)]


def _largest(stages: Sequence[Sequence[int]]) -> Sequence[int]:
    if len(stages) <= 1:
        return stages[0] if stages else ()
    ranked = zip_longest(*(sorted(stage, reverse=True) for stage in stages), fillvalue=0)
    return [max(started) for started in ranked]
