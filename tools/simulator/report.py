"""Write what a comparison found: JSON, PNG and one HTML page."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tools.simulator import compare, frontier, page, plots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tools.simulator.conditions import Conditions
    from tools.simulator.frontier import Curve
    from tools.simulator.record import Result
    from tools.simulator.setup import Setup
    from tools.simulator.workload import Workload


def curves(workload: Workload, setup: Setup, tell: Callable[[str], None]) -> list[Curve]:
    """Return every policy over its knobs."""
    return frontier.measure(workload, setup, frontier.CURVES, tell)


def write(folder: Path, conditions: Conditions, results: Sequence[Result], drawn: Sequence[Curve]) -> Iterator[Path]:
    """Write the files and yield their paths.

    Args:
        folder: where.
        conditions: what was simulated, and where.
        results: of the policies; the first is drawn over time.
        drawn: curves of mean wait against instance-hours, if any.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = conditions.workload.name
    images = []
    if results and results[0].samples:
        images.append((f"{name} under {results[0].policy}", "timeline.png", plots.timeline(name, results[0])))
    if drawn:
        images.append((f"{name}: mean wait against instance-hours", "frontier.png", plots.frontier(name, drawn)))
    for _, file, png in images:
        (folder / file).write_bytes(png)
        yield folder / file
    document = conditions.document() | {
        "results": [compare.document(result, conditions.hourly_price) for result in results],
        "curves": [_curve(curve) for curve in drawn],
    }
    (folder / "results.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    yield folder / "results.json"
    text = page.render(
        f"Simulation of {name}", [(title, png) for title, _, png in images], _tables(conditions, results, drawn)
    )
    (folder / "report.html").write_text(text, encoding="utf-8")
    yield folder / "report.html"


def _curve(curve: Curve) -> dict[str, Any]:
    """Return a curve for JSON, with units in the names."""
    renamed = {"mean_wait": "mean_wait_seconds", "share_over_5": "share_over_5_seconds"}
    points = [{renamed.get(key, key): value for key, value in asdict(point).items()} for point in curve.points]
    return {"name": curve.name, "points": points}


def _tables(conditions: Conditions, results: Sequence[Result], drawn: Sequence[Curve]) -> list[page.Table]:
    tables = [page.Table("Policies", compare.rows(results, conditions.hourly_price))]
    if drawn:
        tables.append(page.Table("Curves", frontier.rows(drawn)))
    return [*tables, page.Table("Conditions", [("condition", "value"), *conditions.rows()])]
