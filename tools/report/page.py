"""Put the plots into one page that opens offline, on a phone and in the dark."""

from __future__ import annotations

import html
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tools.report.plot import Line, plot
from tools.report.style import COLOURS, STYLE, colours

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tools.report.cloudwatch import Points, Span
    from tools.report.panels import Metric, Panel

MANY, LITTLE = 1000, 0.001
NO_REASON = "No value in this time."
GAPS = (
    "A gap is a time without a value: the fleet was at rest, or, where pending jobs are missing for more than six "
    "minutes, something could not be read."
)


@dataclass(frozen=True)
class Words:
    """What a page says besides its plots.

    Args:
        title: the heading.
        lead: what is below it.
        opening: HTML before the plots.
    """

    title: str
    lead: str = ""
    opening: str = ""


def render(words: Words, panels: Sequence[Panel], values: Mapping[Metric, Points], span: Span) -> str:
    """Return a page as HTML.

    Args:
        words: what it says besides its plots.
        panels: what is shown together; those without a value come last, and say why they have none.
        values: what CloudWatch holds.
        span: the time it is shown for.
    """
    seen = [panel for panel in panels if any(values.get(metric) for metric in panel.metrics)]
    silent = [panel for panel in panels if panel not in seen]
    sections = "".join(_section(panel, values, span) for panel in seen)
    title = html.escape(words.title)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}{colours()}</style><h1>{title}</h1>"
        f"<p>{html.escape(words.lead)}</p><main>{words.opening}{sections}{_silent(silent)}</main></html>\n"
    )


def times(span: Span) -> str:
    """Return in words which time is shown, and how."""
    start, end = (datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M") for at in (span.start, span.end))
    every = f"{span.period_seconds} s" if span.period_seconds < 60 else f"{span.period_seconds // 60} min"  # noqa: PLR2004 - a minute
    return f"{start} to {end} UTC, a point every {every}. {GAPS}"


def _section(panel: Panel, values: Mapping[Metric, Points], span: Span) -> str:
    lines = [Line(metric.label, values.get(metric, ()), metric.stat == "Sum") for metric in panel.metrics]
    seen = [line for line in lines if line.points]
    legend = "".join(_entry(line, number) for number, line in enumerate(seen))
    drawn = plot(panel.title, seen, span)
    return f'<section><h2>{html.escape(panel.title)}</h2>{drawn}<ul class="legend">{legend}</ul></section>'


def _silent(panels: Sequence[Panel]) -> str:
    """Return a list of the panels that have nothing to draw."""
    if not panels:
        return ""
    entries = "".join(
        f"<li><strong>{html.escape(panel.title)}</strong>: {html.escape(panel.silent or NO_REASON)}</li>"
        for panel in panels
    )
    return f'<section class="whole"><h2>Nothing to draw</h2><ul class="silent">{entries}</ul></section>'


def _entry(line: Line, number: int) -> str:
    numbers = [value for _, value in line.points]
    known = f"{said(sum(numbers))} in all" if line.is_count else f"last {said(numbers[-1])}"
    words = f"{html.escape(line.label)}: {known}, most {said(max(numbers))}"
    return f'<li class="t{number % COLOURS}"><span>{words}</span></li>'


def said(value: float) -> str:
    """Return a number in as many digits as one wants to read."""
    if 0 < value < LITTLE:
        return f"under {LITTLE}"
    return f"{value:,.0f}" if value >= MANY else f"{value:.3g}"
