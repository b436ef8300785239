"""The jobs that are measured with: generated pipelines by default, and binary traces where there are any."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tools.bench.figure import BenchError
from tools.simulator.generator import Options, generate
from tools.simulator.traces import read_binary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.simulator.workload import Workload

# What a workload is made from: small enough to be handed to another process, which makes it anew.
Source = Options | Path
DAYS = 0.8


@dataclass(frozen=True)
class Selection:
    """What is measured with, and where plots go."""

    generated: tuple[Options, ...]
    traces: tuple[Path, ...] = ()
    images: Path = Path("build/bench")

    @property
    def all(self) -> tuple[Source, ...]:
        """Generated pipelines and traces."""
        return (*self.generated, *self.traces)


def selection(environment: Mapping[str, str]) -> Selection:
    """Return what the environment asks for: `SEEDS=1,2,3`, `TRACES=folder`, `IMAGES=folder`.

    Raises:
        BenchError: a seed is no number, or the folder has no traces.
    """
    try:
        seeds = [int(seed) for seed in environment.get("SEEDS", "1").split(",")]
    except ValueError as error:
        raise BenchError(f"SEEDS={environment['SEEDS']}: numbers, separated by commas, are expected") from error
    folder = environment.get("TRACES")
    traces = tuple(sorted(Path(folder).glob("*.dat"))) if folder else ()
    if folder and not traces:
        raise BenchError(f"TRACES={folder} has no .dat files")
    generated = tuple(Options(days=DAYS, seed=seed) for seed in seeds)
    return Selection(generated, traces, Path(environment.get("IMAGES", Selection.images)))


@functools.lru_cache(maxsize=4)
def load(source: Source) -> Workload:
    """Return the jobs of a source."""
    if isinstance(source, Path):
        return read_binary(source)
    return generate(source, name_of(source))


def name_of(source: Source) -> str:
    """Return what a source is called in figures."""
    return source.stem if isinstance(source, Path) else f"generated {source.seed}"
