"""Count what happens, and write it as CloudWatch's embedded metric format: a log line, no call.

Names are those of gitlab-runner's cache metrics without their prefix, so that dashboards translate one to one.
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

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

_SECONDS = frozenset({DURATION, WAIT})
# The embedded metric format takes at most this many values of one metric.
_MAX_VALUES = 100


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
        self._counts: dict[str, float] = {}
        self._values: dict[str, list[float]] = defaultdict(list)

    def count(self, name: str) -> None:
        """Count one more."""
        with self._lock:
            self._counts[name] = self._counts.get(name, 0) + 1

    def observe(self, name: str, value: float) -> None:
        """Note one of several values."""
        with self._lock:
            values = self._values[name]
            if len(values) < _MAX_VALUES:
                values.append(round(value, 6))

    def flush(self, **gauges: float) -> None:
        """Write what was counted, and these values of the moment, as one line."""
        with self._lock:
            figures: dict[str, float | list[float]] = {**self._counts, **self._values, **gauges}
            self._counts, self._values = {}, defaultdict(list)
        described = [{"Name": name, "Unit": "Seconds" if name in _SECONDS else "Count"} for name in figures]
        directive = {"Namespace": NAMESPACE, "Dimensions": [["Fleet"]], "Metrics": described}
        head = {"Timestamp": int(self._clock() * 1000), "CloudWatchMetrics": [directive]}
        self._write(json.dumps({"_aws": head, "Fleet": self._fleet, **figures}))
