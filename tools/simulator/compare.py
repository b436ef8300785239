"""Several policies on one workload: run them, and put the results into a table or JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tools.simulator import words
from tools.simulator.engine import simulate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tools.simulator.policies.registry import Spec
    from tools.simulator.record import Result
    from tools.simulator.setup import Setup
    from tools.simulator.workload import Workload


@dataclass(frozen=True)
class Column:
    """A column of the table: its heading, format and value."""

    name: str
    form: Callable[[float], str]
    value: Callable[[Result], float]


COLUMNS = (
    Column("mean wait s", "{:.1f}".format, lambda result: result.mean_wait),
    Column("p95 s", "{:.0f}".format, lambda result: result.percentile(0.95)),
    Column("over 5 s %", "{:.1f}".format, lambda result: 100 * result.share_over(5)),
    Column("over 30 s %", "{:.1f}".format, lambda result: 100 * result.share_over(30)),
    Column("instance h", words.amount, lambda result: result.instance_hours),
    Column("launches", "{:.0f}".format, lambda result: result.launches),
    Column("peak", "{:.0f}".format, lambda result: result.peak),
    Column("killed", "{:.0f}".format, lambda result: result.killed),
    Column("requeued", "{:.0f}".format, lambda result: result.requeued),
    Column("unfinished", "{:.0f}".format, lambda result: result.unfinished + result.given_up),
)


def run(spec: Spec, workload: Workload, setup: Setup, *, keeps_series: bool = False) -> Result:
    """Simulate one policy."""
    return simulate(workload, spec.make(workload, setup), setup, keeps_series=keeps_series)


def rows(results: Iterable[Result], hourly_price: float = 0.0) -> list[list[str]]:
    """Return the headings, and a row for each result, with money if there is a price of an instance hour."""
    columns = [*COLUMNS]
    if hourly_price:
        columns.append(Column("USD", words.amount, lambda result: result.instance_hours * hourly_price))
    return [
        ["policy", *(column.name for column in columns)],
        *([result.policy, *(column.form(column.value(result)) for column in columns)] for result in results),
    ]


def table(results: Iterable[Result], hourly_price: float = 0.0) -> str:
    """Return the same as aligned lines."""
    found = rows(results, hourly_price)
    widths = [max(len(row[place]) for row in found) for place in range(len(found[0]))]
    return "\n".join(_line(row, widths) for row in found)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first = row[0].ljust(widths[0])
    return "  ".join([first, *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))])


def document(result: Result, hourly_price: float = 0.0) -> dict[str, Any]:
    """Return a result for JSON."""
    figures: dict[str, Any] = {
        "policy": result.policy,
        "mean_wait_seconds": round(result.mean_wait, 3),
        "p50_wait_seconds": round(result.percentile(0.5), 3),
        "p95_wait_seconds": round(result.percentile(0.95), 3),
        "share_over_5_seconds": round(result.share_over(5), 5),
        "share_over_30_seconds": round(result.share_over(30), 5),
        "wait_hours": round(result.wait_hours, 3),
        "instance_hours": round(result.instance_hours, 3),
        "busy_hours": round(result.busy_seconds / 3600, 3),
        "jobs_finished": result.finished,
        "jobs_retried": result.retries,
        "jobs_requeued": result.requeued,
        "jobs_killed": result.killed,
        "jobs_cancelled": result.cancelled,
        "jobs_given_up": result.given_up,
        "jobs_unfinished": result.unfinished,
        "launches": result.launches,
        "launch_failures": result.launch_failures,
        "peak_instances": result.peak,
        "decisions": result.decisions,
    }
    if hourly_price:
        figures["usd"] = round(result.instance_hours * hourly_price, 2)
    return figures
