"""Ask GitLab for its public keys, and whether a job still runs."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import requests
from urllib3.exceptions import HTTPError

from credentials.authenticate.key_set import KeySetError
from credentials.bounded import SlowError
from credentials.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from credentials.bounded import Bounded
    from credentials.budget import Deadline

KEYS_PATH = "/oauth/discovery/keys"
KEYS_SECONDS = 0.5
JOB_SECONDS = 0.5
# The keys have about 2 KB, a job up to some dozens.
MAX_BYTES = 256 * 1024
_CHUNK = 16 * 1024


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
        new_session: makes a session that trusts the given CA certificates, too.
        token: returns the token that reads jobs.
        bounded: runs a request for a bounded time.
    """

    def __init__(
        self, url: str, new_session: Callable[[str], requests.Session], token: Callable[[], str], bounded: Bounded
    ) -> None:
        self._url = url
        self._new_session = new_session
        self._token = token
        self._bounded = bounded
        self._lock = threading.Lock()
        self._session: requests.Session | None = None
        self._ca_pem = ""

    def use_ca(self, ca_pem: str) -> None:
        """Trust these CA certificates beside the system's from now on."""
        with self._lock:
            if ca_pem != self._ca_pem:
                self._session, self._ca_pem = None, ca_pem

    def keys(self, deadline: Deadline) -> bytes:
        """Return the document with GitLab's public keys.

        Raises:
            KeySetError: it cannot be had by the deadline.
        """
        try:
            return self._get(KEYS_PATH, {}, deadline.sooner(KEYS_SECONDS))
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
            return self._get(path, {"PRIVATE-TOKEN": self._token()}, deadline.sooner(JOB_SECONDS))
        except AnswerError as error:
            if error.status == requests.codes.not_found:
                return None
            raise UnavailableError("GitLab cannot be asked about the job", f"{path}: {error}") from error

    def _get(self, path: str, headers: dict[str, str], deadline: Deadline) -> bytes:
        try:
            return self._bounded.run(lambda: self._body(path, headers, deadline), deadline.left())
        except SlowError as error:
            raise AnswerError(f"GitLab is slow: {error}") from error

    def _body(self, path: str, headers: dict[str, str], deadline: Deadline) -> bytes:
        try:
            with self._made_session().get(
                self._url + path, headers=headers, allow_redirects=False, stream=True, timeout=deadline.left() or 0.001
            ) as response:
                if response.status_code != requests.codes.ok:
                    raise AnswerError(f"GitLab answers {response.status_code}", response.status_code)
                return _limited(response.raw, deadline)
        # urllib3's errors pass through while a body is read; both name the address and never the headers.
        except (requests.RequestException, OSError, HTTPError) as error:
            raise AnswerError(f"GitLab cannot be reached: {type(error).__name__}") from error

    def _made_session(self) -> requests.Session:
        with self._lock:
            if self._session is None:
                self._session = self._new_session(self._ca_pem)
            return self._session


def _limited(raw: Any, deadline: Deadline) -> bytes:  # noqa: ANN401 - urllib3's response
    body = bytearray()
    # read1 returns what has arrived; read would wait for a whole chunk, however slowly it drips.
    while chunk := raw.read1(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > MAX_BYTES:
            raise AnswerError(f"the answer is longer than {MAX_BYTES} bytes")
        if not deadline.left():
            raise AnswerError("the answer drips")
    return bytes(body)
