"""Part `cancelled`: what removing booting instances would save when people cancel pipelines."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tools.bench.figure import Figure
from tools.bench.simulated.tasks import Task
from tools.bench.simulated.workloads import load
from tools.simulator import frontier
from tools.simulator.generator import Options
from tools.simulator.setup import Setup

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tools.bench.simulated.workloads import Selection
    from tools.simulator.frontier import Point

SHARES = (0.05, 0.2)
# Pipelines a day, and for how many days.
_BUSY, _QUIET = (150.0, 0.8), (12.0, 8.0)
_IDLE = (150, 300, 600, 1800)
_CURVE = (0, 60, 100, *_IDLE, 1000)
_SETUP = Setup(least_paid_seconds=60)
KINDS: Mapping[str, Mapping[str, float]] = {
    "all that boot beyond the need": {},
    "younger than a minute": {"younger": 60},
    "as many as jobs were cancelled": {"known": 1},
}
LEAST, MOST = "least", "most"


def tasks(selection: Selection) -> list[Task]:
    """Compare on busy and on quiet fleets that cancel some or many pipelines, with and without look-ahead."""
    return [
        Task(
            f"cancelled: {100 * share:g} % of {rate:g} pipelines a day, look-ahead {look_ahead}",
            partial(removal, Options(pipelines_per_day=rate, days=days, cancelled=share, seed=seed), look_ahead),
        )
        for seed in (options.seed for options in selection.generated)
        for look_ahead in ("off", "pipeline")
        for rate, days in (_BUSY, _QUIET)
        for share in SHARES
    ]


def removal(options: Options, look_ahead: str) -> list[Figure]:
    """Compare removals with the same plan without any: instance-hours at equal mean wait, and launches."""
    workload = load(options)
    specs = {"kept": frontier.over("product", "idle", _CURVE, look_ahead=look_ahead)}
    specs |= {
        kind: frontier.over("cancelling", "idle", _IDLE, look_ahead=look_ahead, **how) for kind, how in KINDS.items()
    }
    kept, *removed = frontier.measure(workload, _SETUP, specs)
    same = dict(zip(_CURVE, kept.points, strict=True))
    figures = []
    for curve in removed:
        hours = [_more_hours(point, frontier.lower_left(kept.points)) for point in curve.points]
        launches = max(point.launches / same[idle].launches for idle, point in zip(_IDLE, curve.points, strict=True))
        name = f"removed, {curve.name}, look-ahead {look_ahead}:"
        figures += [
            Figure(f"{name} hours at equal wait, {LEAST}", min(hours), "%"),
            Figure(f"{name} hours at equal wait, {MOST}", max(hours), "%"),
            Figure(f"{name} launches, {MOST}", 100 * (launches - 1), "%"),
        ]
    return figures


def _more_hours(point: Point, kept: list[Point]) -> float:
    """Return how many instance-hours more than those that are kept a point costs, in percent."""
    return 100 * (point.instance_hours / (frontier.hours_at(kept, point.mean_wait) or float("nan")) - 1)


def over_all(figures: Iterable[Figure]) -> list[Figure]:
    """Return the least and the most of all workloads."""
    of_name: dict[str, list[Figure]] = {}
    for figure in figures:
        of_name.setdefault(figure.name, []).append(figure)
    return [
        (min if name.endswith(LEAST) else max)(same, key=lambda figure: figure.value) for name, same in of_name.items()
    ]
