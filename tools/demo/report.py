"""Write the demo's report: one HTML file that opens offline, with a timeline and a table of the figures."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tools.demo.credentials import Chapter
    from tools.demo.watch import Sample

WIDTH, HEIGHT = 960, 360
LEFT, RIGHT, TOP, BOTTOM = 48, 56, 16, 36
AXES = ("jobs", "instances")
STEPS = (5, 10, 15, 30, 60, 120, 300, 600, 3600)
MOST_LABELS = 12


@dataclass(frozen=True)
class Series:
    """A line of the plot: its name, colour, values and the axis it belongs to."""

    name: str
    colour: str
    value: Callable[[Sample], int]
    axis: str


SERIES = (
    Series("pending jobs", "#d9480f", lambda sample: sample.jobs.pending, "jobs"),
    Series("running jobs", "#2b8a3e", lambda sample: sample.jobs.running, "jobs"),
    Series("desired capacity", "#868e96", lambda sample: sample.instances.desired, "instances"),
    Series("instances", "#1864ab", lambda sample: sample.instances.total, "instances"),
)

STYLE = """
body { color: #212529; font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem }
svg { height: auto; width: 100% } svg text { font-size: 12px; fill: #495057 }
table { border-collapse: collapse } td, th { border-bottom: 1px solid #dee2e6; padding: .25rem 1rem .25rem 0 }
td:nth-child(2), .numbers td + td { font-variant-numeric: tabular-nums; text-align: right }
"""


def render(
    title: str,
    samples: Sequence[Sample],
    marks: Sequence[tuple[float, str]],
    figures: Sequence[tuple[str, object, str]],
    vended: Chapter | None = None,
) -> str:
    """Return the report as HTML.

    Args:
        title: the heading.
        samples: the fleet over time.
        marks: (seconds since the epoch, label) of what happened.
        figures: rows of name, value and meaning.
        vended: what the chapter on credentials came to.
    """
    rows = "".join(
        f"<tr><td><code>{html.escape(name)}</code></td><td>{html.escape(str(value))}</td>"
        f"<td>{html.escape(meaning)}</td></tr>"
        for name, value, meaning in figures
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{STYLE}</style><h1>{html.escape(title)}</h1>{plot(samples, marks)}"
        f"<h2>Figures</h2><table><tr><th>name<th>value<th>meaning</tr>{rows}</table>"
        f"{credentials(vended) if vended else ''}</html>\n"
    )


def credentials(vended: Chapter) -> str:
    """Return the chapter on credentials: a row for each of gitlab-runner's metrics, a column for each burst."""
    columns = [
        {"requests": burst.requests, "vended": burst.vended, "STS calls": burst.sts_calls, **burst.metrics}
        for burst in vended.bursts
    ]
    head = "".join(f"<th>{html.escape(burst.name)}" for burst in vended.bursts)
    rows = "".join(row(name, [column[name] for column in columns]) for name in (columns[0] if columns else {}))
    return (
        "<h2>Credentials: jobs with one cache key, each downloads and uploads</h2>"
        f'<p>{html.escape(vended.identity.line())}</p><table class="numbers"><tr><th>{head}</tr>{rows}</table>'
    )


def row(name: str, values: Sequence[float]) -> str:
    """Return a name and its numbers as a row of a table."""
    return f"<tr><td><code>{html.escape(name)}</code></td>{''.join(f'<td>{value:g}</td>' for value in values)}</tr>"


def plot(samples: Sequence[Sample], marks: Sequence[tuple[float, str]]) -> str:
    """Return the timeline as SVG: jobs on the left axis, instances on the right one, seconds below."""
    if not samples:
        return "<p>Nothing was seen.</p>"
    start, end = samples[0].at, max(samples[-1].at, samples[0].at + 1)
    tops = {axis: nice(max(s.value(p) for s in SERIES if s.axis == axis for p in samples)) for axis in AXES}

    def x(at: float) -> float:
        return LEFT + (at - start) / (end - start) * (WIDTH - LEFT - RIGHT)

    def y(value: float, axis: str) -> float:
        return HEIGHT - BOTTOM - value / tops[axis] * (HEIGHT - TOP - BOTTOM)

    parts = [grid(tops, y), seconds_axis(end - start, lambda seconds: x(start + seconds))]
    parts += [mark(x(at), label, row) for row, (at, label) in enumerate(marks) if start <= at <= end]
    parts += [line(series, samples, x, y) for series in SERIES]
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">{"".join(parts)}</svg><p>{legend()}</p>'


def nice(top: int) -> int:
    """Return an axis end at or above a value that divides into four whole steps."""
    return max(4, -(-top // 4) * 4)


def grid(tops: dict[str, int], y: Callable[[float, str], float]) -> str:
    """Return horizontal lines with both axes' numbers."""
    parts = []
    for step in range(5):
        height = y(tops["jobs"] * step / 4, "jobs")
        jobs, instances = tops["jobs"] * step // 4, tops["instances"] * step // 4
        parts.append(f'<path d="M{LEFT} {height:.1f}H{WIDTH - RIGHT}" stroke="#e9ecef"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{height + 4:.1f}" text-anchor="end">{jobs}</text>')
        parts.append(f'<text x="{WIDTH - RIGHT + 8}" y="{height + 4:.1f}">{instances}</text>')
    parts.append(f'<text x="{LEFT}" y="{TOP - 4}">jobs</text>')
    parts.append(f'<text x="{WIDTH - 4}" y="{TOP - 4}" text-anchor="end">instances</text>')
    return "".join(parts)


def seconds_axis(length: float, x: Callable[[float], float]) -> str:
    """Return the labels of the time axis, about ten of them."""
    step = next((step for step in STEPS if length <= step * MOST_LABELS), STEPS[-1])
    return "".join(
        f'<text x="{x(seconds):.1f}" y="{HEIGHT - 12}" text-anchor="middle">{seconds} s</text>'
        for seconds in range(0, int(length) + 1, step)
    )


def mark(x: float, label: str, row: int) -> str:
    """Return a dashed vertical line with its label, one below the other so that they do not overlap."""
    return (
        f'<path d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#adb5bd" stroke-dasharray="3 3"/>'
        f'<text x="{x + 4:.1f}" y="{TOP + 12 + 14 * row}">{html.escape(label)}</text>'
    )


def line(
    series: Series,
    samples: Sequence[Sample],
    x: Callable[[float], float],
    y: Callable[[float, str], float],
) -> str:
    """Return one series as a stepped line."""
    points = [(x(sample.at), y(series.value(sample), series.axis)) for sample in samples]
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}" + "".join(f"H{a:.1f}V{b:.1f}" for a, b in points[1:])
    return f'<path d="{path}" fill="none" stroke="{series.colour}" stroke-width="2"><title>{series.name}</title></path>'


def legend() -> str:
    """Return the names of the series in their colours."""
    return " · ".join(
        f'<span style="color:{series.colour}">━ {series.name} ({series.axis})</span>' for series in SERIES
    )
