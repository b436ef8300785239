"""What the requests of one invocation share: the request budget, the deadline, and what became of them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from scaler.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Callable

# While GitLab is failing, further tries would only use up the budget that its recovery needs.
_MAX_FAILURES_WITH_RETRY = 3


class Call:
    """The requests of one invocation; threads share it.

    Args:
        allowed: how many requests may be made.
        deadline: no request is made or waited for after this time (epoch seconds).
        clock: epoch seconds.
        not_before: GitLab has asked for silence until then.
    """

    def __init__(self, allowed: int, deadline: float, clock: Callable[[], float], not_before: float = 0.0) -> None:
        self._allowed = allowed
        self._deadline = deadline
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._times: list[float] = []
        self._not_before = not_before

    def take(self) -> float:
        """Count a request that is about to be made.

        Returns:
            The seconds left for it.

        Raises:
            ReadError: it must not be made.
        """
        with self._lock:
            now = self._clock()
            if not self.has_time:
                raise ReadError("there was no time left for it")
            if now < self._not_before:
                raise ReadError("GitLab asked for a pause (429)")
            if len(self._times) >= self._allowed:
                raise ReadError("the requests of this minute are used up; see requests_per_minute")
            self._times.append(now)
            return self._deadline - now

    def failed(self) -> bool:
        """Count a failed request; return whether trying again makes sense."""
        with self._lock:
            self._failures += 1
            return self._failures <= _MAX_FAILURES_WITH_RETRY

    def pause(self, seconds: float) -> bool:
        """Note that GitLab asks for silence; return whether the silence ends before the deadline."""
        with self._lock:
            self._failures += 1
            self._not_before = max(self._not_before, self._clock() + seconds)
            return self._not_before < self._deadline

    @property
    def has_time(self) -> bool:
        """Whether the deadline has not come yet."""
        return self._clock() < self._deadline

    @property
    def times(self) -> tuple[float, ...]:
        """When the requests were made."""
        return tuple(self._times)

    @property
    def left(self) -> int:
        """How many more requests may be made."""
        return self._allowed - len(self._times)

    @property
    def failures(self) -> int:
        """How many requests failed."""
        return self._failures

    @property
    def not_before(self) -> float:
        """Until when GitLab asked for silence, 0 = it did not."""
        return self._not_before
