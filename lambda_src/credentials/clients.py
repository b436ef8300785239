"""The AWS clients of the vendor: made once, before they are needed, and by one thread at a time.

Each has the time that a request can spare for it, and no retries of its own: retries belong to whoever knows
the budget.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar

from common.aws import AgingClient, Closable, client, session
from credentials.s3 import S3Reader

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_sts import STSClient

ClientT = TypeVar("ClientT", bound=Closable)

# A session is not made for several threads that make clients.
_making = threading.Lock()


class LockedClient(Generic[ClientT]):
    """A client that is made anew when it is old, or when somebody asks for that.

    Args:
        build: makes a new client.
        clock: wall-clock seconds.
    """

    def __init__(self, build: Callable[[], ClientT], clock: Callable[[], float]) -> None:
        self._build = build
        self._clock = clock
        self._aging = AgingClient(build, clock)

    def __call__(self) -> ClientT:
        """Return the client."""
        with _making:
            return self._aging()

    def renew(self) -> None:
        """Make a new client when one is next needed, with credentials that are read anew."""
        with _making:
            # Credentials are the session's, which would keep them for ever.
            session.cache_clear()
            self._aging = AgingClient(self._build, self._clock)


def sts() -> STSClient:
    """Return a client of the regional STS."""
    made: STSClient = client("sts", connect_timeout=2, read_timeout=5, max_attempts=1)
    return made


def s3(sts_endpoint: str) -> S3Reader:
    """Return what reads the grants; STS's endpoint tells where AWS is."""
    return S3Reader(session(), sts_endpoint, seconds=0.3)


def dynamodb() -> DynamoDBClient:
    """Return a client for the shared cache's table."""
    made: DynamoDBClient = client("dynamodb", connect_timeout=0.25, read_timeout=0.25, max_attempts=1)
    return made


def kms() -> KMSClient:
    """Return a client for the shared cache's key."""
    made: KMSClient = client("kms", connect_timeout=0.25, read_timeout=0.25, max_attempts=1)
    return made


def ssm() -> SSMClient:
    """Return a client that reads the token for GitLab."""
    made: SSMClient = client("ssm", connect_timeout=0.3, read_timeout=0.5, max_attempts=1)
    return made
