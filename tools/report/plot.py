"""Draw lines over time as SVG; what is missing is a gap, never a zero."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tools.report.style import COLOURS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tools.report.cloudwatch import Points, Span

WIDTH, HEIGHT = 480, 200
LEFT, RIGHT, TOP, BOTTOM = 48, 10, 10, 24
# A line is interrupted where this many periods in a row have no value, and at least so many seconds: the fleet is
# looked at once a minute when nothing happens. At rest a zero is only repeated every four to six minutes.
GAP_PERIODS = 3
GAP_SECONDS = 90
REST_SECONDS = 390
# Of a shorter time the clock is shown with seconds.
SECONDS_UNTIL = 1800
FIVE_DIGITS = 10_000
BAR_STEP = 2
WHOLE_STEPS = 4.0


@dataclass(frozen=True)
class Line:
    """A named line; values that are counts of a period are drawn as bars, others hold until the next."""

    label: str
    points: Points
    is_count: bool = False


def plot(title: str, lines: Sequence[Line], span: Span) -> str:
    """Return a plot of the lines, of which each has a point at least."""
    top = nice(max((value for line in lines for _, value in line.points), default=0.0))
    drawn = "".join(_line(line, number, span, top) for number, line in enumerate(lines))
    label = html.escape(title)
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{_grid(top)}{_clock(span)}{drawn}</svg>'
    )


def nice(top: float) -> float:
    """Return an axis end at or above a value: a round number in four steps, whole ones from 1 on."""
    if top <= 0:
        return WHOLE_STEPS
    scale = 10.0 ** math.floor(math.log10(top))
    end = next(scale * factor for factor in (1, 2, 4, 5, 8, 10) if scale * factor >= top)
    return max(WHOLE_STEPS, end) if top >= 1 else end


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
        parts.append(f'<text x="{LEFT - 6}" y="{height + 4:.1f}" text-anchor="end">{short(value)}</text>')
    return "".join(parts)


def short(value: float) -> str:
    """Return a number that fits beside an axis."""
    return f"{value / 1000:g}k" if value >= FIVE_DIGITS else f"{value:g}"


def _clock(span: Span) -> str:
    form = "%H:%M:%S" if span.end - span.start < SECONDS_UNTIL else "%H:%M"
    parts = []
    for part, anchor in enumerate(("start", "middle", "middle", "end")):
        at = span.start + (span.end - span.start) * part / 3
        clock = datetime.fromtimestamp(at, UTC).strftime(form)
        parts.append(f'<text x="{_x(at, span):.1f}" y="{HEIGHT - 6}" text-anchor="{anchor}">{clock}</text>')
    return "".join(parts)


def _line(line: Line, number: int, span: Span, top: float) -> str:
    if line.is_count:
        kind, path = "bars", "".join(_bar(at, value, number, span, top) for at, value in line.points)
    else:
        gap_seconds = max(GAP_SECONDS, GAP_PERIODS * span.period_seconds)
        kind, path = "line", "".join(_piece(piece, span, top) for piece in _pieces(line.points, gap_seconds))
    return f'<path class="{kind} c{number % COLOURS}" d="{path}"><title>{html.escape(line.label)}</title></path>'


def _bar(at: float, value: float, number: int, span: Span, top: float) -> str:
    """Return a bar, a little beside those of the other lines; one of zero is a tick on the axis."""
    x = _x(at, span) + BAR_STEP * number
    return f"M{x:.1f} {_y(0, top) + 1:.1f}V{_y(value, top) - 1:.1f}"


def _pieces(points: Points, gap_seconds: float) -> Iterable[Points]:
    """Yield the runs of points without a gap between them."""
    start = 0
    for index in range(1, len(points)):
        at, value = points[index - 1]
        if points[index][0] - at > (gap_seconds if value else max(gap_seconds, REST_SECONDS)):
            yield points[start:index]
            start = index
    yield points[start:]


def _piece(points: Points, span: Span, top: float) -> str:
    places = [(_x(at, span), _y(value, top)) for at, value in points]
    if not places:
        return ""
    if len(places) == 1:
        return _dot(*places[0])
    return f"M{places[0][0]:.1f} {places[0][1]:.1f}" + "".join(f"H{x:.1f}V{y:.1f}" for x, y in places[1:])


def _dot(x: float, y: float) -> str:
    """Return a small circle: a line of no length would hardly be seen."""
    return f"M{x - 2:.1f} {y:.1f}a2 2 0 1 0 4 0a2 2 0 1 0 -4 0"
