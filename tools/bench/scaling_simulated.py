"""What section `scaling` measures by simulation: the plan, its knobs and others' rules on the same jobs.

Generated pipelines by default. In the environment: ``TRACES=folder`` adds the binary traces in it, ``SEEDS=1,2,3``
generates several workloads, and ``IMAGES=docs/images`` writes the plots of docs/tuning.md there.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tools.bench.figure import Figure
from tools.simulator import compare, frontier, plots
from tools.simulator.generator import Options, generate
from tools.simulator.policies.registry import Spec, parse
from tools.simulator.setup import Boot, Setup
from tools.simulator.traces import read_binary
from tools.simulator.workload import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tools.simulator.frontier import Curve
    from tools.simulator.workload import Workload

IMAGES = Path("build/bench")
_IDLE = (150, 300, 600)
# Idle times of the curve that is compared with at equal instance-hours.
_CURVE = (30, 60, 100, 150, 200, 300, 450, 600, 900, 1200, 1800, 2700)
_BOOTS = (45.0, 120.0, 210.0)
_SLOTS = (1, 4)
_WEIGHTS = (0.5, 1.0, 2.0)
_BUFFERS = (0, 1, 2, 5, 10, 20)
_DAYS = 0.8
_MANY = 100_000
_WITHIN_PERCENT, _WITHIN_PERCENT_SPARSE = 2.0, 3.0
_SPARSE_JOBS = 10_000


def measure() -> Iterator[Figure]:
    """Measure with generated pipelines, and with the traces that there are."""
    seeds = [int(seed) for seed in os.environ.get("SEEDS", "1").split(",")]
    workloads = [generate(Options(days=_DAYS, seed=seed), f"generated {seed}") for seed in seeds]
    traces = sorted(Path(os.environ["TRACES"]).glob("*.dat")) if "TRACES" in os.environ else []
    yield speed_figure()
    yield livelock_figure()
    for workload in (*workloads, *map(read_binary, traces)):
        yield from plan_figures(workload)
        yield from buffer_figures(workload)
    for workload in workloads:
        for boot in _BOOTS:
            yield from look_ahead_figures(workload, boot)
    draw(workloads[0], Path(os.environ.get("IMAGES", IMAGES)))


def speed_figure() -> Figure:
    """Time the product's policy on many jobs."""
    days = 1.1 * _MANY / (Options.pipelines_per_day * Options.jobs)
    jobs = generate(Options(days=days, bursts=0.0)).jobs[:_MANY]
    workload = plain("many", ((job.created, job.duration) for job in jobs))
    started = time.perf_counter()
    compare.run(parse("product:idle=300"), workload, Setup())
    return Figure(f"simulate {len(jobs)} jobs under the scaler's plan", time.perf_counter() - started, "s", 60)


def livelock_figure() -> Figure:
    """Count how often a lone long job is killed where four fit on an instance."""
    result = compare.run(parse("product"), plain("lone", [(10.0, 3 * 3600.0)]), Setup(slots=4))
    return Figure("kills of a lone job of three hours, 4 slots", result.killed + result.unfinished, "kills", 0)


def plan_figures(workload: Workload) -> Iterator[Figure]:
    """Compare the plan with the reactive ideal at equal idle times, and others' rules with its frontier."""
    bar = _WITHIN_PERCENT_SPARSE if len(workload.jobs) < _SPARSE_JOBS else _WITHIN_PERCENT
    for slots in _SLOTS:
        setup = Setup(slots=slots)
        worst = [0.0, 0.0, 0.0]
        for idle in _IDLE:
            ours, ideal = (
                compare.run(Spec(name, (("idle", idle),)), workload, setup) for name in ("product", "reactive")
            )
            worst[0] = max(worst[0], ours.mean_wait / ideal.mean_wait - 1)
            worst[1] = max(worst[1], ours.instance_hours / ideal.instance_hours - 1)
            worst[2] = max(worst[2], ours.killed)
        name = f"{workload.name}, {slots} slots"
        yield Figure(f"{name}: mean wait above the reactive ideal's, most", 100 * worst[0], "%", bar)
        yield Figure(f"{name}: instance-hours above the reactive ideal's, most", 100 * worst[1], "%", bar)
        yield Figure(f"{name}: jobs killed", worst[2], "jobs", 0)
    yield peer_figure(workload)


def peer_figure(workload: Workload) -> Figure:
    """Find the rule of others that comes closest to our frontier, or lies below it."""
    setup = Setup()
    curves = frontier.measure(workload, setup, {**frontier.CURVES, **_grid()})
    ours = frontier.lower_left(p for curve in curves if curve.name.startswith(frontier.OURS) for p in curve.points)
    others = [curve for curve in curves if not curve.name.startswith(frontier.OURS)]
    points = [point for curve in others if curve.name not in frontier.REFERENCES for point in curve.points]
    closest = max(points, key=lambda point: frontier.excess(point, ours))
    return Figure(f"{workload.name}: {closest.label} below our frontier", 100 * frontier.excess(closest, ours), "%", 1)


def _grid() -> Mapping[str, Sequence[Spec]]:
    specs = [
        Spec("product", (("idle", idle), ("buffer", buffer))) for idle in (60, 300, 600) for buffer in _BUFFERS[1:]
    ]
    return {f"{frontier.OURS}, both": specs}


def buffer_figures(workload: Workload) -> Iterator[Figure]:
    """Compare the learnt buffer with the best static one and with none, by instance-hours + k times wait-hours."""
    setup = Setup()
    learnt = compare.run(parse("product:idle=300,buffer=auto"), workload, setup)
    static = [compare.run(Spec("product", (("idle", 300), ("buffer", size))), workload, setup) for size in _BUFFERS]
    for weight in _WEIGHTS:
        costs = [result.instance_hours + weight * result.wait_hours for result in static]
        own = learnt.instance_hours + weight * learnt.wait_hours
        name = f"{workload.name}, k = {weight:g}: learnt buffer against"
        yield Figure(f"{name} the best static one", 100 * (own / min(costs) - 1), "%", 10)
        yield Figure(f"{name} none", 100 * (own / costs[0] - 1), "%", 5)


def look_ahead_figures(workload: Workload, boot: float) -> Iterator[Figure]:
    """Compare waits and launches with and without look-ahead at equal instance-hours."""
    setup = Setup(boot=Boot(boot))
    [without] = frontier.measure(workload, setup, {"off": frontier.over("product", "idle", _CURVE)})
    [ahead] = frontier.measure(workload, setup, {"on": frontier.over("product", "idle", _IDLE, look_ahead="pipeline")})
    same = {point.label: point for point in without.points}
    off = frontier.lower_left(without.points)
    shares = [point.mean_wait / (frontier.wait_at(off, point.instance_hours) or float("nan")) for point in ahead.points]
    launches = [
        point.launches / same[f"product:idle={idle}"].launches for point, idle in zip(ahead.points, _IDLE, strict=True)
    ]
    name = f"{workload.name}, boot {boot:g} s: look-ahead,"
    bar = 60 if boot < _BOOTS[1] else 50
    yield Figure(f"{name} mean wait at equal instance-hours, most", 100 * max(shares), "% of off", bar)
    yield Figure(f"{name} launches at the same idle time, most", max(launches), "times", 1.4)


def draw(workload: Workload, images: Path) -> None:
    """Write the plots of docs/tuning.md."""
    images.mkdir(parents=True, exist_ok=True)
    setup = Setup()
    name = f"Generated pipelines, boot 120 s, {len(workload.jobs)} jobs"
    (images / "frontier.png").write_bytes(plots.frontier(name, frontier.measure(workload, setup)))
    for boot in _BOOTS:
        title = f"Generated pipelines, boot {boot:g} s"
        curves = knob_curves(workload, Setup(boot=Boot(boot)))
        (images / f"look-ahead-{boot:g}.png").write_bytes(plots.frontier(title, curves))
    result = compare.run(parse("product:idle=300,look_ahead=pipeline"), workload, setup, keeps_series=True)
    (images / "timeline.png").write_bytes(plots.timeline(f"{name}, idle 300 s, look-ahead", result))


def knob_curves(workload: Workload, setup: Setup) -> list[Curve]:
    """Return our knobs beside the two references."""
    idle = (60, *_IDLE, 1200) if setup == Setup() else _IDLE
    curves = {
        "this project, idle time": frontier.over("product", "idle", idle),
        "this project, idle_buffer (idle 150 s)": frontier.over("product", "buffer", _BUFFERS, idle=150),
        "this project, look-ahead": frontier.over("product", "idle", idle, look_ahead="pipeline"),
        "reactive ideal": frontier.over("reactive", "idle", idle),
        "oracle": frontier.over("oracle", "idle", (0, *idle)),
    }
    return frontier.measure(workload, setup, curves)
