"""Plots of curves and of a fleet over time, as PNG."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tools.simulator.frontier import OURS, REFERENCES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.simulator.frontier import Curve
    from tools.simulator.record import Result

_INCHES = (8.0, 4.6)
_DPI = 90
_MARKERS = "osD^vP*Xhd<>p"
# More points than a plot has pixels only make it slow.
_MOST_POINTS = 2000


def frontier(title: str, curves: Sequence[Curve]) -> bytes:
    """Return the curves of mean wait against instance-hours; what lies far out is cut off."""
    figure, axes = _figure(title, "instance-hours", "mean wait (s)")
    for place, curve in enumerate(curves):
        hours = [point.instance_hours for point in curve.points]
        waits = [point.mean_wait for point in curve.points]
        is_ours, is_reference = curve.name.startswith(OURS), curve.name in REFERENCES
        axes.plot(
            hours,
            waits,
            label=curve.name,
            linestyle="--" if is_reference else "-",
            linewidth=2.2 if is_ours else 1.0,
            marker=_MARKERS[place % len(_MARKERS)],
            markersize=5 if is_ours else 3.5,
            zorder=3 if is_ours else 2,
        )
    ours = [point for curve in curves if curve.name.startswith(OURS) for point in curve.points]
    if ours:
        axes.set_ylim(-1, 1.6 * max(point.mean_wait for point in ours) + 1)
    axes.legend(fontsize=7, ncol=2)
    return _png(figure)


def timeline(title: str, result: Result) -> bytes:
    """Return the queue and the capacity over time."""
    figure, axes = _figure(title, "hours", "jobs and instances")
    samples = result.samples[:: max(1, len(result.samples) // _MOST_POINTS)]
    hours = [sample.at / 3600 for sample in samples]
    capacity = [sample.in_service + sample.booting for sample in samples]
    axes.fill_between(hours, capacity, step="post", color="#d0ebff", label="instances, booting ones included")
    axes.step(hours, [s.in_service for s in samples], where="post", color="#1864ab", lw=1.0, label="in service")
    axes.step(hours, [s.running for s in samples], where="post", color="#2b8a3e", lw=0.8, label="running jobs")
    axes.step(hours, [s.pending for s in samples], where="post", color="#d9480f", lw=0.8, label="pending jobs")
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=7, loc="upper right")
    return _png(figure)


def _figure(title: str, across: str, up: str):  # type: ignore[no-untyped-def]  # noqa: ANN202 - matplotlib's types
    figure = Figure(figsize=_INCHES, dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(title, fontsize=10)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.grid(alpha=0.25)
    return figure, axes


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    # Without the software's name, the same figures make the same bytes.
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
