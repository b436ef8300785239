"""Count what happens, and write it as CloudWatch's embedded metric format: a log line, no call.

AWS Lambda Powertools makes and checks the line. It is made anew for each, because Powertools' own state is not made
for several threads. Names are those of gitlab-runner's cache metrics without their prefix, so that dashboards translate
one to one.
"""

from __future__ import annotations

import json
import threading
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aws_lambda_powertools.metrics.provider.cloudwatch_emf.types import CloudWatchEMFOutput

NAMESPACE = "GitLabRunnerFleet"

HITS = "AssumeRoleCacheHits"
MISSES = "AssumeRoleCacheMisses"
CACHED = "AssumeRoleCachedCredentials"
FAILURES = "AssumeRoleFailures"
DURATION = "AssumeRoleDurationSeconds"
WAIT = "AssumeRoleWaitSeconds"
IN_FLIGHT = "AssumeRoleRequestsInFlight"
SHARED_HITS = "SharedCacheHits"
SHARED_ERRORS = "SharedCacheErrors"
DENIALS = "CredentialDenials"
GRANT_ERRORS = "GrantsDocumentErrors"

# The format takes 100 values of one metric; with the hundredth, Powertools would write a line of its own.
_MAX_VALUES = 99


class Metrics:
    """What has been counted since the last line; threads share it.

    Args:
        fleet: the fleet's name, the one dimension.
        write: writes a line to standard output.
        clock: wall-clock seconds.
    """

    def __init__(self, fleet: str, write: Callable[[str], object], clock: Callable[[], float]) -> None:
        self._fleet = fleet
        self._write = write
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._seconds: defaultdict[str, list[float]] = defaultdict(list)

    def count(self, name: str) -> None:
        """Count one more."""
        with self._lock:
            self._counts[name] += 1

    def observe(self, name: str, seconds: float) -> None:
        """Note one of several durations."""
        with self._lock:
            values = self._seconds[name]
            if len(values) < _MAX_VALUES:
                values.append(round(seconds, 6))

    def flush(self, **gauges: float) -> None:
        """Write what was counted, and these values of the moment, as one line; nothing makes no line."""
        with self._lock:
            counts, seconds = {**self._counts, **gauges}, self._seconds
            self._counts, self._seconds = Counter(), defaultdict(list)
        if counts or seconds:
            self._write(json.dumps(self._document(counts, seconds)))

    def _document(self, counts: Mapping[str, float], seconds: Mapping[str, list[float]]) -> CloudWatchEMFOutput:
        # Without a service: a variable that somebody set for something else must not become a dimension.
        emf = AmazonCloudWatchEMFProvider(namespace=NAMESPACE, service="", default_dimensions={"Fleet": self._fleet})
        emf.timestamp = int(self._clock() * 1000)
        for name, count in counts.items():
            emf.add_metric(name, "Count", count)
        for name, values in seconds.items():
            for value in values:
                emf.add_metric(name, "Seconds", value)
        return emf.serialize_metric_set()
