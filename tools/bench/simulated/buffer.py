"""Part `buffer`: the learnt buffer against fixed ones and none, by instance-hours + k times wait-hours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.bench.figure import Figure
from tools.bench.simulated.workloads import Source, load, name_of
from tools.bench.simulated.world import IDLE, over_worlds, world
from tools.simulator import compare
from tools.simulator.policies.registry import Spec
from tools.simulator.setup import Boot, Setup

if TYPE_CHECKING:
    from tools.bench.simulated.tasks import Task
    from tools.bench.simulated.workloads import Selection
    from tools.simulator.record import Result

_WEIGHTS = (0.5, 1.0, 2.0)
_SIZES = (0, 1, 2, 3, 5, 8, 12, 20, 35)
_OF_BEST_PERCENT, _OF_NONE_PERCENT = 10, 5


def tasks(selection: Selection) -> list[Task]:
    """Compare on every workload, for every boot time and number of slots."""
    return over_worlds("buffer", selection.all, learnt)


def learnt(source: Source, slots: int, boot: float) -> list[Figure]:
    """Compare at each idle time and weight, and name the worst."""
    workload, setup = load(source), Setup(slots=slots, boot=Boot(boot))
    of_best, of_none, best = [], [], set()
    for idle in IDLE:
        own = compare.run(Spec("product", (("idle", idle), ("buffer", "auto"))), workload, setup)
        fixed = {
            size: compare.run(Spec("product", (("idle", idle), ("buffer", size))), workload, setup) for size in _SIZES
        }
        for weight in _WEIGHTS:
            costs = {size: cost(result, weight) for size, result in fixed.items()}
            of_best.append(100 * (cost(own, weight) / min(costs.values()) - 1))
            of_none.append(100 * (cost(own, weight) / costs[0] - 1))
            best.add(min(costs, key=lambda size: costs[size]))
    name = f"{name_of(source)}, {world(slots, boot)}: learnt buffer above"
    return [
        Figure(f"{name} the best fixed one, most", max(of_best), "%", _OF_BEST_PERCENT),
        Figure(f"{name} none, most", max(of_none), "%", _OF_NONE_PERCENT),
        Figure(f"{name_of(source)}, {world(slots, boot)}: largest of the best fixed buffers", max(best), "instances"),
    ]


def cost(result: Result, weight: float) -> float:
    """Return instance-hours and weighted wait-hours."""
    return result.instance_hours + weight * result.wait_hours
