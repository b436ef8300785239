"""Create AWS clients: one place for endpoints, timeouts and retries."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    import botocore.session

_SERVICES = ("autoscaling", "cloudwatch", "dynamodb", "kms", "lambda", "sqs", "ssm", "sts")


class Closable(Protocol):
    """A client with connections that can be closed."""

    def close(self) -> None:
        """Close the client's idle connections."""
        ...


ClientT = TypeVar("ClientT", bound=Closable)


def client(service: str, *, connect_timeout: float = 2, read_timeout: float = 5, max_attempts: int = 3) -> Any:  # noqa: ANN401
    """Return a new client of a service: regional endpoint, standard retries, short timeouts.

    Args:
        service: the service's name in botocore.
        connect_timeout: seconds to wait for a connection.
        read_timeout: seconds to wait for an answer.
        max_attempts: how often a call is tried in all.

    Returns:
        The client; botocore makes its class at run time, the caller's annotation names it.
    """
    # Lazy: importing botocore is the slowest part of a cold start, and the handlers' import must stay light.
    from botocore.config import Config  # noqa: PLC0415

    config = Config(
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": max_attempts},
    )
    return session().create_client(service, config=config)


@functools.cache
def session() -> botocore.session.Session:
    """Return the session of all clients: what one of them has loaded, the others need not load.

    It is botocore's, because boto3 adds nothing to a client but S3's transfers of files, and these cost a cold start
    a twentieth. Another twentieth goes where botocore looks into the folders of all its 400 services to find out
    whether ours are among them; where it looks for the newest version of one, it still does.
    """
    import botocore.session  # noqa: PLC0415
    from botocore.loaders import Loader  # noqa: PLC0415

    class OwnServices(Loader):
        def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002
            return list(_SERVICES)

    made = botocore.session.get_session()
    made.register_component("data_loader", OwnServices())
    return made


def service_errors() -> tuple[type[Exception], ...]:
    """Return what a call of AWS may raise, for use in an `except` clause.

    A function, because importing botocore is slow; when a call has failed it is there already.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    return (BotoCoreError, ClientError)


class AgingClient(Generic[ClientT]):
    """A client that is made when first needed, and made anew when it has become old.

    botocore limits neither the age of a connection nor that of what was resolved for it; a new client starts afresh.
    Calling the object returns the client; keep no reference to it between invocations.

    Args:
        build: makes a new client.
        clock: wall-clock seconds; a monotonic clock may stand still while a Lambda container is frozen.
        max_age_seconds: after this time a new client is made and the old one's idle connections are closed.
    """

    def __init__(self, build: Callable[[], ClientT], clock: Callable[[], float], max_age_seconds: float = 900) -> None:
        self._build = build
        self._clock = clock
        self._max_age_seconds = max_age_seconds
        self._client: ClientT | None = None
        self._built_at = 0.0

    def __call__(self) -> ClientT:
        """Return the client, new if there is none or it is too old."""
        now = self._clock()
        # A clock that went backwards makes the age unknown, and unknown counts as old.
        if self._client is not None and not 0 <= now - self._built_at < self._max_age_seconds:
            self._client.close()
            self._client = None
        if self._client is None:
            self._client, self._built_at = self._build(), now
        return self._client
