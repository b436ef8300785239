"""Render a fleet's last hours from CloudWatch into one page: ``make report FLEET=ci HOURS=6``."""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError

from tools.local.client import client
from tools.report import panels
from tools.report.cloudwatch import ReportError, Span, read
from tools.report.page import render

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_cloudwatch import CloudWatchClient

# Points in a plot: more would not be seen.
MOST_POINTS = 360
MINUTE = 60
# Our own metrics have a resolution of a second, which CloudWatch keeps for three hours.
FINE_SECONDS = 10


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page; return 0, or 2 with one sentence on what is wrong."""
    options = _parser().parse_args(arguments)
    try:
        fleet, client = _source(options)
        print(write(fleet, client, span(time.time(), options.hours), options.output))
    except ReportError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def span(now: float, hours: float) -> Span:
    """Return the last hours: ten seconds or whole minutes to a point, and no more points than can be seen."""
    wanted = hours * 3600 / MOST_POINTS
    period = FINE_SECONDS if wanted <= FINE_SECONDS else math.ceil(wanted / MINUTE) * MINUTE
    return Span(now - hours * 3600, now, period)


def write(fleet: str, client: CloudWatchClient, shown: Span, folder: Path) -> Path:
    """Write a fleet's page into a folder and return its path.

    Raises:
        ReportError: CloudWatch cannot be read, or holds nothing of the fleet.
    """
    shapes = panels.load(fleet)
    values = read(client, [metric for panel in shapes for metric in panel.metrics], shown)
    if not any(values.values()):
        raise ReportError(
            f"CloudWatch holds no metric of a fleet {fleet} in this time: is FLEET right, and the region?"
        )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{fleet}.html"
    path.write_text(render(fleet, shapes, values, shown), encoding="utf-8")
    return path


def _source(options: argparse.Namespace) -> tuple[str, CloudWatchClient]:
    """Return the fleet and where to read: AWS for a named fleet, else the local stack that is up."""
    if options.fleet:
        try:
            return options.fleet, boto3.client("cloudwatch")
        except BotoCoreError as error:
            raise ReportError(f"{error}: set AWS_REGION and credentials") from error
    if not options.outputs.exists():
        raise ReportError("no fleet is named and no local stack is up: give FLEET=…, or run make up first")
    local: dict[str, Any] = json.loads(options.outputs.read_text())
    return local["fleet"], client("cloudwatch", local)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("make report", description=__doc__)
    parser.add_argument("--fleet", default="", help="the fleet's name; none = the local stack's")
    parser.add_argument("--hours", type=_hours, default=3.0)
    parser.add_argument("--outputs", type=Path, default=Path("build/local/outputs.json"))
    parser.add_argument("--output", type=Path, default=Path("build/report"))
    return parser


def _hours(text: str) -> float:
    hours = float(text)
    if not 0 < hours <= 24 * 14:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 336, the hours for which minutes are kept")
    return hours


if __name__ == "__main__":
    sys.exit(main())
