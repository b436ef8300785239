"""Sessions of requests whose connections do not grow old: `connections` behind a transport adapter."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import parse_url

from common.connections import CertificateBundleError, Life, tls_context, use_aging_connections

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

__all__ = ["AgingAdapter", "CertificateBundleError", "aging_session", "tls_context"]

CONNECT_TIMEOUT_SECONDS = 3
READ_TIMEOUT_SECONDS = 10


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
        self._life = partial(Life, max_age_seconds, max_idle_seconds, clock)
        self._tls = tls
        super().__init__(pool_maxsize=pool_size)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Make a pool manager with our own connection classes."""
        super().init_poolmanager(*args, **kwargs, ssl_context=self._tls)
        use_aging_connections(self.poolmanager, self._life)

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
