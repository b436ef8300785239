"""Render a fleet's last hours from CloudWatch into one page: ``make report FLEET=ci HOURS=6``."""

from __future__ import annotations

import argparse
import math
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError

from tools.local.addresses import NotUpError, addresses
from tools.local.client import client
from tools.local.names import stack_name
from tools.report import dashboard, panels
from tools.report.cloudwatch import ReportError, Span, read
from tools.report.page import Words, render, times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_cloudwatch import CloudWatchClient

    from tools.report.panels import Panel

# Points in a plot: more would not be seen.
MOST_POINTS = 360
MINUTE = 60
# Our own metrics have a resolution of a second, which CloudWatch keeps for three hours.
FINE_SECONDS = (5, 10)
FOLDER = Path("build/report")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page; return 0, or 2 with one sentence on what is wrong."""
    options = _parser().parse_args(arguments)
    try:
        fleet, client = _source(options)
        make = write_dashboard if options.dashboard else write
        print(make(fleet, client, span(time.time(), options.hours), options.output))
    except (NotUpError, ReportError) as error:
        print(f"error: make report: {error}", file=sys.stderr)
        return 2
    return 0


def span(now: float, hours: float) -> Span:
    """Return the last hours: some seconds or whole minutes to a point, and no more points than can be seen."""
    wanted = hours * 3600 / MOST_POINTS
    whole_minutes = math.ceil(wanted / MINUTE) * MINUTE
    period = next((seconds for seconds in FINE_SECONDS if wanted <= seconds), whole_minutes)
    return Span(now - hours * 3600, now, period)


def write(fleet: str, client: CloudWatchClient, shown: Span, folder: Path) -> Path:
    """Write a fleet's page into a folder and return its path.

    Raises:
        ReportError: CloudWatch cannot be read, or holds nothing of the fleet.
    """
    return _write(client, panels.load(fleet), shown, Words(f"Fleet {fleet}", times(shown)), folder / f"{fleet}.html")


def write_dashboard(fleet: str, client: CloudWatchClient, shown: Span, folder: Path) -> Path:
    """Write the fleet's dashboard, as it was applied, as a page into a folder and return its path.

    Raises:
        ReportError: CloudWatch cannot be read, has no such dashboard, or holds nothing of the fleet.
    """
    name = f"{fleet}-{client.meta.region_name}"
    shown = replace(shown, period_seconds=max(shown.period_seconds, MINUTE))  # as the dashboard does
    found = dashboard.read_dashboard(client, name, panels.load(fleet))
    alarms = dashboard.alarm_section(dashboard.alarm_states(client, found.alarms))
    words = Words(f"Dashboard {name}", times(shown), alarms)
    return _write(client, found.panels, shown, words, folder / f"{fleet}-dashboard.html")


def _write(client: CloudWatchClient, shapes: Sequence[Panel], shown: Span, words: Words, path: Path) -> Path:
    values = read(client, [metric for panel in shapes for metric in panel.metrics], shown)
    if not any(values.values()):
        raise ReportError(
            f"{words.title}: CloudWatch holds no metric of it in this time: is FLEET right, and the region?"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(words, shapes, values, shown), encoding="utf-8")
    return path


def _source(options: argparse.Namespace) -> tuple[str, CloudWatchClient]:
    """Return the fleet and where to read: AWS for a named fleet, else the local stack that is up."""
    if options.fleet:
        try:
            return options.fleet, boto3.client("cloudwatch")
        except BotoCoreError as error:
            raise ReportError(f"{str(error).rstrip('.')}: set AWS_REGION and credentials") from error
    local = addresses(options.stack, "FLEET=name")
    return local["fleet"], client("cloudwatch", local)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("make report", description=__doc__)
    parser.add_argument("--fleet", default="", help="the fleet's name; none = the local stack's")
    parser.add_argument("--stack", default="local", type=stack_name, help="the local stack of make up STACK=…")
    parser.add_argument("--hours", type=_hours, default=3.0)
    parser.add_argument("--dashboard", action="store_true", help="draw the dashboard as it was applied, instead")
    parser.add_argument("--output", type=Path, default=FOLDER, help=f"folder of the page ({FOLDER})")
    return parser


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of hours") from error
    if not 0 < hours <= 24 * 14:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 336, the hours for which minutes are kept")
    return hours


if __name__ == "__main__":
    sys.exit(main())
