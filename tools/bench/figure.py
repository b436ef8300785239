"""A measured figure, and where figures go."""

from __future__ import annotations

import json
import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FOLDER = Path(__file__).resolve().parents[2] / "build" / "bench"


class BenchError(Exception):
    """What was asked for cannot be measured; the message names the variable."""


@dataclass(frozen=True)
class Figure:
    """A measurement: its name, value and unit, and the value that it must not exceed, if there is one."""

    name: str
    value: float
    unit: str
    bar: float | None = None

    @property
    def is_beyond(self) -> bool:
        """Whether there is a bar and the value exceeds it, or is no number."""
        return self.bar is not None and not self.value <= self.bar


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
    width = max((len(figure.name) for figure in figures), default=0)
    return "\n".join(line(figure, width) for figure in figures)


def line(figure: Figure, width: int) -> str:
    """Return a figure as a line that says whether it is within its bar."""
    bar = "" if figure.bar is None else f"at most {figure.bar:g}{': EXCEEDED' if figure.is_beyond else ''}"
    return f"  {figure.name:{width}} {figure.value:12.3f} {figure.unit:10} {bar}".rstrip()


def summary(figures: Sequence[Figure]) -> str:
    """Return in words how many figures there are, and how many exceed their bars."""
    return f"{len(figures)} figures, {sum(figure.is_beyond for figure in figures) or 'none'} beyond the bar"
