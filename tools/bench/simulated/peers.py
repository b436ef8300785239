"""Part `peers`: whether a rule of others lies below this project's frontier."""

from __future__ import annotations

import itertools
import statistics
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tools.bench.figure import Figure
from tools.bench.simulated.workloads import Source, load, name_of
from tools.bench.simulated.world import AT_ONCE, over_worlds, setups, world
from tools.simulator import frontier
from tools.simulator.policies.registry import Spec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tools.bench.simulated.tasks import Task
    from tools.bench.simulated.workloads import Selection
    from tools.simulator.frontier import Point
    from tools.simulator.setup import Setup
    from tools.simulator.workload import Workload

_BELOW_PERCENT = 1.0
# Settings as (idle, buffer).
_COARSE = (
    *itertools.product((0, 30, 60, 150, 300, 600, 1200), (0,)),
    *itertools.product((60, 300, 600), (2, 5, 10, 20)),
)
_AHEAD = ((60, 0), (150, 0), (600, 0), (1200, 0))
_FINE = (
    # Some rules keep a number of idle runners and remove all others at once.
    ((0, 1), (0, 2), (0, 3), (0, 5)),
    # First those with the idle time that most of the others have.
    *(tuple(itertools.product((idle,), (0, 1, 3, 8, 15, 30, 40))) for idle in (600, 100, 300, 10, 30, 900, 1800)),
)
# A rule that never sees what waits costs little because jobs queue; a small `asg.max_size` has the same effect.
_MAXIMA = (20, 40, 80)
_THEIRS = {
    name: specs
    for name, specs in frontier.CURVES.items()
    if not name.startswith(frontier.OURS) and name not in frontier.REFERENCES
}


def tasks(selection: Selection) -> list[Task]:
    """Compare on every workload, for every boot time and number of slots."""
    return over_worlds("peers", selection.all, closest)


def closest(source: Source, slots: int, boot: float) -> list[Figure]:
    """Find the rule of others that comes closest to our frontier, or lies below it."""
    workload = load(source)
    draws = setups(workload, slots, boot)
    theirs = points(workload, draws, itertools.chain.from_iterable(_THEIRS.values()))
    ours = ours_over(workload, draws, _COARSE)
    if not isinstance(source, Path):
        # A trace's jobs belong to no pipelines, so there is nothing to look ahead to.
        ours += ours_over(workload, draws, _AHEAD, look_ahead="pipeline")
    rival, below = _closest(theirs, ours)
    # The frontier is of all settings; more of them are only tried until it shows.
    capped = [([replace(draw, maximum=most) for draw in draws], ((0, 0),)) for most in _MAXIMA]
    for worlds, settings in (*capped, *((draws, fine) for fine in _FINE)):
        if below > _BELOW_PERCENT / 100:
            ours += ours_over(workload, worlds, settings)
            rival, below = _closest(theirs, ours)
    name = f"{name_of(source)}, {world(slots, boot)}: {rival.label} below our frontier"
    return [Figure(name, 100 * below, "%", _BELOW_PERCENT)]


def _closest(theirs: Iterable[Point], ours: Iterable[Point]) -> tuple[Point, float]:
    """Return the point of the others that lies furthest below our frontier, and by which share."""
    line = frontier.convex(ours)
    return max(((point, frontier.excess(point, line)) for point in theirs), key=lambda found: found[1])


def ours_over(
    workload: Workload, draws: Sequence[Setup], settings: Iterable[tuple[int, int]], **fixed: str
) -> list[Point]:
    """Simulate this project with idle times and buffers; like the others' rules it decides at once."""
    knobs: dict[str, float | str] = {**AT_ONCE, **fixed}
    specs = [Spec("product", (("idle", idle), ("buffer", buffer), *knobs.items())) for idle, buffer in settings]
    return points(workload, draws, specs)


def points(workload: Workload, draws: Sequence[Setup], specs: Iterable[Spec]) -> list[Point]:
    """Simulate settings, each as the mean of the draws."""
    listed = tuple(specs)
    drawn = [frontier.measure(workload, setup, {"": listed})[0].points for setup in draws]
    return [_mean(same) for same in zip(*drawn, strict=True)]


def _mean(drawn: Sequence[Point]) -> Point:
    return replace(
        drawn[0],
        mean_wait=statistics.mean(point.mean_wait for point in drawn),
        instance_hours=statistics.mean(point.instance_hours for point in drawn),
    )
