"""Part `history`: look-ahead whose history is missing or misleads it."""

from __future__ import annotations

import statistics
from dataclasses import replace
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from tools.bench.figure import Figure
from tools.bench.simulated.look_ahead import ratios
from tools.bench.simulated.tasks import Task
from tools.bench.simulated.workloads import Source, load, name_of
from tools.bench.simulated.world import BOOTS, world
from tools.simulator.generator import MAX_SECONDS
from tools.simulator.setup import Boot, Setup
from tools.simulator.workload import checked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tools.bench.simulated.workloads import Selection
    from tools.simulator.workload import Job, Workload

_IDLE = (150, 600)
_WORSE_PERCENT = 105.0
_SEED = 5


def tasks(selection: Selection) -> list[Task]:
    """Compare each kind of history on generated pipelines, for every boot time."""
    return [
        Task(f"history: {name_of(source)}, {world(1, boot)}, {kind}", partial(misled, source, boot, kind))
        for source in selection.generated
        for boot in BOOTS
        for kind in KINDS
    ]


def misled(source: Source, boot: float, kind: str) -> list[Figure]:
    """Compare look-ahead with none on the same jobs, at equal instance-hours."""
    workload = load(source)
    changed = checked(kind, KINDS[kind](workload))
    worst = max(one.wait for one in ratios(changed, Setup(boot=Boot(boot)), _IDLE))
    name = f"{name_of(source)}, {world(1, boot)}: look-ahead, {kind}: mean wait at equal hours, most"
    return [Figure(name, 100 * worst, "% of off", _WORSE_PERCENT)]


def unseen(workload: Workload) -> Iterator[Job]:
    """Give every job a name that no other has."""
    return (replace(job, name=f"job {job.number}") for job in workload.jobs)


def shuffled(workload: Workload) -> Iterator[Job]:
    """Give every job the name of any job of its project."""
    random, names = Random(_SEED), _names(workload)  # noqa: S311 - test data, no secrets
    return (replace(job, name=random.choice(names[job.project])) for job in workload.jobs)


def meaningless(workload: Workload) -> Iterator[Job]:
    """Deal the durations of all jobs out anew, so that a name says nothing about them."""
    durations = [job.duration for job in workload.jobs]
    Random(_SEED).shuffle(durations)  # noqa: S311 - test data, no secrets
    return (replace(job, duration=seconds) for job, seconds in zip(workload.jobs, durations, strict=True))


def exchanged(workload: Workload) -> Iterator[Job]:
    """Let the shortest and the longest jobs of a project have each other's names after half of the time."""
    half = workload.last_created / 2
    seconds: dict[tuple[int, str], list[float]] = {}
    for job in workload.jobs:
        seconds.setdefault((job.project, job.name), []).append(job.duration)
    opposite: dict[tuple[int, str], str] = {}
    for project, names in _names(workload).items():
        rising = sorted(names, key=lambda name: statistics.mean(seconds[project, name]))
        opposite |= {(project, name): other for name, other in zip(rising, reversed(rising), strict=True)}
    return (replace(job, name=opposite[job.project, job.name]) if job.created > half else job for job in workload.jobs)


def _names(workload: Workload) -> dict[int, list[str]]:
    """Return the names of each project's jobs."""
    of_project: dict[int, set[str]] = {}
    for job in workload.jobs:
        of_project.setdefault(job.project, set()).add(job.name)
    return {project: sorted(names) for project, names in of_project.items()}


def times(factor: float, workload: Workload) -> Iterator[Job]:
    """Let jobs take longer or shorter by a factor after half of the time."""
    half = workload.last_created / 2
    for job in workload.jobs:
        seconds = min(job.duration * factor, max(MAX_SECONDS, job.duration))
        yield replace(job, duration=seconds) if job.created > half else job


KINDS: Mapping[str, Callable[[Workload], Iterator[Job]]] = {
    "names never seen": unseen,
    "shuffled names": shuffled,
    "durations that say nothing": meaningless,
    "long and short exchange names": exchanged,
    "suddenly 4 times as long": partial(times, 4.0),
    "suddenly a quarter": partial(times, 0.25),
}
