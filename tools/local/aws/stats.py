"""Count the calls that clients make, by service and action."""

from __future__ import annotations

import threading
from collections import Counter


class Stats:
    """Counts of calls such as `sts.AssumeRole`."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def count(self, service: str, action: str) -> None:
        """Count one call."""
        with self._lock:
            self._counts[f"{service}.{action}"] += 1

    def snapshot(self) -> dict[str, int]:
        """Return the counts so far."""
        with self._lock:
            return dict(self._counts)

    def reset(self) -> None:
        """Begin anew at zero."""
        with self._lock:
            self._counts.clear()
