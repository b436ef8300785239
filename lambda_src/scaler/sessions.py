"""Keep one HTTP session to GitLab, made anew when its certificate authority changes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from common.http import aging_session
from scaler.gitlab import stop_at_429

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from common.secrets import SecretStore

_MAX_IDLE_SECONDS = 50


class Sessions:
    """The session to GitLab.

    Args:
        secrets: reads the CA's parameter.
        ca_parameter: name of the SSM parameter with the CA certificates, "" = the system's are enough.
        max_age_seconds: a connection of this age is not used again.
        pool_size: how many connections are kept.
        clock: epoch seconds.
    """

    def __init__(
        self,
        secrets: SecretStore,
        ca_parameter: str,
        max_age_seconds: float,
        *,
        pool_size: int,
        clock: Callable[[], float],
    ) -> None:
        self._secrets = secrets
        self._ca_parameter = ca_parameter
        self._max_age_seconds = max_age_seconds
        self._pool_size = pool_size
        self._clock = clock
        self._lock = threading.Lock()
        self._session: requests.Session | None = None
        self._ca = ""

    def get(self) -> requests.Session:
        """Return the session.

        Raises:
            SecretError: the CA's parameter cannot be read.
            CertificateBundleError: it holds no certificate.
        """
        with self._lock:
            ca = self._secrets.text(self._ca_parameter) if self._ca_parameter else ""
            if self._session is None or ca != self._ca:
                self._session, self._ca = self._open(ca), ca
            return self._session

    def _open(self, ca: str) -> requests.Session:
        session = aging_session(
            self._max_age_seconds,
            _MAX_IDLE_SECONDS,
            ca_pem=ca or None,
            pool_size=self._pool_size,
            clock=self._clock,
        )
        session.hooks["response"].append(stop_at_429)
        return session
