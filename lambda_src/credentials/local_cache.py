"""L1: the sessions that this container holds.

Expiry is by wall clock, because a monotonic clock may stand still while a container is frozen. The lock guards the
dictionary only: nobody calls AWS while holding it, so a hit never waits for somebody else's call.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cachetools import TLRUCache

if TYPE_CHECKING:
    from collections.abc import Callable

    from credentials.errors import RoleDeniedError
    from credentials.model import Credentials

MAX_SESSIONS = 1000
# A session is renewed this long before it falls under the floor ...
RENEW_AHEAD_SECONDS = 60.0
# ... and up to this much earlier, by chance, so that containers do not all renew in one moment. Together they stay
# under the shared cache's own margin: what comes from there is never renewed at once.
RENEW_JITTER_SECONDS = 60.0
# STS's refusal is believed for this long; whoever corrects a trust policy does not wait longer.
DENIAL_SECONDS = 60.0


@dataclass(frozen=True)
class Held:
    """Credentials in the cache.

    Args:
        credentials: the credentials.
        renew_ahead_seconds: how long before the floor they are renewed.
        not_before: wall-clock time before which no other renewal is tried.
    """

    credentials: Credentials
    renew_ahead_seconds: float
    not_before: float = 0.0

    def left(self, now: float) -> float:
        """Return the seconds that the credentials are still valid."""
        return self.credentials.expires_at - now

    def is_due(self, now: float, floor_seconds: float) -> bool:
        """Return whether it is time to renew them."""
        return self.left(now) <= floor_seconds + self.renew_ahead_seconds and now >= self.not_before


class LocalCache:
    """Sessions and refusals by cache key, least recently used ones go first.

    Args:
        clock: wall-clock seconds.
        random: returns a number from 0 to 1.
        size: how many sessions are held.
    """

    def __init__(self, clock: Callable[[], float], random: Callable[[], float], size: int = MAX_SESSIONS) -> None:
        self._clock = clock
        self._random = random
        self._lock = threading.Lock()
        self._held: TLRUCache[str, Held] = TLRUCache(size, ttu=_expiry, timer=clock)
        self._denials: TLRUCache[str, RoleDeniedError] = TLRUCache(size, ttu=_denial_expiry, timer=clock)
        self._epoch: int | None = None

    def find(self, key: str) -> Held | None:
        """Return what is held for a key, unless it has expired."""
        with self._lock:
            return self._held.get(key)

    def put(self, key: str, credentials: Credentials) -> None:
        """Hold credentials until they expire."""
        renew_ahead = RENEW_AHEAD_SECONDS + self._random() * RENEW_JITTER_SECONDS
        with self._lock:
            self._held[key] = Held(credentials, renew_ahead)

    def put_off(self, key: str, seconds: float) -> None:
        """Try no other renewal for some time; what is held stays."""
        with self._lock:
            if held := self._held.get(key):
                self._held[key] = replace(held, not_before=self._clock() + seconds)

    def deny(self, key: str, error: RoleDeniedError) -> None:
        """Remember that STS refuses the role."""
        with self._lock:
            self._denials[key] = error

    def denial(self, key: str) -> RoleDeniedError | None:
        """Return STS's refusal if it is recent."""
        with self._lock:
            return self._denials.get(key)

    def sweep(self) -> int:
        """Drop what has expired; return how many sessions are held."""
        with self._lock:
            self._held.expire()
            self._denials.expire()
            return len(self._held)

    def use_epoch(self, epoch: int) -> None:
        """Forget everything if the epoch is another one than before."""
        with self._lock:
            if epoch != self._epoch:
                self._held.clear()
                self._denials.clear()
                self._epoch = epoch


def _expiry(_key: str, held: Held, _now: float) -> float:
    return held.credentials.expires_at


def _denial_expiry(_key: str, _error: RoleDeniedError, now: float) -> float:
    return now + DENIAL_SECONDS
