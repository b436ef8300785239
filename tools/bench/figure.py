"""A measured figure, and where figures go."""

from __future__ import annotations

import json
import statistics
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """A measurement: its name, value and unit, and the value that it must not exceed, if there is one."""

    name: str
    value: float
    unit: str
    bar: float | None = None


def median_seconds(call: Callable[[], object], rounds: int) -> float:
    """Return the median time of a call."""
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def save(folder: Path, section: str, figures: Sequence[Figure]) -> Path:
    """Write a section's figures as a list of {name, value, unit, bar} and return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{section}.json"
    path.write_text(json.dumps([asdict(figure) for figure in figures], indent=2) + "\n", encoding="utf-8")
    return path


def table(figures: Sequence[Figure]) -> str:
    """Return figures as aligned lines."""
    return "\n".join(map(line, figures))


def line(figure: Figure) -> str:
    """Return a figure as a line that says whether it is within its bar."""
    bar = "" if figure.bar is None else f"at most {figure.bar:g}{'' if figure.value <= figure.bar else ': EXCEEDED'}"
    return f"  {figure.name:58} {figure.value:12.3f} {figure.unit:10} {bar}".rstrip()
