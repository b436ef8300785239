"""Hold GitLab's public keys.

| situation | what happens |
|---|---|
| younger than 5 minutes | used as they are |
| older | fetched again; if that fails, the old ones are used for up to an hour |
| a key id that is not among them | fetched again, at most every 30 seconds; else the token is refused |
| a failed fetch | no other one for 10 seconds |

An hour outlasts a restart or an upgrade of GitLab. It is also how long a key that was withdrawn in the middle of an
outage could still be used.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from credentials.authenticate.key_set import KeySetError, parse_keys
from credentials.errors import TokenError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from credentials.budget import Deadline

log = logging.getLogger(__name__)

FRESH_SECONDS = 300.0
USABLE_SECONDS = 3600.0
UNKNOWN_KID_PAUSE_SECONDS = 30.0
FAILURE_PAUSE_SECONDS = 10.0


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
        if kid not in self._held.by_kid and not self._is_within(self._tried_at, UNKNOWN_KID_PAUSE_SECONDS, now):
            self._refresh(now, deadline)
        if kid in self._held.by_kid:
            return self._held.by_kid[kid]
        if self._failed_at >= self._tried_at:
            raise UnavailableError("GitLab's keys cannot be had", "the key is unknown and GitLab cannot be asked")
        raise TokenError("kid is none of GitLab's keys")

    def _refresh(self, now: float, deadline: Deadline) -> None:
        if self._is_within(self._failed_at, FAILURE_PAUSE_SECONDS, now):
            return
        self._tried_at = now
        try:
            self._held = _Held(parse_keys(self._fetch(deadline)), now)
        except KeySetError as error:
            self._failed_at = now
            log.warning("GitLab's keys cannot be fetched", extra={"reason": str(error)})

    @staticmethod
    def _is_within(since: float, seconds: float, now: float) -> bool:
        return 0 <= now - since < seconds
