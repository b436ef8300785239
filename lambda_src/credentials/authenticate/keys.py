"""Hold GitLab's public keys.

| situation | what happens |
|---|---|
| younger than 5 minutes | used as they are |
| older | fetched again; if that fails, the old ones are used for up to an hour |
| a key id that is not among them | fetched again, unless the same id was asked for in the last 10 seconds: refused |
| many of them | at most 4 such fetches a minute; then the answer is to try again |
| a failed fetch | no other one for 10 seconds; for one second while there are no keys at all |

Whoever sends made-up key ids causes no more fetches than that, and cannot hide a new key of GitLab for longer than the
rest of that minute, because each of those fetches gets all keys.

An hour outlasts a restart or an upgrade of GitLab. It is also how long a key that was withdrawn in the middle of an
outage could still be used.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from cachetools import TTLCache

from credentials.authenticate.key_set import KeySetError, parse_keys
from credentials.errors import TokenError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from credentials.budget import Deadline

log = logging.getLogger(__name__)

FRESH_SECONDS = 300.0
USABLE_SECONDS = 3600.0
UNKNOWN_KID_PAUSE_SECONDS = 10.0
UNKNOWN_KID_FETCHES = 4
UNKNOWN_KID_WINDOW_SECONDS = 60.0
_UNKNOWN_KIDS = 100
FAILURE_PAUSE_SECONDS = 10.0
FIRST_FAILURE_PAUSE_SECONDS = 1.0


class Fetch(Protocol):
    """Gets the document with GitLab's keys."""

    def __call__(self, deadline: Deadline) -> bytes:
        """Return the document.

        Raises:
            KeySetError: it cannot be had by the deadline.
        """
        ...


@dataclass(frozen=True)
class _Held:
    """The keys with the wall-clock time of their fetch."""

    by_kid: Mapping[str, RSAPublicKey] = field(default_factory=dict)
    fetched_at: float = float("-inf")

    def is_younger(self, now: float, seconds: float) -> bool:
        return 0 <= now - self.fetched_at < seconds


class KeyStore:
    """GitLab's public keys, fetched when they are needed.

    Args:
        fetch: gets the document.
        clock: wall-clock seconds; a monotonic clock may stand still while a Lambda container is frozen.
    """

    def __init__(self, fetch: Fetch, clock: Callable[[], float]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._held = _Held()
        self._tried_at = self._failed_at = float("-inf")
        self._unknown: TTLCache[str, bool] = TTLCache(_UNKNOWN_KIDS, UNKNOWN_KID_PAUSE_SECONDS, clock)
        self._looked_again_at: deque[float] = deque(maxlen=UNKNOWN_KID_FETCHES)

    def find(self, kid: str, deadline: Deadline) -> RSAPublicKey:
        """Return the key with an id.

        Raises:
            TokenError: GitLab has no such key.
            UnavailableError: there are no usable keys, or none with this id and GitLab cannot be asked.
        """
        now = self._clock()
        if not self._held.is_younger(now, FRESH_SECONDS):
            self._refresh(now, deadline)
        if not self._held.is_younger(now, USABLE_SECONDS):
            raise UnavailableError("GitLab's keys cannot be had", "there are no usable keys of GitLab")
        if kid not in self._held.by_kid:
            self._look_again(kid, now, deadline)
        return self._held.by_kid[kid]

    def _look_again(self, kid: str, now: float, deadline: Deadline) -> None:
        """Fetch the keys because of an unknown key id; return if it is known then."""
        if kid in self._unknown:
            raise TokenError("kid is none of GitLab's keys")
        # What was fetched a moment ago, for this very request, need not be fetched again.
        if self._tried_at != now and not self._is_paused(now):
            self._count_look(now)
            self._refresh(now, deadline)
        if kid in self._held.by_kid:
            return
        if self._failed_at >= self._tried_at:
            raise UnavailableError("GitLab's keys cannot be had", "the key is unknown and GitLab cannot be asked")
        self._unknown[kid] = True
        raise TokenError("kid is none of GitLab's keys")

    def _count_look(self, now: float) -> None:
        looks = self._looked_again_at
        if len(looks) == UNKNOWN_KID_FETCHES and self._is_within(looks[0], UNKNOWN_KID_WINDOW_SECONDS, now):
            raise UnavailableError("GitLab's keys cannot be had", "too many unknown key ids, GitLab is not asked now")
        looks.append(now)

    def _refresh(self, now: float, deadline: Deadline) -> None:
        if self._is_paused(now):
            return
        self._tried_at = now
        try:
            self._held = _Held(parse_keys(self._fetch(deadline)), now)
        except KeySetError as error:
            self._failed_at = now
            log.warning("GitLab's keys cannot be fetched", extra={"reason": str(error)})

    def _is_paused(self, now: float) -> bool:
        has_keys = self._held.is_younger(now, USABLE_SECONDS)
        pause = FAILURE_PAUSE_SECONDS if has_keys else FIRST_FAILURE_PAUSE_SECONDS
        return self._is_within(self._failed_at, pause, now)

    @staticmethod
    def _is_within(since: float, seconds: float, now: float) -> bool:
        return 0 <= now - since < seconds
