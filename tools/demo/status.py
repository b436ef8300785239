"""Read what CloudWatch holds of the demo's run, while there is a CloudWatch to ask."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tools.local.client import client
from tools.report import panels
from tools.report.cloudwatch import Points, ReportError, Span, read
from tools.report.page import Words, render, times

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.report.panels import Metric, Panel

# A run takes minutes, and the local AWS keeps every value with its time: AWS would keep most of them for a minute.
PERIOD_SECONDS = 5
STANDARD_SECONDS = 1


@dataclass(frozen=True)
class Status:
    """The fleet's panels and their values in a span of time."""

    panels: list[Panel]
    values: Mapping[Metric, Points]
    span: Span

    def page(self, title: str, opening: str) -> str:
        """Return the status page as HTML."""
        return render(Words(title, times(self.span), opening), self.panels, self.values, self.span)


def status(addresses: Mapping[str, Any], start: float, end: float) -> Status:
    """Return what CloudWatch holds of a time, in whole periods.

    Args:
        addresses: of the stack.
        start: seconds since the epoch.
        end: the same.

    Raises:
        ReportError: it cannot be read, or holds nothing.
    """
    first, last = math.floor(start / PERIOD_SECONDS), math.ceil(end / PERIOD_SECONDS)
    span = Span(first * PERIOD_SECONDS, last * PERIOD_SECONDS, PERIOD_SECONDS)
    shown = panels.load(str(addresses["fleet"]), STANDARD_SECONDS)
    values = read(client("cloudwatch", addresses), [metric for panel in shown for metric in panel.metrics], span)
    if not any(values.values()):
        raise ReportError("CloudWatch holds no metric of the run")
    return Status(shown, values, span)
