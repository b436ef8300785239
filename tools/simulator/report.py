"""Write what a comparison found: JSON, PNG and one HTML page."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from tools.simulator import compare, frontier, page, plots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tools.simulator.frontier import Curve
    from tools.simulator.record import Result
    from tools.simulator.setup import Setup
    from tools.simulator.workload import Workload


def curves(workload: Workload, setup: Setup, tell: Callable[[str], None]) -> list[Curve]:
    """Return every policy over its knobs."""
    return frontier.measure(workload, setup, frontier.CURVES, tell)


def write(folder: Path, name: str, results: Sequence[Result], drawn: Sequence[Curve], price: float) -> Iterator[Path]:
    """Write the files and yield their paths.

    Args:
        folder: where.
        name: of the workload.
        results: of the policies; the first is drawn over time.
        drawn: curves of mean wait against instance-hours, if any.
        price: of an instance hour, 0 = none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    images = []
    if results and results[0].samples:
        images.append((f"{name} under {results[0].policy}", "timeline.png", plots.timeline(name, results[0])))
    if drawn:
        images.append((f"{name}: mean wait against instance-hours", "frontier.png", plots.frontier(name, drawn)))
    for _, file, png in images:
        (folder / file).write_bytes(png)
        yield folder / file
    document = {
        "workload": name,
        "results": [compare.document(result, price) for result in results],
        "curves": [asdict(curve) for curve in drawn],
    }
    (folder / "results.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    yield folder / "results.json"
    text = page.render(name, [(title, png) for title, _, png in images], _tables(results, drawn, price))
    (folder / "report.html").write_text(text, encoding="utf-8")
    yield folder / "report.html"


def _tables(results: Sequence[Result], drawn: Sequence[Curve], price: float) -> list[tuple[str, str]]:
    tables = [("Policies", compare.table(results, price))]
    if drawn:
        tables.append(("Curves", frontier.table(drawn)))
    return tables
