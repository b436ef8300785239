"""GitLab's ApplicationRateLimiter: a fixed window per key, counting refused requests too."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING

from tools.local.gitlab.errors import AnswerError

if TYPE_CHECKING:
    from tools.local.gitlab.settings import Settings


class TooManyRequestsError(AnswerError):
    """A request above the limit of its window."""

    def __init__(self, settings: Settings, observed: int, now: float) -> None:
        interval = settings.rate_limit_interval_seconds
        reset = math.ceil((now // interval + 1) * interval)
        headers = {
            "Retry-After": str(math.ceil(interval)),
            "RateLimit-Name": "jobs_index",
            "RateLimit-Limit": str(settings.rate_limit),
            "RateLimit-Observed": str(observed),
            "RateLimit-Remaining": "0",
            "RateLimit-Reset": str(reset),
            "RateLimit-ResetTime": formatdate(reset, usegmt=True),
        }
        words = "This endpoint has been requested too many times. Try again later."
        super().__init__(429, {"message": {"error": words}}, headers)


@dataclass
class RateLimiter:
    """Counts requests per token in fixed windows."""

    windows: dict[str, tuple[float, int]] = field(default_factory=dict)

    def check(self, key: str, settings: Settings, now: float) -> None:
        """Count a request.

        Raises:
            TooManyRequestsError: it is above the limit; a limit of 0 means none.
        """
        window = now // settings.rate_limit_interval_seconds
        start, count = self.windows.get(key, (window, 0))
        count = count + 1 if start == window else 1
        self.windows[key] = (window, count)
        if settings.rate_limit and count > settings.rate_limit:
            raise TooManyRequestsError(settings, count, now)
