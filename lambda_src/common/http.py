"""HTTP sessions whose connections do not grow old.

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

import certifi
import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util import parse_url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from urllib3.response import HTTPResponse

CONNECT_TIMEOUT_SECONDS = 3
READ_TIMEOUT_SECONDS = 10


class CertificateBundleError(Exception):
    """The CA certificates that were given are not PEM."""


class _Life:
    """When a connection was opened and last used, and whether it may be used again."""

    def __init__(self, max_age_seconds: float, max_idle_seconds: float, clock: Callable[[], float]) -> None:
        self._max_age_seconds = max_age_seconds
        self._max_idle_seconds = max_idle_seconds
        self._clock = clock
        self._opened_at = self._used_at = clock()

    def opened(self) -> None:
        self._opened_at = self._used_at = self._clock()

    def used(self) -> None:
        self._used_at = self._clock()

    def is_over(self) -> bool:
        now = self._clock()
        # A clock that went backwards makes both times unknown, and unknown counts as over.
        young = 0 <= now - self._opened_at < self._max_age_seconds
        return not (young and 0 <= now - self._used_at < self._max_idle_seconds)


class _AgingHTTPConnection(HTTPConnection):
    """Appears dropped to urllib3 when its life is over; urllib3 then closes it and opens it anew."""

    def __init__(self, *args: Any, life: Callable[[], _Life], **kwargs: Any) -> None:  # noqa: ANN401
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


class AgingAdapter(HTTPAdapter):
    """A transport adapter whose connections are not reused past an age or an idle time.

    Args:
        max_age_seconds: a connection opened this long ago is not used again.
        max_idle_seconds: a connection last used this long ago is not used again.
        clock: wall-clock seconds; a monotonic clock may stand still while a Lambda container is frozen.
        tls: the TLS settings of every connection.
        pool_size: how many connections to one host are kept.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        tls: ssl.SSLContext,
        max_age_seconds: float = 900,
        max_idle_seconds: float = 50,
        pool_size: int = 10,
    ) -> None:
        self._life = partial(_Life, max_age_seconds, max_idle_seconds, clock)
        self._tls = tls
        super().__init__(pool_maxsize=pool_size)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Make a pool manager with our own connection classes."""
        super().init_poolmanager(*args, **kwargs, ssl_context=self._tls)
        http = partial(_AgingHTTPConnection, life=self._life)
        https = partial(_AgingHTTPSConnection, life=self._life)
        self.poolmanager.pool_classes_by_scheme = {
            "http": partial(_aging_pool, HTTPConnectionPool, http),
            "https": partial(_aging_pool, HTTPSConnectionPool, https),
        }

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ANN401, ARG002
        """Leave certificates to the TLS context, which holds every CA already; refuse to go without."""
        if verify is not True:
            raise ValueError("certificates are always verified: give the CA's certificate instead of `verify`")

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002
        timeout: Any = None,  # noqa: ANN401
        verify: Any = True,  # noqa: ANN401, FBT002
        cert: Any = None,  # noqa: ANN401
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send a request; one without a timeout gets the default one."""
        if proxies:
            raise ValueError("connections through a proxy would not grow old: use none")
        timeout = timeout or (CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS)
        return super().send(request, stream=stream, timeout=timeout, verify=verify, cert=cert)


class _SameOriginSession(requests.Session):
    """A session that follows redirects within one origin only: requests would send a PRIVATE-TOKEN header anywhere."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        target = super().get_redirect_target(resp)
        if target is None or _origin(requests.compat.urljoin(resp.url, target)) == _origin(resp.url):
            return target
        return None


def _origin(url: str) -> tuple[str | None, str | None, int | None]:
    parsed = parse_url(url)
    default_port = {"http": 80, "https": 443}.get(parsed.scheme or "")
    return parsed.scheme, parsed.host, parsed.port or default_port


def tls_context(ca_pem: str | None = None) -> ssl.SSLContext:
    """Return client TLS settings that trust the system's CAs, certifi's, and the given ones.

    A certificate that is given is trusted as it is, as gitlab-runner's tls-ca-file does: also a server's self-signed
    one, and one of a private CA that leaves out extensions that RFC 5280 asks for (Python 3.13 would insist on them).

    Args:
        ca_pem: further certificates to trust, as PEM text.

    Raises:
        CertificateBundleError: `ca_pem` holds no certificate.
    """
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    if ca_pem:
        context.verify_flags = (context.verify_flags | ssl.VERIFY_X509_PARTIAL_CHAIN) & ~ssl.VERIFY_X509_STRICT
        try:
            context.load_verify_locations(cadata=ca_pem)
        except (ssl.SSLError, ValueError) as error:
            raise CertificateBundleError(f"the CA certificates cannot be read, PEM is expected: {error}") from error
    return context


def aging_session(
    max_age_seconds: float,
    max_idle_seconds: float = 50,
    *,
    ca_pem: str | None,
    pool_size: int,
    clock: Callable[[], float],
) -> requests.Session:
    """Return a session whose connections are not reused past an age or an idle time.

    Redirects to another origin are not followed: the answer is the redirect itself.

    Args:
        max_age_seconds: a connection opened this long ago is not used again.
        max_idle_seconds: a connection last used this long ago is not used again.
        ca_pem: CA certificates to trust beside the system's, as PEM text.
        pool_size: how many connections to one host are kept; as many threads can use the session at once.
        clock: wall-clock seconds.

    Raises:
        CertificateBundleError: `ca_pem` holds no certificate.
    """
    session = _SameOriginSession()
    session.trust_env = False
    adapter = AgingAdapter(
        clock=clock,
        tls=tls_context(ca_pem),
        max_age_seconds=max_age_seconds,
        max_idle_seconds=max_idle_seconds,
        pool_size=pool_size,
    )
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session
