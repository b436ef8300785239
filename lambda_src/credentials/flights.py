"""One call per key (single flight): whoever asks for what is being fetched waits for that call."""

from __future__ import annotations

import threading
from concurrent.futures import wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from credentials.errors import BusyError

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor, Future

    from credentials.budget import Deadline

T = TypeVar("T")


@dataclass(frozen=True)
class Flight(Generic[T]):
    """A call that is under way.

    Args:
        future: its result.
        leads: whether the caller has started it.
    """

    future: Future[T]
    leads: bool

    def has_landed(self, deadline: Deadline) -> bool:
        """Wait for the call to end; return whether it has by the deadline."""
        return self.future in wait([self.future], timeout=deadline.left()).done


class Flights(Generic[T]):
    """The calls that are under way in this container.

    A call runs in a thread of its own, so that whoever started it may leave when its time is over: the call goes on,
    and the next one who asks finds it there instead of starting another.

    Args:
        executor: has a thread for each call.
        limit: how many calls may be under way.
    """

    def __init__(self, executor: Executor, limit: int) -> None:
        self._executor = executor
        self._limit = limit
        self._lock = threading.Lock()
        self._under_way: dict[str, Future[T]] = {}

    def join(self, key: str, work: Callable[[], T]) -> Flight[T]:
        """Return the call for a key; start it if there is none.

        Raises:
            BusyError: too many calls are under way.
        """
        with self._lock:
            future = self._under_way.get(key)
            if future is not None and not future.done():
                return Flight(future, leads=False)
            if len(self._under_way) >= self._limit:
                raise BusyError("too many sessions are being made, try again soon")
            future = self._under_way[key] = self._executor.submit(work)
        # Outside of the lock: a call that has ended already is removed right here.
        future.add_done_callback(lambda ended: self._remove(key, ended))
        return Flight(future, leads=True)

    def is_under_way(self, key: str) -> bool:
        """Return whether there is a call for a key."""
        with self._lock:
            future = self._under_way.get(key)
            return future is not None and not future.done()

    def _remove(self, key: str, ended: Future[T]) -> None:
        with self._lock:
            if self._under_way.get(key) is ended:
                del self._under_way[key]
