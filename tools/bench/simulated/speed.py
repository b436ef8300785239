"""Part `speed`: how fast the simulator is."""

from __future__ import annotations

import time

from tools.bench.figure import Figure
from tools.simulator import compare
from tools.simulator.generator import Options, generate
from tools.simulator.policies.registry import parse
from tools.simulator.setup import Setup
from tools.simulator.workload import Workload, plain

_MANY = 100_000


def measure() -> list[Figure]:
    """Time the product's policy on many jobs, and with look-ahead on as many jobs of pipelines."""
    days = 1.1 * _MANY / (Options.pipelines_per_day * Options.jobs)
    jobs = generate(Options(days=days, bursts=0.0)).jobs[:_MANY]
    workload = plain("many", ((job.created, job.duration) for job in jobs))
    pipelines = Workload("pipelines", generate(Options(days=days)).jobs[:_MANY])
    return [
        speed_figure("under the scaler's plan", "product:idle=300", workload),
        speed_figure("of pipelines with look-ahead", "product:idle=300,look_ahead=pipeline", pipelines),
    ]


def speed_figure(name: str, policy: str, workload: Workload) -> Figure:
    """Time a policy on a workload."""
    started = time.perf_counter()
    compare.run(parse(policy), workload, Setup())
    return Figure(f"simulate {len(workload.jobs)} jobs {name}", time.perf_counter() - started, "s", 60)
