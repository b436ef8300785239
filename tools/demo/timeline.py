"""Draw the demo's run over time as SVG: jobs on the left axis, instances on the right one, seconds below."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tools.demo.watch import Sample

    Marks = Sequence[tuple[float, str]]

LEFT, RIGHT, TOP, BOTTOM = 48, 48, 40, 32
AXES = ("jobs", "instances")
STEPS = (5, 10, 15, 30, 60, 120, 300, 600, 3600)
# Marks closer than this would be written over each other.
MARK_WIDTH = 16
REST_SECONDS = 5


@dataclass(frozen=True)
class Series:
    """A line of the plot: its name, values and the axis it belongs to."""

    name: str
    value: Callable[[Sample], int]
    axis: str


SERIES = (
    Series("instances", lambda sample: sample.instances.total, "instances"),
    Series("pending jobs", lambda sample: sample.jobs.pending, "jobs"),
    Series("running jobs", lambda sample: sample.jobs.running, "jobs"),
    Series("desired capacity", lambda sample: sample.instances.desired, "instances"),
)


@dataclass(frozen=True)
class Frame:
    """How large the plot is, what time it shows and where its axes end."""

    width: int
    height: int
    labels: int
    start: float
    end: float
    tops: dict[str, int]

    def x(self, at: float) -> float:
        """Return where a time (seconds since the epoch) is."""
        return LEFT + (at - self.start) / (self.end - self.start) * (self.width - LEFT - RIGHT)

    def y(self, value: float, axis: str) -> float:
        """Return where a value is."""
        return self.height - BOTTOM - value / self.tops[axis] * (self.height - TOP - BOTTOM)


def timeline(samples: Sequence[Sample], marks: Marks) -> str:
    """Return the timeline as HTML: one plot for broad screens, one for narrow ones, and the words to them."""
    if not samples:
        return "<p>Nothing was seen.</p>"
    samples = until_rest(samples)
    start, end = samples[0].at, max(samples[-1].at, samples[0].at + 1)
    tops = {axis: nice(max(s.value(p) for s in SERIES if s.axis == axis for p in samples)) for axis in AXES}
    shown = [(at, label) for at, label in marks if start <= at <= end]
    plots = plot(Frame(1100, 340, 16, start, end, tops), samples, shown, "broad")
    plots += plot(Frame(480, 320, 6, start, end, tops), samples, shown, "narrow")
    listed = "".join(f"<li>{html.escape(label)} after {at - start:.0f} s</li>" for at, label in shown)
    return f'{plots}<ul class="legend">{legend()}</ul><ol>{listed}</ol>'


def until_rest(samples: Sequence[Sample]) -> Sequence[Sample]:
    """Return the samples without those after which nothing changed any more, but for a little of them."""
    last = samples[-1]
    changing = [
        place for place, each in enumerate(samples) if (each.jobs, each.instances) != (last.jobs, last.instances)
    ]
    rest = samples[changing[-1] + 1 if changing else 0].at
    return [each for each in samples if each.at <= rest + REST_SECONDS]


def plot(frame: Frame, samples: Sequence[Sample], marks: Marks, kind: str) -> str:
    """Return the timeline as SVG of one size."""
    parts = [grid(frame), seconds_axis(frame), numbered(frame, marks)]
    parts += [line(frame, number, samples) for number in range(len(SERIES))]
    label = "jobs and instances over time"
    size = f"0 0 {frame.width} {frame.height}"
    return f'<svg class="{kind}" viewBox="{size}" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def nice(top: int) -> int:
    """Return an axis end at or above a value that divides into four whole steps."""
    return max(4, -(-top // 4) * 4)


def grid(frame: Frame) -> str:
    """Return horizontal lines with both axes' numbers."""
    parts = []
    right = frame.width - RIGHT
    for step in range(5):
        height = frame.y(frame.tops["jobs"] * step / 4, "jobs")
        jobs, instances = frame.tops["jobs"] * step // 4, frame.tops["instances"] * step // 4
        parts.append(f'<path class="grid" d="M{LEFT} {height:.1f}H{right}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{height + 4:.1f}" text-anchor="end">{jobs}</text>')
        parts.append(f'<text x="{right + 8}" y="{height + 4:.1f}">{instances}</text>')
    parts.append('<text x="4" y="14">jobs</text>')
    parts.append(f'<text x="{frame.width - 4}" y="14" text-anchor="end">instances</text>')
    return "".join(parts)


def seconds_axis(frame: Frame) -> str:
    """Return the labels of the time axis, as many as fit."""
    length = frame.end - frame.start
    step = next((step for step in STEPS if length <= step * frame.labels), STEPS[-1])
    return "".join(
        f'<text x="{frame.x(frame.start + at):.1f}" y="{frame.height - 10}" text-anchor="middle">{at} s</text>'
        for at in range(0, int(length) + 1, step)
    )


def numbered(frame: Frame, marks: Marks) -> str:
    """Return dashed vertical lines with their numbers; of two too close, the second number stands above."""
    parts = []
    last, is_high = 0.0, False
    for number, (at, _) in enumerate(marks, start=1):
        x = frame.x(at)
        is_high = x - last < MARK_WIDTH and not is_high
        height = TOP - (20 if is_high else 4)
        parts.append(f'<path class="mark" d="M{x:.1f} {height + 2}V{frame.height - BOTTOM}"/>')
        parts.append(f'<text x="{x:.1f}" y="{height - 2}" text-anchor="middle">{number}</text>')
        last = x
    return "".join(parts)


def line(frame: Frame, number: int, samples: Sequence[Sample]) -> str:
    """Return one series as a stepped line."""
    series = SERIES[number]
    points = [(frame.x(sample.at), frame.y(series.value(sample), series.axis)) for sample in samples]
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    height = points[0][1]
    for x, y in points[1:]:
        if y != height:
            path += f"H{x:.1f}V{y:.1f}"
            height = y
    path += f"H{points[-1][0]:.1f}"
    return f'<path class="line c{number}" d="{path}"><title>{series.name}</title></path>'


def legend() -> str:
    """Return the names of the series in their colours."""
    return "".join(f'<li class="t{number}"><span>{series.name}</span></li>' for number, series in enumerate(SERIES))
