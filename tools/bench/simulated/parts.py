"""The parts of section `scaling`: choose among them, measure them one after the other, and keep what each one found."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from tools.bench import decision, figure
from tools.bench.figure import BenchError, Figure
from tools.bench.simulated import buffer, cancelled, drawings, fit, history, look_ahead, peers, plan, speed
from tools.bench.simulated.tasks import Task, run
from tools.bench.simulated.workloads import selection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tools.bench.simulated.workloads import Selection

_say = partial(print, "  ", sep="", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Part:
    """A part: its pieces of work, and how their figures become the part's."""

    tasks: Callable[[Selection], list[Task]]
    combine: Callable[[Iterable[Figure]], list[Figure]] = list


# Times are only measured while nothing else runs; each of the first two is one piece of work.
PARTS: Mapping[str, Part] = {
    "decision": Part(lambda _: [Task("decision", decision.measure)]),
    "speed": Part(lambda _: [Task("speed", speed.measure)]),
    "generator": Part(fit.tasks),
    "plan": Part(plan.tasks),
    "peers": Part(peers.tasks),
    "buffer": Part(buffer.tasks),
    "look-ahead": Part(look_ahead.tasks),
    "history": Part(history.tasks),
    "cancelled": Part(cancelled.tasks, cancelled.over_all),
    "plots": Part(drawings.tasks),
}


def measure(
    environment: Mapping[str, str], folder: Path = figure.FOLDER, tell: Callable[[str], None] = _say
) -> Iterator[Figure]:
    """Measure the parts that `PART` names, `JOBS` pieces at a time, and write each part's figures as it is done.

    Args:
        environment: `PART`, `JOBS` and what `workloads.selection` takes.
        folder: where `scaling-<part>.json` goes.
        tell: hears how far it is.

    Raises:
        BenchError: a variable makes no sense; the message names it.
    """
    names, processes, chosen = parts(environment), jobs(environment), selection(environment)
    for name in names:
        part = PARTS[name]
        found = part.combine(chain.from_iterable(run(part.tasks(chosen), processes, tell)))
        if found:
            tell(f"{name}: {figure.summary(found)} → {figure.save(folder, f'scaling-{name}', found)}")
        yield from found


def parts(environment: Mapping[str, str]) -> Sequence[str]:
    """Return which parts are asked for, in their own order."""
    asked = environment.get("PART") or ",".join(PARTS)
    names = [name.strip() for name in asked.split(",")]
    if unknown := [name for name in names if name not in PARTS]:
        raise BenchError(f"PART={asked}: {', '.join(unknown)} is none of {', '.join(PARTS)}")
    return [name for name in PARTS if name in names]


def jobs(environment: Mapping[str, str]) -> int:
    """Return how many processes may work."""
    asked = environment.get("JOBS") or str(os.cpu_count() or 1)
    if not (asked.isdecimal() and int(asked)):
        raise BenchError(f"JOBS={asked}: a number of processes is expected")
    return int(asked)
