"""Part `plots`: the plots of docs/tuning.md."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tools.bench.simulated.tasks import Task
from tools.bench.simulated.workloads import Source, load
from tools.bench.simulated.world import BOOTS, IDLE
from tools.simulator import compare, frontier, plots
from tools.simulator.policies.registry import parse
from tools.simulator.setup import Boot, Setup

if TYPE_CHECKING:
    from pathlib import Path

    from tools.bench.figure import Figure
    from tools.bench.simulated.workloads import Selection
    from tools.simulator.frontier import Curve
    from tools.simulator.workload import Workload

_BUFFERS = (0, 1, 2, 5, 10, 20)


def tasks(selection: Selection) -> list[Task]:
    """Draw the first generated workload."""
    source, images = selection.generated[0], selection.images
    return [
        Task("plots: frontier", partial(draw_frontier, source, images)),
        *(Task(f"plots: look-ahead, boot {boot:g} s", partial(draw_knobs, source, images, boot)) for boot in BOOTS),
        Task("plots: timeline", partial(draw_timeline, source, images)),
    ]


def draw_frontier(source: Source, images: Path) -> list[Figure]:
    """Draw every policy over its knob."""
    curves = frontier.measure(load(source), Setup())
    _write(images / "frontier.png", plots.frontier(_title(source), curves))
    return []


def draw_knobs(source: Source, images: Path, boot: float) -> list[Figure]:
    """Draw our knobs beside the two references."""
    curves = knob_curves(load(source), Setup(boot=Boot(boot)))
    _write(images / f"look-ahead-{boot:g}.png", plots.frontier(f"Generated pipelines, boot {boot:g} s", curves))
    return []


def draw_timeline(source: Source, images: Path) -> list[Figure]:
    """Draw queue and capacity over time."""
    policy = parse("product:idle=300,look_ahead=pipeline")
    result = compare.run(policy, load(source), Setup(), keeps_series=True)
    _write(images / "timeline.png", plots.timeline(f"{_title(source)}, idle 300 s, look-ahead", result))
    return []


def knob_curves(workload: Workload, setup: Setup) -> list[Curve]:
    """Simulate our knobs and the two references."""
    idle = (60, *IDLE, 1200) if setup == Setup() else IDLE
    curves = {
        "this project, idle time": frontier.over("product", "idle", idle),
        "this project, idle_buffer (idle 150 s)": frontier.over("product", "buffer", _BUFFERS, idle=150),
        "this project, look-ahead": frontier.over("product", "idle", idle, look_ahead="pipeline"),
        "reactive ideal": frontier.over("reactive", "idle", idle),
        "oracle": frontier.over("oracle", "idle", (0, *idle)),
    }
    return frontier.measure(workload, setup, curves)


def _title(source: Source) -> str:
    return f"Generated pipelines, boot 120 s, {len(load(source).jobs)} jobs"


def _write(path: Path, image: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(image)
