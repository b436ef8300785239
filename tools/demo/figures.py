"""Compute the demo's figures from what the stand-in recorded and what was seen; pure."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class Figures:
    """What build/demo/result.json holds; every time in seconds."""

    hooks_accepted: int
    hooks_refused: int
    project_reads_max: int
    hook_to_capacity_seconds_p50: float
    burst_to_full_capacity_seconds: float
    jobs_finished: int
    jobs_killed: int
    queue_wait_seconds_mean: float
    queue_wait_seconds_p95: float
    instances_kept_busy: int
    instances_peak: int
    instances_left: int
    gitlab_requests: int
    seconds_total: float


MEANING = {
    "hooks_accepted": "webhooks that the function answered with 202 or 204",
    "hooks_refused": "GitLab's webhooks with any other answer (the unsigned request not counted)",
    "project_reads_max": "how often the most-read project was read for the burst",
    "hook_to_capacity_seconds_p50": "from one webhook in a calm fleet to the new desired capacity: median",
    "burst_to_full_capacity_seconds": "from the burst's first webhook to the desired capacity that all its jobs need",
    "jobs_finished": "jobs that ran to success",
    "jobs_killed": "jobs that lost their instance",
    "queue_wait_seconds_mean": "from a burst job waiting to its start: mean (an instance boots in between)",
    "queue_wait_seconds_p95": "the same: 95th percentile",
    "instances_kept_busy": "instances that stayed while the idle ones left, because they ran jobs",
    "instances_peak": "most instances at one time",
    "instances_left": "instances at the end, when the last jobs had ended",
    "gitlab_requests": "requests that GitLab answered for the fleet in the whole demo",
    "seconds_total": "the whole demo, building and tearing down included",
}


def flat(figures: Figures) -> dict[str, float]:
    """Return the figures by name, rounded to milliseconds."""
    return {field.name: round(getattr(figures, field.name), 3) for field in fields(figures)}


def worded(figures: Figures) -> dict[str, str]:
    """Return the figures by name as somebody reads them: times in seconds with one decimal, everything else whole."""
    return {name: f"{value:.1f} s" if "seconds" in name else f"{value:.0f}" for name, value in flat(figures).items()}


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share (0 to 1) of the values lies, interpolated; 0 for none."""
    if len(values) <= 1:
        return values[0] if values else 0.0
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def queue_waits(jobs: Sequence[Mapping[str, float | None]]) -> list[float]:
    """Return how long each started job waited, from pending to running."""
    return [
        job["started_at"] - job["queued_at"]
        for job in jobs
        if job["started_at"] is not None and job["queued_at"] is not None
    ]


def mean(values: Sequence[float]) -> float:
    """Return the mean; 0 for none."""
    return statistics.fmean(values) if values else 0.0


def answers(deliveries: Sequence[Mapping[str, object]]) -> tuple[int, int]:
    """Return how many webhooks were accepted and how many got any other answer, or none."""
    accepted = sum(delivery["status"] in (202, 204) for delivery in deliveries)
    return accepted, len(deliveries) - accepted
