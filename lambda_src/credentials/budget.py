"""How much time an answer may take."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Deadline:
    """A moment by which something must be done.

    Args:
        seconds: from now.
        clock: monotonic seconds; an invocation is never frozen while it runs.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._at = clock() + seconds

    def left(self) -> float:
        """Return the seconds that are left, 0 if none are."""
        return max(0.0, self._at - self._clock())

    def sooner(self, seconds: float) -> Deadline:
        """Return the earlier one of this deadline and `seconds` from now."""
        return Deadline(min(seconds, self.left()), self._clock)
