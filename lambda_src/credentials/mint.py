"""Get a session: from this container, from the fleet's shared cache, or from STS. One call per key.

| the container holds one that is | what happens |
|---|---|
| valid for longer than floor + 60 to 120 s | it is served |
| valid for longer than the floor | one caller renews it while the others are served; if that fails, it is served, too |
| valid for less, or there is none | it is fetched; all who ask for it wait for the same call |
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Protocol

from credentials.errors import RoleDeniedError, UnavailableError, VendError
from credentials.model import Credentials, Mode, Order, Served

if TYPE_CHECKING:
    from credentials.budget import Deadline
    from credentials.flights import Flight, Flights
    from credentials.local_cache import Held, LocalCache
    from credentials.model import Session
    from credentials.shared_cache import Clocks, Shared

log = logging.getLogger(__name__)

# A renewal is not worth more: there is a valid session to serve.
RENEWAL_SECONDS = 0.5
# After a renewal that failed, the next one waits; many fit between floor + 60 s and the floor.
RENEWAL_PAUSE_SECONDS = 5.0
# Retries wait this long, doubled each time, by chance between half and all of it.
_FIRST_RETRY_SECONDS = 0.1
_LAST_RETRY_SECONDS = 1.0
# With less time than this no other try is worth while.
_LAST_TRY_SECONDS = 0.05


class Issuer(Protocol):
    """Makes sessions."""

    def session(self, session: Session, web_token: str) -> Credentials:
        """Return the credentials of a new session."""
        ...


class Mint:
    """The sessions of this container, and how to get others.

    Args:
        local: what this container holds.
        shared: what all containers share.
        issuer: makes sessions.
        flights: the calls under way.
        clocks: time and chance.
    """

    def __init__(
        self, local: LocalCache, shared: Shared, issuer: Issuer, flights: Flights[Served], clocks: Clocks
    ) -> None:
        self._local = local
        self._shared = shared
        self._issuer = issuer
        self._flights = flights
        self._clocks = clocks

    def session(self, order: Order, deadline: Deadline) -> Served:
        """Return credentials that are valid for longer than the order's floor.

        Raises:
            VendError: there are none, and by the deadline none could be made.
        """
        if not order.is_cached:
            return self._fetched(order, deadline)
        held = self._usable(order)
        if held is None:
            return self._fetched(order, deadline)
        if held.is_due(self._clocks.now(), order.floor_seconds) and not self._flights.is_under_way(order.key):
            return self._renewed(order, deadline) or Served(held.credentials, "local")
        return Served(held.credentials, "local")

    def _usable(self, order: Order) -> Held | None:
        held = self._local.find(order.key) if order.is_cached else None
        return held if held and held.left(self._clocks.now()) > order.floor_seconds else None

    def _renewed(self, order: Order, deadline: Deadline) -> Served | None:
        """Return a newer session, or None if it cannot be had soon."""
        self._local.put_off(order.key, RENEWAL_PAUSE_SECONDS)
        soon = deadline.sooner(RENEWAL_SECONDS)
        try:
            flight = self._flights.join(order.key, partial(self._made, order, soon, patient=False))
            # Somebody else has just begun to renew it: one is enough.
            return flight.future.result() if flight.leads and flight.has_landed(soon) else None
        except VendError as error:
            log.info("a session is not renewed yet", extra={"reason": error.reason})
            return None

    def _fetched(self, order: Order, deadline: Deadline) -> Served:
        pause = _FIRST_RETRY_SECONDS
        while True:
            self._raise_denial(order)
            flight = self._flights.join(order.key, partial(self._made, order, deadline, patient=True))
            failure = self._failure(flight, deadline)
            if failure is None and (served := self._landed(flight, order)):
                return served
            # Its result may be there although the call has not ended: storing it comes last.
            if held := self._usable(order):
                return Served(held.credentials, "joined")
            self._raise_if_final(failure, order, leads=flight.leads)
            if deadline.left() <= pause + _LAST_TRY_SECONDS:
                raise failure or UnavailableError("the session is not made yet, try again")
            self._clocks.sleep(pause * (0.5 + self._clocks.random() / 2))
            pause = min(pause * 2, _LAST_RETRY_SECONDS)

    def _failure(self, flight: Flight[Served], deadline: Deadline) -> VendError | None:
        if not flight.has_landed(deadline):
            return UnavailableError("the session is not made yet, try again", "no answer within the time of a request")
        error = flight.future.exception()
        if error is None or isinstance(error, VendError):
            return error
        raise error

    def _landed(self, flight: Flight[Served], order: Order) -> Served | None:
        served = flight.future.result()
        if flight.leads:
            return served
        # A session that is not shared is made again, after the one that is under way: one call at a time for each key.
        if not order.is_cached:
            return None
        # Whoever called may have asked for less validity. More than STS gives cannot be had.
        is_enough = served.source == "sts" or served.credentials.expires_at - self._clocks.now() > order.floor_seconds
        return Served(served.credentials, "joined") if is_enough else None

    def _raise_if_final(self, failure: VendError | None, order: Order, *, leads: bool) -> None:
        self._raise_denial(order)
        # What failed for the one who called may work for those who waited, with their own id_token.
        if failure is not None and leads and not failure.is_transient:
            raise failure

    def _raise_denial(self, order: Order) -> None:
        if order.is_cached and (denial := self._local.denial(order.key)):
            # A new one: a traceback would grow with every raise of the same object.
            raise RoleDeniedError(str(denial), denial.reason)

    def _made(self, order: Order, deadline: Deadline, *, patient: bool) -> Served:
        """Fetch a session; runs in a thread of its own."""
        if not order.is_cached:
            return Served(self._issuer.session(order.session, order.web_token), "sts")
        claim = self._shared.claim(order, deadline, patient=patient)
        if claim.credentials is not None:
            self._local.put(order.key, claim.credentials)
            return Served(claim.credentials, "shared")
        try:
            credentials = self._issuer.session(order.session, order.web_token)
        except VendError as error:
            self._note_denial(order, error)
            self._shared.release(order, claim)
            raise
        self._local.put(order.key, credentials)
        self._shared.store(order, claim, credentials)
        return Served(credentials, "sts")

    def _note_denial(self, order: Order, error: VendError) -> None:
        # With web identity the refusal may be about this one token.
        if isinstance(error, RoleDeniedError) and order.session.mode is Mode.ASSUME_ROLE:
            self._local.deny(order.key, error)
