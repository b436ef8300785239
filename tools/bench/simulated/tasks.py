"""Pieces of work that do not depend on each other, on as many processes as there are for them."""

from __future__ import annotations

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tools.bench.figure import Figure


@dataclass(frozen=True)
class Task:
    """A piece of work: what it is called, and a call that another process can be handed."""

    name: str
    call: Callable[[], list[Figure]]


def run(tasks: Sequence[Task], processes: int, tell: Callable[[str], None]) -> list[list[Figure]]:
    """Carry tasks out and return what each of them measured, in their order.

    Args:
        tasks: what to do.
        processes: how many at a time; 1 = all in this process.
        tell: hears of each task that is done.
    """
    if processes == 1 or len(tasks) == 1:
        return [_alone(task, place, len(tasks), tell) for place, task in enumerate(tasks, start=1)]
    started = time.monotonic()
    # A process of its own, not a fork: figures must not depend on what this one has in memory.
    pool = ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn"))
    try:
        futures = {pool.submit(task.call): task for task in tasks}
        for place, future in enumerate(as_completed(futures), start=1):
            future.result()
            tell(f"{place} of {len(tasks)}, {time.monotonic() - started:.0f} s: {futures[future].name}")
        return [future.result() for future in futures]
    finally:
        pool.shutdown(cancel_futures=True)


def _alone(task: Task, place: int, number: int, tell: Callable[[str], None]) -> list[Figure]:
    figures = task.call()
    tell(f"{place} of {number}: {task.name}")
    return figures
