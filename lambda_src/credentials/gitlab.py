"""Ask GitLab for its public keys, and whether a job still runs."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from urllib3.exceptions import HTTPError

from common.connections import CertificateBundleError
from credentials.authenticate.key_set import KeySetError
from credentials.bounded import SlowError
from credentials.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from urllib3 import BaseHTTPResponse, PoolManager

    from credentials.bounded import Bounded
    from credentials.budget import Deadline

KEYS_PATH = "/oauth/discovery/keys"
KEYS_SECONDS = 0.5
JOB_SECONDS = 0.5
# The keys have about 2 KB, a job up to some dozens.
MAX_BYTES = 256 * 1024
_CHUNK = 16 * 1024
_OK = 200
_NOT_FOUND = 404


class AnswerError(Exception):
    """GitLab's answer cannot be used.

    Args:
        message: what is wrong.
        status: the HTTP status, 0 if there is none.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class GitLab:
    """GitLab over HTTPS, with connections that do not grow old.

    Args:
        url: GitLab's address.
        new_pools: makes connection pools that trust the given CA certificates, too.
        token: returns the token that reads jobs.
        bounded: runs a request for a bounded time.
    """

    def __init__(
        self, url: str, new_pools: Callable[[str], PoolManager], token: Callable[[], str], bounded: Bounded
    ) -> None:
        self._url = url
        self._new_pools = new_pools
        self._token = token
        self._bounded = bounded
        self._lock = threading.Lock()
        self._pools: PoolManager | None = None
        self._ca_pem = ""

    def use_ca(self, ca_pem: str) -> None:
        """Trust these CA certificates beside the system's from now on."""
        with self._lock:
            if ca_pem != self._ca_pem:
                self._pools, self._ca_pem = None, ca_pem

    def keys(self, deadline: Deadline) -> bytes:
        """Return the document with GitLab's public keys.

        Raises:
            KeySetError: it cannot be had by the deadline.
        """
        try:
            return self._get(KEYS_PATH, {}, deadline, KEYS_SECONDS)
        except AnswerError as error:
            raise KeySetError(f"{self._url}{KEYS_PATH}: {error}") from error

    def job(self, project_id: str, job_id: str, deadline: Deadline) -> bytes | None:
        """Return a job as GitLab's JSON, or None if there is no such job.

        Args:
            project_id: digits.
            job_id: digits.
            deadline: when an answer is needed.

        Raises:
            UnavailableError: GitLab does not answer, or not the token.
        """
        path = f"/api/v4/projects/{project_id}/jobs/{job_id}"
        try:
            headers = {"PRIVATE-TOKEN": self._made_token(deadline.sooner(JOB_SECONDS))}
            return self._get(path, headers, deadline, JOB_SECONDS)
        except AnswerError as error:
            if error.status == _NOT_FOUND:
                return None
            raise UnavailableError("GitLab cannot be asked about the job", f"{path}: {error}") from error

    def _made_token(self, deadline: Deadline) -> str:
        try:
            return self._bounded.run(self._token, deadline.left())
        except SlowError as error:
            raise AnswerError(f"the token cannot be read in time: {error}") from error

    def _get(self, path: str, headers: dict[str, str], deadline: Deadline, seconds: float) -> bytes:
        # The first time this reads all CA certificates, which is work and no waiting for GitLab.
        pools = self._made_pools()
        soon = deadline.sooner(seconds)
        try:
            return self._bounded.run(lambda: self._body(pools, path, headers, soon), soon.left())
        except SlowError as error:
            raise AnswerError(f"GitLab is slow: {error}") from error

    def _body(self, pools: PoolManager, path: str, headers: dict[str, str], deadline: Deadline) -> bytes:
        try:
            response = pools.request(
                "GET",
                self._url + path,
                headers=headers,
                preload_content=False,
                redirect=False,
                retries=False,
                timeout=deadline.left() or 0.001,
            )
            try:
                if response.status != _OK:
                    raise AnswerError(f"GitLab answers {response.status}", response.status)
                return _limited(response, deadline)
            finally:
                # What was not read to its end must not be what the next request reads first.
                response.close()
                response.release_conn()
        # Their messages may quote whatever GitLab has sent; their names are enough.
        except (HTTPError, OSError) as error:
            raise AnswerError(f"GitLab cannot be reached: {type(error).__name__}") from error

    def _made_pools(self) -> PoolManager:
        with self._lock:
            if self._pools is None:
                try:
                    self._pools = self._new_pools(self._ca_pem)
                except CertificateBundleError as error:
                    raise AnswerError(f"gitlab_ca_certificate: {error}") from error
            return self._pools


def _limited(response: BaseHTTPResponse, deadline: Deadline) -> bytes:
    body = bytearray()
    # read1 returns what has arrived; read would wait for a whole chunk, however slowly it drips.
    while chunk := response.read1(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > MAX_BYTES:
            raise AnswerError(f"the answer is longer than {MAX_BYTES} bytes")
        if not deadline.left():
            raise AnswerError("the answer drips")
    return bytes(body)
