"""Read the values of metrics from CloudWatch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import DimensionTypeDef, MetricDataQueryTypeDef

    from tools.report.panels import Metric

Points = tuple[tuple[float, float], ...]


class ReportError(Exception):
    """The report cannot be made; the message says why and what to do."""


@dataclass(frozen=True)
class Span:
    """A span of time in epoch seconds, and the length of the periods it is divided into."""

    start: float
    end: float
    period_seconds: int


def read(client: CloudWatchClient, metrics: Sequence[Metric], span: Span) -> Mapping[Metric, Points]:
    """Return (epoch seconds, value) for each metric, oldest first; periods without data are left out.

    Raises:
        ReportError: CloudWatch cannot be read.
    """
    parts = list(dict.fromkeys(part for metric in metrics for part in metric.parts))
    found: dict[Metric, dict[float, float]] = {part: {} for part in parts}
    try:
        for index, at, value in _answers(client, parts, span):
            found[parts[index]][at] = value
    except (BotoCoreError, ClientError) as error:
        raise ReportError(f"CloudWatch cannot be read: {error}") from error
    return {metric: _difference(*(found[part] for part in metric.parts)) for metric in metrics}


def _difference(values: Mapping[float, float], *others: Mapping[float, float]) -> Points:
    """Return values less the others, of which a missing one is zero."""
    return tuple((at, values[at] - sum(other.get(at, 0.0) for other in others)) for at in sorted(values))


def _answers(client: CloudWatchClient, metrics: Sequence[Metric], span: Span) -> Iterable[tuple[int, float, float]]:
    pages = client.get_paginator("get_metric_data").paginate(
        MetricDataQueries=[_query(f"m{index}", metric, span.period_seconds) for index, metric in enumerate(metrics)],
        StartTime=datetime.fromtimestamp(span.start, UTC),
        EndTime=datetime.fromtimestamp(span.end, UTC),
    )
    for page in pages:
        for result in page["MetricDataResults"]:
            for at, value in zip(result["Timestamps"], result["Values"], strict=True):
                yield int(result["Id"][1:]), at.timestamp(), value


def _query(name: str, metric: Metric, period_seconds: int) -> MetricDataQueryTypeDef:
    dimensions: list[DimensionTypeDef] = [{"Name": key, "Value": value} for key, value in metric.dimensions]
    period_seconds = max(period_seconds, metric.finest_seconds)
    return {
        "Id": name,
        "MetricStat": {
            "Metric": {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions},
            "Period": period_seconds,
            "Stat": metric.stat,
        },
    }
