"""Curves of mean wait against instance-hours, one for each policy over its knobs, and who lies below whom."""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.simulator import compare
from tools.simulator.policies.registry import Spec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tools.simulator.setup import Setup
    from tools.simulator.workload import Workload

_IDLE = (60, 150, 300, 600, 1200)
_BUFFERS = (0, 1, 2, 5, 10, 20)


@dataclass(frozen=True)
class Point:
    """A policy with one setting, on one workload."""

    label: str
    mean_wait: float
    instance_hours: float
    share_over_5: float
    launches: int
    killed: int


@dataclass(frozen=True)
class Curve:
    """A policy's points in the order of its knob."""

    name: str
    points: tuple[Point, ...]


def over(policy: str, knob: str, values: Iterable[float], **fixed: float | str) -> tuple[Spec, ...]:
    """Return a policy with one parameter at several values."""
    return tuple(Spec(policy, (*fixed.items(), (knob, value))) for value in values)


CURVES: Mapping[str, tuple[Spec, ...]] = {
    "this project, idle time": over("product", "idle", (0, *_IDLE)),
    "this project, idle_buffer": over("product", "buffer", _BUFFERS, idle=150),
    "this project, look-ahead": over("product", "idle", _IDLE, look_ahead="pipeline"),
    "reactive ideal": over("reactive", "idle", _IDLE),
    "oracle": over("oracle", "idle", (0, *_IDLE)),
    "cmdlabs": over("cmdlabs", "minutes", (5, 15, 30)),
    "aws-samples": over("aws-samples", "spare", (2, 10, 20)),
    "buildkite": over("buildkite", "idle", _IDLE),
    "github-aws-runners": over("github-aws-runners", "interval", (60, 300, 600)),
    "actions-runner-controller": over("actions-runner-controller", "runners", _BUFFERS),
    "docker-machine": over("docker-machine", "count", (0, 5, 20), idle=600),
    "taskscaler-like": over("taskscaler-like", "count", _BUFFERS, idle=600),
    "taskcluster": over("taskcluster", "idle", _IDLE),
}
OURS = "this project"
REFERENCES = frozenset({"reactive ideal", "oracle"})


def measure(
    workload: Workload,
    setup: Setup,
    curves: Mapping[str, Sequence[Spec]] = CURVES,
    tell: Callable[[str], None] = lambda _: None,
) -> list[Curve]:
    """Simulate every point of every curve.

    Args:
        workload: the jobs.
        setup: the world.
        curves: policies with their settings, by the curve's name.
        tell: hears of each curve before it is simulated.
    """
    measured = []
    for name, specs in curves.items():
        tell(name)
        measured.append(Curve(name, tuple(_point(spec, workload, setup) for spec in specs)))
    return measured


@functools.lru_cache(maxsize=1024)
def _point(spec: Spec, workload: Workload, setup: Setup) -> Point:
    result = compare.run(spec, workload, setup)
    return Point(
        label=spec.label,
        mean_wait=result.mean_wait,
        instance_hours=result.instance_hours,
        share_over_5=result.share_over(5),
        launches=result.launches,
        killed=result.killed,
    )


def lower_left(points: Iterable[Point]) -> list[Point]:
    """Return the points that no other beats in both, by rising instance-hours."""
    kept: list[Point] = []
    for point in sorted(points, key=lambda point: (point.instance_hours, point.mean_wait)):
        if not kept or point.mean_wait < kept[-1].mean_wait:
            kept.append(point)
    return kept


def convex(points: Iterable[Point]) -> list[Point]:
    """Return the lower-left points that are not above the line between two others.

    A fleet that changes between two settings has what lies on their line.
    """
    kept: list[Point] = []
    for point in lower_left(points):
        while len(kept) > 1 and _is_above(kept[-1], kept[-2], point):
            kept.pop()
        kept.append(point)
    return kept


def _is_above(middle: Point, left: Point, right: Point) -> bool:
    fall = (left.mean_wait - middle.mean_wait) * (right.instance_hours - left.instance_hours)
    return fall <= (left.mean_wait - right.mean_wait) * (middle.instance_hours - left.instance_hours)


def excess(point: Point, frontier: Sequence[Point]) -> float:
    """Return by which share a point would have to grow, in both figures, until the frontier reaches it.

    0 or less: the frontier reaches it already. Between two points of the frontier it is the line that joins them,
    because the knobs take values in between.
    """
    low, high = -1.0, 1.0
    if not _is_reached(point, frontier, high):
        return high
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if _is_reached(point, frontier, middle) else (middle, high)
    return high


def _is_reached(point: Point, frontier: Sequence[Point], share: float) -> bool:
    wait = wait_at(frontier, point.instance_hours * (1 + share))
    return wait is not None and wait <= point.mean_wait * (1 + share)


def wait_at(frontier: Sequence[Point], instance_hours: float) -> float | None:
    """Return the mean wait that the frontier has for so many instance-hours; None = it costs more than that."""
    return _on_line([(point.instance_hours, point.mean_wait) for point in frontier], instance_hours)


def launches_at(frontier: Sequence[Point], instance_hours: float) -> float | None:
    """Return how often the frontier launches for so many instance-hours; None = it costs more than that."""
    return _on_line([(point.instance_hours, point.launches) for point in frontier], instance_hours)


def hours_at(frontier: Sequence[Point], mean_wait: float) -> float | None:
    """Return the instance-hours that the frontier takes for a mean wait; None = it waits longer at any price."""
    return _on_line([(point.mean_wait, point.instance_hours) for point in reversed(frontier)], mean_wait)


def _on_line(points: Sequence[tuple[float, float]], at: float) -> float | None:
    """Return the height of the line through points, which stays level after the last; None = before the first."""
    if not points or at < points[0][0]:
        return None
    for (x, y), (next_x, next_y) in itertools.pairwise(points):
        if at < next_x:
            return y + (at - x) / (next_x - x) * (next_y - y)
    return points[-1][1]


def rows(curves: Iterable[Curve]) -> list[list[str]]:
    """Return headings, and a row for each point."""
    head = ["policy", "mean wait s", "over 5 s %", "instance h", "launches", "killed"]
    points = [point for curve in curves for point in curve.points]
    return [
        head,
        *(
            [
                point.label,
                f"{point.mean_wait:.1f}",
                f"{100 * point.share_over_5:.1f}",
                f"{point.instance_hours:.1f}",
                f"{point.launches}",
                f"{point.killed}",
            ]
            for point in points
        ),
    ]
