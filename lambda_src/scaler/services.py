"""What the scaler needs of the world, and how the fleet is set up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scaler.act import AutoScaling
    from scaler.call import Call
    from scaler.capacity import Rules
    from scaler.matching import Runner
    from scaler.metrics import Figure
    from scaler.model import State, Stored
    from scaler.observe import Answer, Source


class Table(Protocol):
    """Where the state is kept; its methods raise StateError."""

    def load(self) -> Stored:
        """Return the state, its version and the scope."""
        ...

    def save(self, state: State, version: int) -> None:
        """Write the state over the version that was read; raise ConflictError if that is gone."""
        ...


@dataclass(frozen=True)
class Services:
    """What the scaler needs of the world.

    Attributes:
        table: keeps the state.
        group: the Auto Scaling group.
        connect: returns GitLab for the requests of one invocation.
        publish: publishes metrics; raises PublishError.
        continue_later: sends a `continue` message with this deduplication id; raises SendError.
        wake: asks for a tick in so many seconds; raises WakeError.
        clock: epoch seconds.
        sleep: waits for seconds.
        gather: runs tasks at the same time; see `observe.in_threads`.
    """

    table: Table
    group: AutoScaling
    connect: Callable[[Call], Source]
    publish: Callable[[Sequence[Figure]], None]
    continue_later: Callable[[str], None]
    wake: Callable[[float], None]
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    gather: Callable[[Sequence[Callable[[], Answer]], float], Sequence[Answer | None]]


@dataclass(frozen=True)
class Configuration:
    """How the fleet is set up.

    Attributes:
        rules: how demand becomes instances.
        runner: what the fleet's runner takes.
        requests_per_minute: bound on requests to GitLab.
        activity_seconds: a project without activity for so long is not in the membership scope.
        narrow: whether that scope holds the token's own projects only.
        drain_seconds: how long an instance that has to go may take, its jobs and its lifecycle action included.
    """

    rules: Rules
    runner: Runner
    requests_per_minute: int
    activity_seconds: float
    narrow: bool = True
    drain_seconds: float = 3600.0
