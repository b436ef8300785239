"""Read which metrics are shown together: the list that Terraform makes the dashboard from."""

from __future__ import annotations

import json
from dataclasses import dataclass
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
    """A line of a panel: where its values are, how they are summed up over a period, and the shortest such period."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    stat: str
    label: str
    finest_seconds: int = 1


@dataclass(frozen=True)
class Panel:
    """Metrics that are shown in one plot."""

    title: str
    metrics: tuple[Metric, ...]


def load(fleet: str, source: Path = SOURCE) -> list[Panel]:
    """Return the panels of a fleet."""
    entries = json.loads(source.read_text())
    return [Panel(entry["title"], tuple(_metrics(entry, fleet))) for entry in entries]


def _metrics(entry: Mapping[str, Any], fleet: str) -> Iterable[Metric]:
    namespace = entry.get("namespace", NAMESPACE).replace("{fleet}", fleet)
    finest = 1 if namespace == NAMESPACE and not entry.get("credentials") else MINUTE
    for metric in entry["metrics"]:
        for function in entry.get("each", [""]):
            dimensions = _dimensions(metric, fleet, function)
            yield Metric(namespace, metric["name"], dimensions, metric["stat"], metric.get("label", function), finest)


def _dimensions(metric: Mapping[str, Any], fleet: str, function: str) -> tuple[tuple[str, str], ...]:
    if function:
        return (("FunctionName", f"{fleet}-{function}"),)
    given: Mapping[str, str] = metric.get("dimensions", {"Fleet": "{fleet}"})
    return tuple((name, value.replace("{fleet}", fleet)) for name, value in given.items())
