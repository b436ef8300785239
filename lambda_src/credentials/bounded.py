"""Run something for a bounded time.

Timeouts of sockets do not bound name resolution, nor an answer that drips. So what must not take long runs in a thread,
and is left behind there when its time is over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

T = TypeVar("T")


class SlowError(Exception):
    """The time is over and there is no result."""


class Bounded:
    """Runs work in the threads of an executor.

    Args:
        executor: has threads to spare for work that is left behind.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def run(self, work: Callable[[], T], seconds: float) -> T:
        """Return the result of the work.

        Args:
            work: what to do.
            seconds: how long to wait for it.

        Raises:
            SlowError: it took longer.
        """
        future = self._executor.submit(work)
        try:
            return future.result(timeout=max(0.0, seconds))
        except TimeoutError:
            # Work may raise a TimeoutError of its own, which is a failure and no slowness of ours.
            if future.done() and not future.cancelled():
                raise
            future.cancel()
            raise SlowError(f"no result within {seconds * 1000:.0f} ms") from None
