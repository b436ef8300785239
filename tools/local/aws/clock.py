"""One clock for everything that waits in the Auto Scaling emulator, which can be sped up while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class ClockError(Exception):
    """The clock was asked for a speed that it cannot run at."""


class Clock:
    """Tell the time in epoch seconds, `speed` times as fast as its source from the moment that was set."""

    def __init__(self, source: Callable[[], float], speed: float = 1.0) -> None:
        self._source = source
        self._speed = speed
        self._started = source()
        self._base = self._started

    @property
    def speed(self) -> float:
        """How many of this clock's seconds pass in one real second."""
        return self._speed

    def now(self) -> float:
        """Return the time in epoch seconds."""
        return self._base + (self._source() - self._started) * self._speed

    def set_speed(self, speed: float) -> None:
        """Run at another speed from now on; the time never jumps.

        Raises:
            ClockError: the speed is not positive.
        """
        if speed <= 0:
            raise ClockError(f"clock_speed must be above 0, not {speed}")
        self._base = self.now()
        self._started = self._source()
        self._speed = speed
