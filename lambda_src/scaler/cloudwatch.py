"""Publish metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.aws import service_errors
from scaler.errors import PublishError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_cloudwatch import CloudWatchClient

    from scaler.metrics import Figure

NAMESPACE = "GitLabRunnerFleet"


class Metrics:
    """The fleet's metrics, one call for all of them, with a resolution of one second so that alarms can be fast.

    Args:
        client: returns a CloudWatch client.
        fleet: the fleet's name.
    """

    def __init__(self, client: Callable[[], CloudWatchClient], fleet: str) -> None:
        self._client = client
        self._fleet = fleet

    def publish(self, figures: Sequence[Figure]) -> None:
        """Publish figures of this moment.

        Raises:
            PublishError: they could not be published.
        """
        try:
            self._client().put_metric_data(
                Namespace=NAMESPACE,
                MetricData=[
                    {
                        "MetricName": figure.name,
                        "Dimensions": [{"Name": "Fleet", "Value": self._fleet}],
                        "Value": figure.value,
                        "Unit": figure.unit,
                        "StorageResolution": 1,
                    }
                    for figure in figures
                ],
            )
        except service_errors() as error:
            raise PublishError(str(error)) from error
