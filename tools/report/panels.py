"""Read which metrics are shown together: the list that Terraform makes the dashboard from."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SOURCE = Path(__file__).parents[2] / "terraform" / "panels.json"
NAMESPACE = "GitLabRunnerFleet"


# Only of the scaler's metrics CloudWatch keeps values of one minute apart: AWS's own, those made of log lines and the
# credential vendor's have whole minutes.
MINUTE = 60


@dataclass(frozen=True)
class Metric:
    """A line of a panel: where its values are, how they are summed up over a period, and the shortest such period.

    `less` names metrics of the same dimensions that are taken off.
    """

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    stat: str
    label: str
    finest_seconds: int = 1
    less: tuple[str, ...] = ()

    @property
    def parts(self) -> tuple[Metric, ...]:
        """What CloudWatch has: the metric itself, and those that are taken off it."""
        return tuple(replace(self, name=name, less=()) for name in (self.name, *self.less))


@dataclass(frozen=True)
class Panel:
    """Metrics that are shown in one plot, and what it means when none of them has a value."""

    title: str
    metrics: tuple[Metric, ...]
    silent: str = ""


def load(fleet: str, standard_seconds: int = MINUTE, source: Path = SOURCE) -> list[Panel]:
    """Return the panels of a fleet.

    Args:
        fleet: the fleet's name.
        standard_seconds: how far apart CloudWatch keeps the values of metrics that are not of high resolution.
        source: the list of panels.
    """
    entries = json.loads(source.read_text())
    return [
        Panel(entry["title"], tuple(_metrics(entry, fleet, standard_seconds)), entry.get("silent", ""))
        for entry in entries
    ]


def _metrics(entry: Mapping[str, Any], fleet: str, standard_seconds: int) -> Iterable[Metric]:
    namespace = entry.get("namespace", NAMESPACE).replace("{fleet}", fleet)
    finest = 1 if namespace == NAMESPACE and not entry.get("credentials") else standard_seconds
    for metric in entry["metrics"]:
        for function in entry.get("each", [""]):
            dimensions = _dimensions(metric, fleet, function)
            label, less = metric.get("label", function), tuple(metric.get("less", ()))
            yield Metric(namespace, metric["name"], dimensions, metric["stat"], label, finest, less)


def _dimensions(metric: Mapping[str, Any], fleet: str, function: str) -> tuple[tuple[str, str], ...]:
    if function:
        return (("FunctionName", f"{fleet}-{function}"),)
    given: Mapping[str, str] = metric.get("dimensions", {"Fleet": "{fleet}"})
    return tuple((name, value.replace("{fleet}", fleet)) for name, value in given.items())
