"""Hold the grants document that Terraform keeps in S3.

Why there: an environment is 4 KB, and 200 containers that start at once would be throttled by Parameter Store (40 reads
a second). The function may read this object and not write it, which would not hold in the table of the shared cache;
and with the table out of reach, a new container still knows its grants.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

from common.aws import service_errors
from credentials import aws_error
from credentials.errors import UnavailableError
from credentials.grants import GrantError, Grants, parse_grants

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

log = logging.getLogger(__name__)

LIFE_SECONDS = 60.0
# A document that cannot be read, or is broken, is tried again this soon.
RETRY_SECONDS = 5.0
MAX_BYTES = 1024 * 1024


class DocumentError(Exception):
    """The document cannot be read."""


class Source(Protocol):
    """Where the grants document is."""

    def read(self, known_version: str) -> tuple[str, bytes] | None:
        """Return the document's version and text, or None if the version is the known one.

        Raises:
            DocumentError: it cannot be read.
        """
        ...


class GrantsObject:
    """The grants document as an S3 object.

    Args:
        client: returns an S3 client.
        bucket: the bucket.
        key: the object's key.
    """

    def __init__(self, client: Callable[[], S3Client], bucket: str, key: str) -> None:
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
            if aws_error.status(error) == 304:  # noqa: PLR2004 - not modified
                return None
            raise DocumentError(f"s3://{self._bucket}/{self._key} cannot be read: {error}") from error


class GrantStore:
    """The grants as they are now, at most a minute old; the last good ones while there are no better.

    Args:
        source: where the document is.
        clock: wall-clock seconds; a monotonic clock may stand still while a Lambda container is frozen.
        on_error: called for each failed read; the metric behind it raises the alarm.
    """

    def __init__(self, source: Source, clock: Callable[[], float], on_error: Callable[[], None]) -> None:
        self._source = source
        self._clock = clock
        self._on_error = on_error
        self._grants: Grants | None = None
        self._version = ""
        self._read_at = 0.0
        self._life_seconds = 0.0

    def current(self) -> Grants:
        """Return the grants.

        Raises:
            UnavailableError: none could ever be read.
        """
        now = self._clock()
        # A clock that went backwards makes the age unknown, and unknown counts as old.
        if self._grants is None or not 0 <= now - self._read_at < self._life_seconds:
            self._refresh(now)
        if self._grants is None:
            raise UnavailableError("the grants cannot be read", "there is no usable grants document")
        return self._grants

    def _refresh(self, now: float) -> None:
        self._read_at = now
        try:
            changed = self._source.read(self._version)
            if changed is not None:
                self._grants, self._version = parse_grants(changed[1]), changed[0]
            self._life_seconds = LIFE_SECONDS
        except (DocumentError, GrantError) as error:
            self._life_seconds = RETRY_SECONDS
            self._on_error()
            # A failed invocation is not what this is: whoever can be served is served.
            log.error("the grants document is not usable, the last good one is", extra={"reason": str(error)})  # noqa: TRY400
