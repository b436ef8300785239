"""Times as GitLab writes and reads them."""

from __future__ import annotations

from datetime import UTC, datetime


def iso(seconds: float | None) -> str | None:
    """Return epoch seconds as GitLab's API writes a time (2026-11-22T03:00:00.000Z); None stays None."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_seconds(seconds: float | None) -> str | None:
    """Return epoch seconds without fractions (2026-11-22T03:00:00Z), as the `_iso` fields of hooks have them."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def epoch(text: str) -> float:
    """Return an ISO 8601 time as epoch seconds; a time without a zone is UTC.

    Raises:
        ValueError: the text is no such time.
    """
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def elapsed(since: float | None, until: float | None, now: float) -> float | None:
    """Return the seconds from one time to another, to now while the second is open, None before the first."""
    if since is None:
        return None
    return round((now if until is None else until) - since, 6)
