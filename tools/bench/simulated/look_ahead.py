"""Part `look-ahead`: what looking ahead gains, at the same idle time and at equal instance-hours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.bench.figure import Figure
from tools.bench.simulated.workloads import Source, load, name_of
from tools.bench.simulated.world import CURVE, IDLE, over_worlds, world
from tools.simulator import frontier
from tools.simulator.setup import Boot, Setup

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tools.bench.simulated.tasks import Task
    from tools.bench.simulated.workloads import Selection
    from tools.simulator.frontier import Point
    from tools.simulator.workload import Workload

_SHORT_BOOT = 100.0
_WAIT_PERCENT, _WAIT_PERCENT_SHORT_BOOT = 50.0, 60.0
_LAUNCHES = 1.4


def tasks(selection: Selection) -> list[Task]:
    """Compare on generated pipelines, for every boot time and number of slots."""
    return over_worlds("look-ahead", selection.generated, gain)


@dataclass(frozen=True)
class Ratios:
    """Look-ahead to none, for one idle time: 1 = the same; NaN = none costs more at any idle time."""

    idle: int
    wait: float
    launches: float
    launches_same_idle: float
    hours_same_idle: float
    killed: int


def ratios(workload: Workload, setup: Setup, idles: Iterable[int]) -> list[Ratios]:
    """Compare look-ahead with none: at equal instance-hours, by the line through none's points, and at the same idle.

    Every idle time must be one of `CURVE`.
    """
    [without] = frontier.measure(workload, setup, {"off": frontier.over("product", "idle", CURVE)})
    [ahead] = frontier.measure(workload, setup, {"on": frontier.over("product", "idle", idles, look_ahead="pipeline")})
    same = dict(zip(CURVE, without.points, strict=True))
    line = frontier.lower_left(without.points)
    return [_ratio(idle, point, same[idle], line) for idle, point in zip(idles, ahead.points, strict=True)]


def _ratio(idle: int, point: Point, same: Point, line: list[Point]) -> Ratios:
    nothing = float("nan")
    return Ratios(
        idle,
        wait=point.mean_wait / (frontier.wait_at(line, point.instance_hours) or nothing),
        launches=point.launches / (frontier.launches_at(line, point.instance_hours) or nothing),
        launches_same_idle=point.launches / same.launches,
        hours_same_idle=point.instance_hours / same.instance_hours,
        killed=point.killed,
    )


def gain(source: Source, slots: int, boot: float) -> list[Figure]:
    """Measure waits, launches and instance-hours."""
    measured = ratios(load(source), Setup(slots=slots, boot=Boot(boot)), IDLE)
    name = f"{name_of(source)}, {world(slots, boot)}: look-ahead,"
    bar = _WAIT_PERCENT_SHORT_BOOT if boot < _SHORT_BOOT else _WAIT_PERCENT
    waits = [
        Figure(f"{name} idle {one.idle} s: mean wait at equal hours", 100 * one.wait, "% of off", bar)
        for one in measured
    ]
    equal, same = (max(one.launches for one in measured), max(one.launches_same_idle for one in measured))
    more = 100 * (max(one.hours_same_idle for one in measured) - 1)
    return [
        *waits,
        Figure(f"{name} launches at equal hours, most", equal, "times", _LAUNCHES),
        Figure(f"{name} launches at the same idle time, most", same, "times", _LAUNCHES),
        Figure(f"{name} instance-hours more at the same idle time, most", more, "%"),
        Figure(f"{name} jobs killed", sum(one.killed for one in measured), "jobs", 0),
    ]
