"""What a policy is. Rules live in tools/simulator/policies, one file each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.simulator.fleet import Fleet


@dataclass(frozen=True)
class Timing:
    """When a policy is asked.

    Attributes:
        debounce: seconds from a job's change to the decision; later changes in between are answered by it, too.
        period: if above 0, decisions happen at multiples of so many seconds instead.
        tick: seconds between decisions while there is anything at all; 0 = none without a change.
        sees_instances: whether a decision follows when an instance comes or goes, not only when a job changes.
    """

    debounce: float = 0.0
    period: float = 0.0
    tick: float = 0.0
    sees_instances: bool = True


class Policy(Protocol):
    """Decides how many instances there are. One object serves one simulation."""

    @property
    def name(self) -> str:
        """What the policy is called in tables and plots."""
        ...

    @property
    def timing(self) -> Timing:
        """When it is asked."""
        ...

    def decide(self, fleet: Fleet) -> float | None:
        """Look at the fleet, act on it, and return when to be asked again; None = when something changes."""
        ...

    def victims(self, fleet: Fleet, count: int) -> Sequence[str]:
        """Return which instances go, when fewer are desired than there are."""
        ...
