"""GitLab's rule for webhooks that fail: WebHooks::AutoDisabling, as pure functions."""

from __future__ import annotations

from dataclasses import dataclass

TEMPORARY_THRESHOLD = 3
PERMANENT_THRESHOLD = 39
INITIAL_BACKOFF_SECONDS = 60.0
MAXIMUM_BACKOFF_SECONDS = 86400.0


@dataclass(frozen=True)
class Health:
    """How a webhook has fared: failures in a row, and until when it is switched off (epoch seconds)."""

    recent_failures: int = 0
    disabled_until: float | None = None


def alert_status(health: Health, now: float) -> str:
    """Return GitLab's name of a webhook's state: executable, temporarily_disabled or disabled."""
    if health.recent_failures > PERMANENT_THRESHOLD:
        return "disabled"
    if health.recent_failures > TEMPORARY_THRESHOLD and health.disabled_until is not None:
        return "temporarily_disabled" if health.disabled_until >= now else "executable"
    return "executable"


def after_answer(health: Health, now: float, *, accepted: bool) -> Health:
    """Return a webhook's health after one more answer; while it is disabled nothing counts."""
    if accepted:
        return Health()
    if alert_status(health, now) != "executable":
        return health
    failures = min(health.recent_failures + 1, PERMANENT_THRESHOLD + 1)
    if failures <= TEMPORARY_THRESHOLD:
        return Health(failures)
    doublings = health.recent_failures - TEMPORARY_THRESHOLD
    backoff = min(INITIAL_BACKOFF_SECONDS * 2.0**doublings, MAXIMUM_BACKOFF_SECONDS)
    return Health(failures, now + backoff)
