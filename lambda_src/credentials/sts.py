"""Ask STS for sessions, a few at a time, and say clearly what went wrong."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from common.aws import service_errors
from credentials import aws_error, metrics
from credentials.errors import RoleDeniedError, TokenError, UnavailableError, VendError
from credentials.model import Credentials, Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mypy_boto3_sts import STSClient

    from credentials.metrics import Metrics
    from credentials.model import Session

MAX_CONCURRENT = 5
# A thread that has waited this long for its turn serves nobody any more.
_TURN_SECONDS = 8.0

_EXPIRED = frozenset({"ExpiredTokenException", "ExpiredToken"})
# Our own credentials, which a frozen container may hold for too long; a new client reads them anew.
_OWN_CREDENTIALS = _EXPIRED | {"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch"}
# Throttling is HTTP 400, so codes decide; other 4xx are the grant's fault.
_TRANSIENT = frozenset(
    {
        "IDPCommunicationError",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_SERVER_FAULT = 500
_MAX_REASON = 1000


class GrantFaultError(VendError):
    """STS refuses what the grant asks for, such as a role's maximum duration; trying again does not help."""

    status = 403
    code = "AccessDenied"


class Sts:
    """STS.

    Args:
        client: returns an STS client: regional, short timeouts, no retries of its own (they are ours, with our budget).
        renew: makes the next client a new one.
        gauge: counts and observes.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        client: Callable[[], STSClient],
        renew: Callable[[], None],
        gauge: Metrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._renew = renew
        self._gauge = gauge
        self._clock = clock
        self._turns = threading.BoundedSemaphore(MAX_CONCURRENT)
        self._lock = threading.Lock()
        self._in_flight = 0

    @property
    def in_flight(self) -> int:
        """How many requests are under way."""
        return self._in_flight

    def session(self, session: Session, web_token: str) -> Credentials:
        """Return the credentials of a new session.

        Raises:
            RoleDeniedError: STS refuses the role.
            GrantFaultError: STS refuses what the grant asks for.
            TokenError: the job's id_token has expired for STS.
            UnavailableError: STS is out of reach, slow, throttled, or answers without credentials.
        """
        with self._turn():
            started_at = self._clock()
            self._gauge.count(metrics.MISSES)
            try:
                return self._asked(session, web_token)
            except VendError:
                self._gauge.count(metrics.FAILURES)
                raise
            finally:
                self._gauge.observe(metrics.DURATION, self._clock() - started_at)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        waiting_since = self._clock()
        if not self._turns.acquire(timeout=_TURN_SECONDS):
            raise UnavailableError("STS is slow", "no turn at STS came up")
        self._gauge.observe(metrics.WAIT, self._clock() - waiting_since)
        self._add_in_flight(1)
        try:
            yield
        finally:
            self._add_in_flight(-1)
            self._turns.release()

    def _add_in_flight(self, change: int) -> None:
        with self._lock:
            self._in_flight += change

    def _asked(self, session: Session, web_token: str) -> Credentials:
        try:
            answer = self._call(session, web_token)
        except service_errors() as error:
            raise self._classified(session, error) from error
        return _credentials(answer)

    def _call(self, session: Session, web_token: str) -> Mapping[str, Any]:
        if session.mode is Mode.WEB_IDENTITY:
            return self._client().assume_role_with_web_identity(**_web_identity(session, web_token))
        return self._client().assume_role(**_assume_role(session))

    def _classified(self, session: Session, error: Exception) -> VendError:
        code, status = aws_error.code(error), aws_error.status(error)
        # STS's message names principals and roles; about a web identity it may quote the token, which is for no log.
        said = "" if session.mode is Mode.WEB_IDENTITY else aws_error.message(error)
        reason = f"{session.role_arn}: {code} {said}".strip()[:_MAX_REASON]
        if code in {"AccessDenied", "AccessDeniedException"}:
            return RoleDeniedError("the role's trust policy does not let the credential vendor assume it", reason)
        if session.mode is Mode.WEB_IDENTITY and code in _EXPIRED:
            return TokenError(reason)
        if code in _OWN_CREDENTIALS:
            self._renew()
            return UnavailableError("STS cannot be asked", reason)
        # Without a status there was no answer: a timeout, a refused connection. (Or botocore did not even ask.)
        if (not status and code != "ParamValidationError") or status >= _SERVER_FAULT or code in _TRANSIENT:
            return UnavailableError("STS cannot be asked", reason)
        return GrantFaultError("STS refuses what the grant asks for; the vendor's log says why", reason)


def _assume_role(session: Session) -> dict[str, Any]:
    request: dict[str, Any] = {**_common(session), "SourceIdentity": session.source_identity}
    if session.tags:
        request["Tags"] = [{"Key": name, "Value": value} for name, value in session.tags]
    if session.external_id:
        request["ExternalId"] = session.external_id
    return request


def _web_identity(session: Session, web_token: str) -> dict[str, Any]:
    return {**_common(session), "WebIdentityToken": web_token}


def _common(session: Session) -> dict[str, Any]:
    request: dict[str, Any] = {
        "RoleArn": session.role_arn,
        "RoleSessionName": session.name,
        "DurationSeconds": session.duration_seconds,
    }
    return {**request, "Policy": session.policy} if session.policy else request


def _credentials(answer: Mapping[str, Any]) -> Credentials:
    given = answer.get("Credentials") or {}
    fields = [str(given.get(name) or "") for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")]
    expiration = given.get("Expiration")
    if not all(fields) or expiration is None:
        raise UnavailableError("STS cannot be asked", "STS answered without credentials")
    return Credentials(fields[0], fields[1], fields[2], int(expiration.timestamp()))
