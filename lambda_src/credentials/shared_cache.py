"""L2: the sessions that all containers of the fleet share.

A Lambda container serves one request at a time, so 200 jobs that start at once are 200 containers; that they cost one
call of STS is decided here, by a lease. Whoever takes it makes the session, the others look again for a short while.

Nothing that goes wrong here keeps a caller from its credentials: whatever it is, the session is made without the
shared cache. Wrong is also what is slow, what does not decrypt, and what is garbage.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from credentials import metrics
from credentials.bounded import SlowError
from credentials.cipher import CipherError, CiphertextError
from credentials.errors import UnavailableError
from credentials.model import Credentials
from credentials.strict_json import StrictJsonError, parse_object
from credentials.table import Item, ItemError, TableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from credentials.bounded import Bounded
    from credentials.budget import Deadline
    from credentials.metrics import Metrics
    from credentials.model import Order

log = logging.getLogger(__name__)

# What the shared cache may cost a request before it goes on to STS, and again for storing.
BUDGET_SECONDS = 0.25
LEASE_SECONDS = 5.0
# How long others wait for the one with the lease.
PATIENCE_SECONDS = 0.7
# What a waiter keeps of its time for asking STS itself.
RESERVE_SECONDS = 0.15
# Sessions are served only while they are valid for this much longer than the floor: nobody gets one to renew at once.
MARGIN_SECONDS = 120.0
# Sessions are kept until this long before they expire.
KEPT_UNTIL_SECONDS = 300
_FIRST_LOOK_SECONDS = 0.03
_LAST_LOOK_SECONDS = 0.15

# What is wrong with one item, which the next session that is stored replaces ...
_GARBAGE = (ItemError, CiphertextError, StrictJsonError)
# ... and with the shared cache itself.
_FAILURES = (TableError, CipherError, SlowError)


class Table(Protocol):
    """Where sessions and leases are kept."""

    def read(self, key: str) -> Item | None:
        """Return what is there now."""
        ...

    def lease(self, key: str, owner: str, *, now: float, until: float, needed: float) -> bool:
        """Take the lease unless somebody has it, or has made a session that is good enough."""
        ...

    def store(self, key: str, item: Item) -> None:
        """Store a session, which ends the lease."""
        ...

    def release(self, key: str, owner: str) -> None:
        """Give the lease back."""
        ...


class Cipher(Protocol):
    """Encrypts what is kept."""

    def encrypt(self, plaintext: bytes, context: Mapping[str, str]) -> bytes:
        """Return the ciphertext, bound to a context."""
        ...

    def decrypt(self, ciphertext: bytes, context: Mapping[str, str]) -> bytes:
        """Return the plaintext if the context is the same."""
        ...


@dataclass(frozen=True)
class Claim:
    """What looking into the shared cache has come to.

    Args:
        credentials: the session, if there is one.
        owner: whose lease it is if the session is to be made; empty = without a lease.
        is_broken: the shared cache does not work now, so nothing is stored either.
    """

    credentials: Credentials | None = None
    owner: str = ""
    is_broken: bool = False


class Shared(Protocol):
    """A cache that all containers share."""

    def claim(self, order: Order, deadline: Deadline, *, patient: bool) -> Claim:
        """Return a session, or who makes it."""
        ...

    def store(self, order: Order, claim: Claim, credentials: Credentials) -> None:
        """Keep a session that was made."""
        ...

    def release(self, order: Order, claim: Claim) -> None:
        """Let others make the session, because it failed here."""
        ...


class NoSharedCache:
    """The shared cache that is switched off: costs nothing."""

    def claim(self, _order: Order, _deadline: Deadline, *, patient: bool) -> Claim:
        """Return that the session is to be made."""
        del patient
        return Claim()

    def store(self, _order: Order, _claim: Claim, _credentials: Credentials) -> None:
        """Keep nothing."""

    def release(self, _order: Order, _claim: Claim) -> None:
        """Release nothing."""


@dataclass(frozen=True)
class Clocks:
    """Time and chance: wall-clock seconds, a way to wait, a random number from 0 to 1, and a new unique id."""

    now: Callable[[], float]
    sleep: Callable[[float], object]
    random: Callable[[], float]
    new_id: Callable[[], str]


class SharedCache:
    """Sessions in a table, encrypted.

    Args:
        table: keeps sessions and leases.
        cipher: encrypts them.
        table_name: goes into the encryption context, so that an item of another fleet does not decrypt.
        bounded: runs each step for a bounded time.
        gauge: counts.
        clocks: time and chance.
        budget_seconds: how long each step may take.
    """

    def __init__(
        self,
        table: Table,
        cipher: Cipher,
        table_name: str,
        *,
        bounded: Bounded,
        gauge: Metrics,
        clocks: Clocks,
        budget_seconds: float = BUDGET_SECONDS,
    ) -> None:
        self._table = table
        self._cipher = cipher
        self._table_name = table_name
        self._bounded = bounded
        self._gauge = gauge
        self._clocks = clocks
        self._budget_seconds = budget_seconds

    def claim(self, order: Order, deadline: Deadline, *, patient: bool) -> Claim:
        """Return a session, or who makes it.

        Args:
            order: what is asked for.
            deadline: when the caller needs an answer.
            patient: wait for somebody else who makes it; else that is an error.

        Raises:
            UnavailableError: somebody else makes it, and the caller is not patient.
        """
        patience = min(PATIENCE_SECONDS, deadline.left() - RESERVE_SECONDS)
        waiting = deadline.sooner(max(0.0, patience))
        owner = self._clocks.new_id()
        try:
            claim = self._look(order, owner)
            if claim is None and not patient:
                raise UnavailableError("the session is being renewed", "another container renews the session")
            claim = claim or self._waited(order, owner, waiting)
        except _GARBAGE as error:
            self._failed("holds garbage", error)
            return Claim()
        except _FAILURES as error:
            self._failed("is not read", error)
            return Claim(is_broken=True)
        if claim.credentials is not None:
            self._gauge.count(metrics.SHARED_HITS)
        return claim

    def _waited(self, order: Order, owner: str, waiting: Deadline) -> Claim:
        """Look again while somebody else makes the session; make it without a lease when patience is over."""
        pause = _FIRST_LOOK_SECONDS
        while waiting.left():
            self._clocks.sleep(min(waiting.left(), pause * (0.5 + self._clocks.random())))
            pause = min(pause * 1.6, _LAST_LOOK_SECONDS)
            if claim := self._look(order, owner):
                return claim
        return Claim()

    def store(self, order: Order, claim: Claim, credentials: Credentials) -> None:
        """Keep a session that was made; what cannot be kept is not."""
        if claim.is_broken:
            return
        try:
            self._bounded.run(lambda: self._put(order, credentials), self._budget_seconds)
        except _FAILURES as error:
            self._failed("is not written", error)

    def release(self, order: Order, claim: Claim) -> None:
        """Let others make the session, because it failed here."""
        if not claim.owner:
            return
        try:
            self._bounded.run(lambda: self._table.release(order.key, claim.owner), self._budget_seconds)
        except _FAILURES as error:
            self._failed("keeps a lease", error)

    def _look(self, order: Order, owner: str) -> Claim | None:
        """Return a session, or that we make it; None if somebody else does."""
        return self._bounded.run(lambda: self._found_or_leased(order, owner), self._budget_seconds)

    def _found_or_leased(self, order: Order, owner: str) -> Claim | None:
        now = self._clocks.now()
        item = self._table.read(order.key)
        if item is not None:
            if self._is_good(order, item, now):
                return Claim(self._opened(order, item))
            if item.lease_until > now:
                return None
        needed = now + order.floor_seconds + MARGIN_SECONDS
        is_ours = self._table.lease(order.key, owner, now=now, until=now + LEASE_SECONDS, needed=needed)
        return Claim(owner=owner) if is_ours else None

    def _is_good(self, order: Order, item: Item, now: float) -> bool:
        return bool(item.data) and now < item.ttl and item.expires_at - now > order.floor_seconds + MARGIN_SECONDS

    def _opened(self, order: Order, item: Item) -> Credentials:
        plaintext = self._cipher.decrypt(item.data, self._context(order, item.expires_at))
        fields = parse_object(plaintext)
        texts = [fields.get(name) for name in ("access_key_id", "secret_access_key", "session_token")]
        if not all(isinstance(text, str) and text for text in texts):
            raise StrictJsonError("it is no session")
        return Credentials(str(texts[0]), str(texts[1]), str(texts[2]), item.expires_at)

    def _put(self, order: Order, credentials: Credentials) -> None:
        fields = {
            "access_key_id": credentials.access_key_id,
            "secret_access_key": credentials.secret_access_key,
            "session_token": credentials.session_token,
        }
        expires_at = credentials.expires_at
        data = self._cipher.encrypt(json.dumps(fields).encode(), self._context(order, expires_at))
        self._table.store(order.key, Item(data, expires_at, expires_at - KEPT_UNTIL_SECONDS, 0))

    def _context(self, order: Order, expires_at: int) -> Mapping[str, str]:
        return {
            "table": self._table_name,
            "key": order.key,
            "role": order.session.role_arn,
            "expires_at": str(expires_at),
        }

    def _failed(self, what: str, error: Exception) -> None:
        self._gauge.count(metrics.SHARED_ERRORS)
        log.warning("the shared cache %s, going on without it", what, extra={"reason": str(error)})
