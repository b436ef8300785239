"""What figures are measured over, unless a part says otherwise."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tools.bench.simulated.tasks import Task
from tools.bench.simulated.workloads import name_of
from tools.simulator.setup import Boot, Setup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tools.bench.figure import Figure
    from tools.bench.simulated.workloads import Source
    from tools.simulator.workload import Workload

IDLE = (150, 300, 600)
BOOTS = (45.0, 120.0, 210.0)
SLOTS = (1, 4)
# Decisions in the moment of a change, as others' rules and the ideal make them; 0 would be no webhook at all.
AT_ONCE: Mapping[str, float] = {"webhook": 0.01}
# Idle times of the curve that is compared with at equal instance-hours or waits.
CURVE = (0, 30, 60, 100, 150, 200, 300, 450, 600, 900, 1200, 1800, 2700)
# With fewer jobs than that it matters which runner asks first, all the more with several slots: the mean of some draws
# of it counts.
_SPARSE_JOBS = 10_000
_DRAWS, _DRAWS_WITH_SLOTS = 3, 8


def is_sparse(workload: Workload) -> bool:
    """Return whether a workload has so few jobs that single draws differ by more than a percent."""
    return len(workload.jobs) < _SPARSE_JOBS


def setups(workload: Workload, slots: int, boot: float) -> list[Setup]:
    """Return the worlds to take the mean of."""
    draws = 1
    if is_sparse(workload):
        draws = _DRAWS if slots == 1 else _DRAWS_WITH_SLOTS
    return [Setup(slots=slots, boot=Boot(boot), seed=seed) for seed in range(1, 1 + draws)]


def world(slots: int, boot: float) -> str:
    """Return a world in words."""
    return f"boot {boot:g} s, {slots} slot{'s' if slots > 1 else ''}"


def over_worlds(
    part: str, sources: Iterable[Source], measure: Callable[[Source, int, float], list[Figure]]
) -> list[Task]:
    """Return the tasks that measure every workload for every number of slots and boot time.

    Args:
        part: what the tasks belong to.
        sources: the workloads.
        measure: takes a workload, slots, and seconds of boot time.
    """
    return [
        Task(f"{part}: {name_of(source)}, {world(slots, boot)}", partial(measure, source, slots, boot))
        for source in sources
        for slots in SLOTS
        for boot in BOOTS
    ]
