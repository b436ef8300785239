"""Publish once a day for how many days the GitLab token is valid."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from scaler.errors import MalformedError, PublishError, ReadError
from scaler.metrics import Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

log = logging.getLogger(__name__)

DAY_SECONDS = 86400.0
RETRY_SECONDS = 3600.0


@dataclass
class Expiry:
    """Looks after the token's last day; what it remembers lives as long as the container.

    Args:
        ask: returns what GitLab knows about the token; raises ReadError.
        publish: publishes figures; raises PublishError.
        clock: epoch seconds.
    """

    ask: Callable[[], object]
    publish: Callable[[Sequence[Figure]], None]
    clock: Callable[[], float]
    _due_at: float = 0.0

    def look(self) -> None:
        """Ask and publish if it is time to; a failure is repeated in an hour."""
        now = self.clock()
        if now < self._due_at:
            return
        self._due_at = now + RETRY_SECONDS
        try:
            left = days_left(self.ask(), now)
            if left is not None:
                self.publish((Figure("GitLabTokenDaysLeft", left),))
        except (PublishError, ReadError) as error:
            log.warning("for how long the GitLab token is valid is not known: %s", error)
            return
        self._due_at = now + DAY_SECONDS


def days_left(token: object, now: float) -> int | None:
    """Return the days until a token's last day begins in UTC, below 0 after it; None for a token without an end.

    Args:
        token: GitLab's answer about it.
        now: epoch seconds.

    Raises:
        MalformedError: the answer is not GitLab's.
    """
    if not isinstance(token, dict) or "expires_at" not in token:
        raise MalformedError("GitLab's answer about the token has no expires_at")
    if token["expires_at"] is None:
        return None
    try:
        last = date.fromisoformat(token["expires_at"])
    except (TypeError, ValueError) as error:
        raise MalformedError("GitLab's answer about the token has an expires_at that is no day") from error
    return (last - datetime.fromtimestamp(now, UTC).date()).days
