"""What one invocation works with. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scaler.model import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scaler.intake import Limits
    from scaler.model import Message, Stored

# A full batch of hooks this old shows that more of them are waiting: they are noted first and answered together ...
BEHIND_SECONDS = 2.0
FULL_BATCH = 10
# ... but not when the last observation is older than this.
MAX_BLIND_SECONDS = 3.0


@dataclass(frozen=True)
class Turn:
    """What one invocation works with.

    Attributes:
        messages: a batch of the queue.
        seconds: how long it may take.
        started_at: when it started.
        stored: the state that the last one left.
        limits: what bounds the reading.
        trouble: why the state is not to be relied upon, "" if it is.
    """

    messages: Sequence[Message]
    seconds: float
    started_at: float
    stored: Stored
    limits: Limits
    trouble: str = ""

    @property
    def kinds(self) -> frozenset[Kind]:
        """What the messages ask for."""
        return frozenset(message.kind for message in self.messages)

    @property
    def hooks_only(self) -> bool:
        """Whether nothing but hooks has come."""
        return self.kinds == {Kind.HOOK}

    @property
    def is_behind(self) -> bool:
        """Whether more hooks are waiting than one batch holds, so that this one is not worth an observation."""
        newest = max(message.received_at for message in self.messages)
        blind = self.started_at - self.stored.state.observed_at
        full = self.hooks_only and len(self.messages) >= FULL_BATCH
        return full and self.started_at - newest > BEHIND_SECONDS and blind < MAX_BLIND_SECONDS
