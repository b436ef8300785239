"""Hold the grants document that Terraform keeps in S3.

Why there: an environment is 4 KB, and 200 containers that start at once would be throttled by Parameter Store (40 reads
a second). The function may read this object and not write it, which would not hold in the table of the shared cache;
and with the table out of reach, a new container still knows its grants.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Protocol

from common.aws import service_errors
from credentials import aws_error
from credentials.bounded import SlowError
from credentials.errors import UnavailableError
from credentials.grants import GrantError, Grants, parse_grants

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from credentials.bounded import Bounded
    from credentials.budget import Deadline

log = logging.getLogger(__name__)

LIFE_SECONDS = 60.0
# A document that cannot be read, or is broken, is tried again this soon ...
RETRY_SECONDS = 5.0
# ... and the last good one is obeyed for this long: whoever loses a grant loses it by then, also while S3 is away.
USABLE_SECONDS = 3600.0
# How long one read may take; without a document, others follow while there is time.
READ_SECONDS = 0.3
_READS = 3
MAX_BYTES = 1024 * 1024
_NOT_MODIFIED = 304
_SERVER_FAULT = 500


class DocumentError(Exception):
    """The document cannot be read."""


class SlowDocumentError(DocumentError):
    """S3 did not answer, or cannot do so just now."""


class Source(Protocol):
    """Where the grants document is."""

    def read(self, known_version: str) -> tuple[str, bytes] | None:
        """Return the document's version and text, or None if the version is the known one.

        Raises:
            DocumentError: it cannot be read.
        """
        ...


class ObjectClient(Protocol):
    """The part of an S3 client that is used here."""

    def get_object(self, *, Bucket: str, Key: str, IfNoneMatch: str) -> Mapping[str, Any]:  # noqa: N803
        """Return an object, unless its ETag is the given one."""
        ...


class GrantsObject:
    """The grants document as an S3 object.

    Args:
        client: returns an S3 client.
        bucket: the bucket.
        key: the object's key.
    """

    def __init__(self, client: Callable[[], ObjectClient], bucket: str, key: str) -> None:
        self._client = client
        self._bucket = bucket
        self._key = key

    def read(self, known_version: str) -> tuple[str, bytes] | None:
        """Return the object's ETag and text, or None if the ETag is the known one."""
        # An ETag that no object has asks for the object whatever it is.
        unless = known_version or '"none"'
        try:
            answer = self._client().get_object(Bucket=self._bucket, Key=self._key, IfNoneMatch=unless)
            if answer["ContentLength"] > MAX_BYTES:
                raise DocumentError(f"s3://{self._bucket}/{self._key} is larger than {MAX_BYTES} bytes")
            return answer["ETag"], answer["Body"].read()
        except service_errors() as error:
            status = aws_error.status(error)
            if status == _NOT_MODIFIED:
                return None
            kind = DocumentError if 0 < status < _SERVER_FAULT else SlowDocumentError
            raise kind(f"s3://{self._bucket}/{self._key} cannot be read: {error}") from error


class GrantStore:
    """The grants as they are now, at most a minute old; the last good ones for an hour while there are no better.

    Args:
        source: where the document is.
        bounded: runs a read for a bounded time.
        clock: wall-clock seconds; a monotonic clock may stand still while a Lambda container is frozen.
        on_error: called for each failed read; the metric behind it raises the alarm.
    """

    def __init__(
        self, source: Source, bounded: Bounded, clock: Callable[[], float], on_error: Callable[[], None]
    ) -> None:
        self._source = source
        self._bounded = bounded
        self._clock = clock
        self._on_error = on_error
        self._grants: Grants | None = None
        self._version = ""
        self._good_at = self._next_at = float("-inf")

    def current(self, deadline: Deadline) -> Grants:
        """Return the grants.

        Raises:
            UnavailableError: there are none that may still be used, and none could be read by the deadline.
        """
        now = self._clock()
        if not self._is_usable(now) or not now < self._next_at <= now + LIFE_SECONDS:
            self._refresh(now, deadline)
        if self._grants is None or not self._is_usable(now):
            raise UnavailableError("the grants cannot be read", "there is no usable grants document")
        return self._grants

    def _is_usable(self, now: float) -> bool:
        # A clock that went backwards makes the age unknown, and unknown counts as old.
        return self._grants is not None and 0 <= now - self._good_at < USABLE_SECONDS

    def _refresh(self, now: float, deadline: Deadline) -> None:
        """Read the document; with nothing to fall back on, one slow read is not the end."""
        for _ in range(_READS):
            error = self._failure(now, deadline)
            if not isinstance(error, SlowError | SlowDocumentError) or self._is_usable(now) or not deadline.left():
                break
        if error is None:
            self._good_at, self._next_at = now, now + LIFE_SECONDS
            return
        self._next_at = now + RETRY_SECONDS
        self._on_error()
        # A failed invocation is not what this is: whoever can be served is served.
        log.error("the grants document is not usable, the last good one is", extra={"reason": str(error)})

    def _failure(self, now: float, deadline: Deadline) -> Exception | None:
        """Read the document once; return what went wrong."""
        seconds = deadline.sooner(READ_SECONDS).left()
        # One that may not be used any more is read again, also if it is the same.
        known = self._version if self._is_usable(now) else ""
        try:
            changed = self._bounded.run(lambda: self._source.read(known), seconds)
            if changed is not None:
                self._grants, self._version = parse_grants(changed[1]), changed[0]
        except (DocumentError, GrantError, SlowError) as error:
            return error
        return None
