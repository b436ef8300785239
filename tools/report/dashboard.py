"""Read a CloudWatch dashboard as it was applied, and say it as panels.

The form of a body: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from tools.report.cloudwatch import ReportError
from tools.report.panels import MINUTE, Metric, Panel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mypy_boto3_cloudwatch import CloudWatchClient

NAME, VALUE = 0, 1
# The one kind of expression that the fleet's dashboard has.
DIFFERENCE = re.compile(r"m\d+( - FILL\(m\d+, 0\))*")
IDENTIFIER = re.compile(r"m\d+")
# The error's code in the protocols that CloudWatch speaks.
NOT_FOUND = ("DashboardNotFoundError", "ResourceNotFound")


@dataclass(frozen=True)
class Dashboard:
    """What a dashboard shows, in its own order: the alarms' names, and panels."""

    alarms: tuple[str, ...]
    panels: tuple[Panel, ...]


def read_dashboard(client: CloudWatchClient, name: str, fleet: Sequence[Panel]) -> Dashboard:
    """Return a dashboard.

    Args:
        client: of CloudWatch.
        name: the dashboard's name.
        fleet: panels of the same titles, which tell what it means when there is nothing to draw.

    Raises:
        ReportError: there is none, or it shows what this cannot draw.
    """
    try:
        body = client.get_dashboard(DashboardName=name)["DashboardBody"]
    except (BotoCoreError, ClientError) as error:
        if isinstance(error, ClientError) and error.response["Error"]["Code"] in NOT_FOUND:
            raise ReportError(f"there is no dashboard {name}: observability.dashboard = true creates it") from error
        raise ReportError(f"the dashboard {name} cannot be read: {error}") from error
    return parse(name, body, {panel.title: panel for panel in fleet})


def parse(name: str, body: str, fleet: Mapping[str, Panel]) -> Dashboard:
    """Return what a dashboard's body shows, from top to bottom and from left to right."""
    widgets = sorted(json.loads(body)["widgets"], key=lambda widget: (widget["y"], widget["x"]))
    alarms: list[str] = []
    found: list[Panel] = []
    for widget in widgets:
        properties = widget["properties"]
        if widget["type"] == "alarm":
            alarms += [arn.rpartition(":alarm:")[2] for arn in properties["alarms"]]
        elif widget["type"] == "metric":
            found.append(_panel(properties, fleet))
        else:
            raise ReportError(f"dashboard {name}: this cannot draw a widget of the type {widget['type']}")
    return Dashboard(tuple(alarms), tuple(found))


def _panel(properties: Mapping[str, Any], fleet: Mapping[str, Panel]) -> Panel:
    title, period_seconds = properties["title"], min(properties["period"], MINUTE)
    plain = [entry for entry in properties["metrics"] if "expression" not in entry[-1]]
    named = {entry[-1].get("id", ""): _metric(entry, period_seconds) for entry in plain}
    metrics = [
        _difference(entry[-1], named) if "expression" in entry[-1] else _metric(entry, period_seconds)
        for entry in properties["metrics"]
        if entry[-1].get("visible", True)
    ]
    return Panel(title, tuple(metrics), fleet[title].silent if title in fleet else "")


def _metric(entry: Sequence[Any], period_seconds: int) -> Metric:
    namespace, name, *dimensions, drawn = entry
    pairs = tuple(zip(dimensions[NAME::2], dimensions[VALUE::2], strict=True))
    return Metric(namespace, name, pairs, drawn["stat"], drawn["label"], period_seconds)


def _difference(drawn: Mapping[str, str], named: Mapping[str, Metric]) -> Metric:
    """Return what an expression draws: a metric less others, of which a missing one is zero."""
    expression = drawn["expression"]
    if not DIFFERENCE.fullmatch(expression):
        raise ReportError(f"this cannot draw the expression {expression}")
    first, *others = (named[identifier] for identifier in IDENTIFIER.findall(expression))
    return replace(first, label=drawn["label"], less=tuple(other.name for other in others))


def alarm_states(client: CloudWatchClient, names: Sequence[str]) -> Mapping[str, str]:
    """Return the state of each alarm; one that is gone has none.

    Raises:
        ReportError: CloudWatch cannot be read.
    """
    try:
        found = [
            alarm for batch in _batches(names) for alarm in client.describe_alarms(AlarmNames=batch)["MetricAlarms"]
        ]
    except (BotoCoreError, ClientError) as error:
        raise ReportError(f"CloudWatch cannot be read: {error}") from error
    states = {alarm["AlarmName"]: alarm["StateValue"] for alarm in found}
    return {name: states.get(name, "gone") for name in names}


def _batches(names: Sequence[str], size: int = 100) -> Iterable[Sequence[str]]:
    """Yield as many names at once as DescribeAlarms takes."""
    return (names[start : start + size] for start in range(0, len(names), size))


def alarm_section(states: Mapping[str, str]) -> str:
    """Return the alarms and their states as HTML, those that ring first."""
    if not states:
        return ""
    order = sorted(states.items(), key=lambda entry: (entry[1] != "ALARM", entry[1] == "OK", entry[0]))
    entries = "".join(
        f'<li class="{state.lower()}"><span>{html.escape(name)}: {html.escape(WORDS.get(state, state))}</span></li>'
        for name, state in order
    )
    return f'<section class="whole"><h2>Alarms</h2><ul class="legend alarms">{entries}</ul></section>'


WORDS = {"ALARM": "in alarm", "INSUFFICIENT_DATA": "no data yet", "OK": "OK"}
