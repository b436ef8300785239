"""The parts of the application that its endpoints work on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from tools.local.gitlab.faults import Faults
from tools.local.gitlab.ratelimit import RateLimiter
from tools.local.gitlab.settings import Settings
from tools.local.gitlab.signing_keys import SigningKeys
from tools.local.gitlab.stats import Stats

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.local.gitlab.hooks import Hooks
    from tools.local.gitlab.joblife import JobLife
    from tools.local.gitlab.messages import Json, Request
    from tools.local.gitlab.model import Token
    from tools.local.gitlab.parameters import Parameters
    from tools.local.gitlab.store import Store


class HostsControl(Protocol):
    """Starts and stops the hosts simulator."""

    def start(self, order: Json) -> Json:
        """Start playing a group's instances and return the status."""
        ...

    def stop(self, group: str | None) -> None:
        """Stop playing a group's instances, or all."""
        ...

    def status(self) -> list[Json]:
        """Return what each simulated group does."""
        ...


@dataclass
class World:
    """Everything that an endpoint may use, held under the application's lock."""

    clock: Callable[[], float]
    store: Store
    life: JobLife
    hooks: Hooks
    info: Json
    hosts: HostsControl | None = None
    settings: Settings = field(default_factory=Settings)
    limiter: RateLimiter = field(default_factory=RateLimiter)
    faults: Faults = field(default_factory=Faults)
    stats: Stats = field(default_factory=Stats)
    keys: SigningKeys = field(default_factory=SigningKeys)


@dataclass(frozen=True)
class Call:
    """One request to an endpoint.

    Args:
        request: the request.
        path: the values of the route's parameters, decoded.
        parameters: the query.
        now: epoch seconds.
        url: the address of this GitLab as the client sees it.
        token: whose request it is; None where none is needed.
    """

    request: Request
    path: dict[str, str]
    parameters: Parameters
    now: float
    url: str
    token: Token | None = None
