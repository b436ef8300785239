"""HTTP connections that do not grow old, and whom they trust.

A kept-alive TLS connection goes on with the certificate it was opened with, however long ago that was, and a frozen
Lambda container thaws with connections that the other side has closed. So a connection has an age and an idle time
after which it is not used again.

The guarantee, for each connection by itself: when a request starts, a connection that was opened `max_age_seconds`
ago or earlier, or whose last answer came `max_idle_seconds` ago or earlier, is closed and a new one is opened, with a
full TLS handshake. Requests under way are never touched. A single answer that takes longer than the age is not cut.

Proxies: none. Nothing is taken from the environment (no proxy variables, no .netrc, no REQUESTS_CA_BUNDLE), because a
variable that somebody set for something else must not redirect a request that carries a token.
"""

from __future__ import annotations

import ssl
from functools import partial
from typing import TYPE_CHECKING, Any

from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

if TYPE_CHECKING:
    from collections.abc import Callable

    from urllib3.response import HTTPResponse


class CertificateBundleError(Exception):
    """The CA certificates that were given are not PEM."""


class Life:
    """When a connection was opened and last used, and whether it may be used again.

    Args:
        max_age_seconds: a connection opened this long ago is not used again.
        max_idle_seconds: a connection last used this long ago is not used again.
        clock: wall-clock seconds; a monotonic clock may stand still while a Lambda container is frozen.
    """

    def __init__(self, max_age_seconds: float, max_idle_seconds: float, clock: Callable[[], float]) -> None:
        self._max_age_seconds = max_age_seconds
        self._max_idle_seconds = max_idle_seconds
        self._clock = clock
        self._opened_at = self._used_at = clock()

    def opened(self) -> None:
        """Note that the connection was opened."""
        self._opened_at = self._used_at = self._clock()

    def used(self) -> None:
        """Note that an answer came."""
        self._used_at = self._clock()

    def is_over(self) -> bool:
        """Return whether the connection is not to be used again."""
        now = self._clock()
        # A clock that went backwards makes both times unknown, and unknown counts as over.
        young = 0 <= now - self._opened_at < self._max_age_seconds
        return not (young and 0 <= now - self._used_at < self._max_idle_seconds)


class _AgingHTTPConnection(HTTPConnection):
    """Appears dropped to urllib3 when its life is over; urllib3 then closes it and opens it anew."""

    def __init__(self, *args: Any, life: Callable[[], Life], **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self._life = life()

    def connect(self) -> None:
        super().connect()
        self._life.opened()

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # urllib3's own differs from http.client's
        response = super().getresponse()
        self._life.used()
        return response

    @property
    def is_connected(self) -> bool:
        return not self._life.is_over() and super().is_connected


class _AgingHTTPSConnection(_AgingHTTPConnection, HTTPSConnection):
    pass


def _aging_pool(
    pool_class: type[HTTPConnectionPool],
    connection_class: Callable[..., Any],
    *args: Any,  # noqa: ANN401
    **kwargs: Any,  # noqa: ANN401
) -> HTTPConnectionPool:
    pool = pool_class(*args, **kwargs)
    pool.ConnectionCls = connection_class  # type: ignore[assignment]
    return pool


def use_aging_connections(manager: PoolManager, life: Callable[[], Life]) -> None:
    """Let a pool manager that has opened no connection yet open only ones that age.

    Args:
        manager: the pool manager.
        life: makes the life of each connection.
    """
    pools: dict[str, Any] = {
        "http": partial(_aging_pool, HTTPConnectionPool, partial(_AgingHTTPConnection, life=life)),
        "https": partial(_aging_pool, HTTPSConnectionPool, partial(_AgingHTTPSConnection, life=life)),
    }
    manager.pool_classes_by_scheme = pools


def aging_connections(
    max_age_seconds: float,
    max_idle_seconds: float = 50,
    *,
    ca_pem: str | None,
    pool_size: int,
    clock: Callable[[], float],
) -> PoolManager:
    """Return a pool manager whose connections are not reused past an age or an idle time.

    For who needs no more than urllib3: requests costs a cold start a sixth of `import boto3`, measured.

    Args:
        max_age_seconds: a connection opened this long ago is not used again.
        max_idle_seconds: a connection last used this long ago is not used again.
        ca_pem: CA certificates to trust beside the system's, as PEM text.
        pool_size: how many connections to one host are kept; as many threads can use the manager at once.
        clock: wall-clock seconds.

    Raises:
        CertificateBundleError: `ca_pem` holds no certificate.
    """
    manager = PoolManager(maxsize=pool_size, ssl_context=tls_context(ca_pem))
    use_aging_connections(manager, partial(Life, max_age_seconds, max_idle_seconds, clock))
    return manager


def tls_context(ca_pem: str | None = None) -> ssl.SSLContext:
    """Return client TLS settings that trust the system's CAs, or certifi's if it has none, and the given ones.

    A certificate that is given is trusted as it is, as gitlab-runner's tls-ca-file does: also a server's self-signed
    one, and one of a private CA that leaves out extensions that RFC 5280 asks for (Python 3.13 would insist on them).

    Args:
        ca_pem: further certificates to trust, as PEM text.

    Raises:
        CertificateBundleError: `ca_pem` holds no certificate.
    """
    context = ssl.create_default_context()
    if not context.cert_store_stats()["x509_ca"]:
        # Lazy, and only where the system has none: reading CAs takes as long as importing a library.
        import certifi  # noqa: PLC0415

        context.load_verify_locations(certifi.where())
    if ca_pem:
        context.verify_flags = (context.verify_flags | ssl.VERIFY_X509_PARTIAL_CHAIN) & ~ssl.VERIFY_X509_STRICT
        try:
            context.load_verify_locations(cadata=ca_pem)
        except (ssl.SSLError, ValueError) as error:
            raise CertificateBundleError(f"the CA certificates cannot be read, PEM is expected: {error}") from error
    return context
