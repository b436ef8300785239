"""Part `plan`: the scaler's plan against the reactive ideal, and whether it ever kills a job."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tools.bench.figure import Figure
from tools.bench.simulated.tasks import Task
from tools.bench.simulated.workloads import Source, load, name_of
from tools.bench.simulated.world import AT_ONCE, IDLE, is_sparse, over_worlds, setups, world
from tools.simulator import compare
from tools.simulator.policies.product import WEBHOOK_SECONDS
from tools.simulator.policies.registry import Spec, parse
from tools.simulator.setup import Setup
from tools.simulator.workload import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tools.bench.simulated.workloads import Selection
    from tools.simulator.record import Result
    from tools.simulator.workload import Workload

_WITHIN_PERCENT, _WITHIN_PERCENT_SPARSE = 2.0, 3.0
# The plan decides in the moment of a change, as the ideal does; that is what has a bar. What a hook's way takes is
# the world's: 1.5 s are 3 % of a boot of 45 s, whatever the plan says.
_OURS: Mapping[str, Mapping[str, float]] = {"plan": AT_ONCE, f"{WEBHOOK_SECONDS:g} s later": {}}
_MANY_SLOTS = (1, 2, 3, 4, 8, 16, 64)
_LONG = 3 * 3600.0


def tasks(selection: Selection) -> list[Task]:
    """Compare on every workload, for every boot time and number of slots."""
    compared = over_worlds("plan", selection.all, against_ideal)
    return [Task("plan: livelock", partial(livelock, selection.generated[0])), *compared]


def against_ideal(source: Source, slots: int, boot: float) -> list[Figure]:
    """Compare the scaler, and its plan alone, with launches in the moment of arrival, at equal idle times."""
    workload = load(source)
    bar = _WITHIN_PERCENT_SPARSE if is_sparse(workload) else _WITHIN_PERCENT
    draws = setups(workload, slots, boot)
    ideal = _over_idle("reactive", {}, workload, draws)
    figures = []
    for who, parameters in _OURS.items():
        ours = _over_idle("product", parameters, workload, draws)
        waits = max(mine[0] / best[0] for mine, best in zip(ours, ideal, strict=True))
        hours = max(mine[1] / best[1] for mine, best in zip(ours, ideal, strict=True))
        shares = max(mine[3] - best[3] for mine, best in zip(ours, ideal, strict=True))
        name = f"{name_of(source)}, {world(slots, boot)}, {who}:"
        held = bar if parameters else None
        figures += [
            Figure(f"{name} mean wait above the ideal's, most", 100 * (waits - 1), "%", held),
            Figure(f"{name} instance-hours above the ideal's, most", 100 * (hours - 1), "%", held),
            Figure(f"{name} share of jobs that wait over 5 s above the ideal's, most", 100 * shares, "points"),
            Figure(f"{name} jobs killed or left", sum(mine[2] for mine in ours), "jobs", 0),
        ]
    return figures


def _over_idle(
    policy: str, parameters: Mapping[str, float], workload: Workload, draws: Sequence[Setup]
) -> list[tuple[float, float, int, float]]:
    """Return for each idle time the sums of mean waits, instance-hours and lost jobs, and the share that waits."""
    sums = []
    for idle in IDLE:
        spec = Spec(policy, (("idle", idle), *parameters.items()))
        results = [compare.run(spec, workload, setup) for setup in draws]
        waits, hours = (sum(r.mean_wait for r in results), sum(r.instance_hours for r in results))
        share = sum(r.share_over(5) for r in results) / len(results)
        sums.append((waits, hours, sum(map(lost, results)), share))
    return sums


def lost(result: Result) -> int:
    """Return how many jobs were killed or never ended."""
    return result.killed + result.unfinished + result.given_up


def livelock(source: Source) -> list[Figure]:
    """Count how often jobs are killed where many fit on an instance."""
    lone, workload = plain("lone", [(10.0, _LONG)]), load(source)
    of_lone = sum(lost(compare.run(parse("product"), lone, Setup(slots=slots))) for slots in _MANY_SLOTS)
    of_many = sum(lost(compare.run(parse("product"), workload, Setup(slots=slots))) for slots in _MANY_SLOTS)
    theirs = compare.run(parse("cmdlabs"), lone, Setup(slots=4))
    slots = f"{_MANY_SLOTS[0]} to {_MANY_SLOTS[-1]} slots"
    return [
        Figure(f"a lone job of three hours, {slots}: kills", of_lone, "kills", 0),
        Figure(f"{name_of(source)}, {slots}: jobs killed or left", of_many, "jobs", 0),
        Figure("a lone job of three hours, 4 slots, cmdlabs: kills", theirs.killed, "kills"),
    ]
