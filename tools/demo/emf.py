"""Read the vendor's metrics from its log, and say them in the words of gitlab-runner's cache; pure."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PREFIX = "gitlab_runner_cache_s3_assume_role_"
# Our names, and what follows gitlab-runner's prefix.
COUNTERS = {
    "AssumeRoleCacheHits": "cache_hits_total",
    "AssumeRoleCacheMisses": "cache_misses_total",
    "AssumeRoleFailures": "failures_total",
}
GAUGES = {"AssumeRoleCachedCredentials": "cached_credentials"}
SERIES = {"AssumeRoleDurationSeconds": "duration_seconds", "AssumeRoleWaitSeconds": "wait_seconds"}


def documents(lines: Sequence[str]) -> list[Mapping[str, Any]]:
    """Return the metrics among log lines: each line of the embedded metric format, one an invocation."""
    return [json.loads(line) for line in lines if line.startswith("{") and '"_aws"' in line]


def counters(lines: Sequence[str]) -> dict[str, float]:
    """Return the sums of all metrics but those of times."""
    sums: Counter[str] = Counter()
    for document in documents(lines):
        sums.update({name: sum(numbers(value)) for name, value in document.items() if numbers(value)})
    return {name: value for name, value in sums.items() if name not in SERIES}


def numbers(value: object) -> list[float]:
    """Return the numbers of a metric, which may be one or a list; none for what is no metric."""
    listed = value if isinstance(value, list) else [value]
    return [float(number) for number in listed if isinstance(number, int | float)]


def seed_metrics(lines: Sequence[str]) -> dict[str, float]:
    """Return gitlab-runner's metrics: counters and times summed, and what the fullest container holds."""
    found, sums = documents(lines), counters(lines)
    values: dict[str, float] = {name: sums.get(ours, 0) for ours, name in COUNTERS.items()}
    for ours, name in GAUGES.items():
        values[name] = max((number for document in found for number in numbers(document.get(ours))), default=0)
    for ours, name in SERIES.items():
        times = [seconds for document in found for seconds in numbers(document.get(ours))]
        values |= {f"{name}_count": len(times), f"{name}_sum": round(sum(times), 6)}
    return {PREFIX + name: value for name, value in values.items()}
