"""Draw lines over time as SVG; what is missing is a gap, never a zero."""

from __future__ import annotations

import html
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tools.report.cloudwatch import Points, Span

WIDTH, HEIGHT = 480, 200
LEFT, RIGHT, TOP, BOTTOM = 44, 10, 10, 24
COLOURS = 6
# A line is interrupted where this many periods in a row have no value.
GAP_PERIODS = 3


@dataclass(frozen=True)
class Line:
    """A named line."""

    label: str
    points: Points


def plot(title: str, lines: Sequence[Line], span: Span) -> str:
    """Return a plot of the lines."""
    values = [value for line in lines for _, value in line.points]
    top = nice(max(values, default=0.0))
    if not values:
        return '<p class="none">no data in this span</p>'
    drawn = "".join(_line(line, number, span, top) for number, line in enumerate(lines))
    label = html.escape(title)
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{_grid(top)}{_hours(span)}{drawn}</svg>'
    )


def nice(top: float) -> float:
    """Return an axis end at or above a value: 1, 2 or 5 times a power of ten, and at least 1 in four steps."""
    scale = 1.0
    while scale * 10 <= top:
        scale *= 10
    return max(4.0, next(scale * factor for factor in (1, 2, 4, 5, 8, 10) if scale * factor >= top))


def _x(at: float, span: Span) -> float:
    return LEFT + (at - span.start) / (span.end - span.start) * (WIDTH - LEFT - RIGHT)


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)


def _grid(top: float) -> str:
    parts = []
    for step in range(5):
        value = top * step / 4
        height = _y(value, top)
        parts.append(f'<path class="grid" d="M{LEFT} {height:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{height + 4:.1f}" text-anchor="end">{value:g}</text>')
    return "".join(parts)


def _hours(span: Span) -> str:
    parts = []
    for part in range(5):
        at = span.start + (span.end - span.start) * part / 4
        anchor = ("start", "middle", "middle", "middle", "end")[part]
        clock = datetime.fromtimestamp(at, UTC).strftime("%H:%M")
        parts.append(f'<text x="{_x(at, span):.1f}" y="{HEIGHT - 6}" text-anchor="{anchor}">{clock}</text>')
    return "".join(parts)


def _line(line: Line, number: int, span: Span, top: float) -> str:
    path = "".join(_piece(piece, span, top) for piece in _pieces(line.points, GAP_PERIODS * span.period_seconds))
    return f'<path class="line c{number % COLOURS}" d="{path}"><title>{html.escape(line.label)}</title></path>'


def _pieces(points: Points, gap_seconds: float) -> Iterable[Points]:
    """Yield the runs of points without a gap between them."""
    start = 0
    for index in range(1, len(points)):
        if points[index][0] - points[index - 1][0] > gap_seconds:
            yield points[start:index]
            start = index
    yield points[start:]


def _piece(points: Points, span: Span, top: float) -> str:
    places = [(_x(at, span), _y(value, top)) for at, value in points]
    if not places:
        return ""
    # A single point is drawn as a dot: a line of no length with round ends.
    rest = places[1:] or places
    return f"M{places[0][0]:.1f} {places[0][1]:.1f}" + "".join(f"L{x:.1f} {y:.1f}" for x, y in rest)
