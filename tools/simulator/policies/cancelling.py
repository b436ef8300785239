"""For comparison: this project's plan, and beyond it the removal of instances that boot and are needed no more."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scaler.plan import plan
from tools.simulator.policies.product import Product

if TYPE_CHECKING:
    from scaler.capacity import Snapshot
    from tools.simulator.fleet import Fleet


@dataclass
class Cancelling(Product):
    """The scaler, unchanged, followed by somebody who ends what boots beyond its need, the youngest first.

    Attributes:
        younger: only instances that have booted for less than so many seconds.
        known: 1 = no more than there are jobs that were cancelled while they waited since the last decision, as if
            the scaler could tell them from jobs that were taken.
    """

    younger: float = math.inf
    known: int = 0
    name: str = "this project, cancelling what boots"

    _seen: Snapshot | None = field(init=False, default=None)
    _cancelled: int = field(init=False, default=0)

    def decide(self, fleet: Fleet) -> float | None:
        """Decide as the scaler does, then end what boots in vain."""
        again = super().decide(fleet)
        if self._seen is not None:
            self._end(fleet, plan(self._seen, self._rules(fleet)).need)
        return again

    def _snapshot(self, fleet: Fleet) -> Snapshot:
        self._seen = super()._snapshot(fleet)
        return self._seen

    def _end(self, fleet: Fleet, need: int) -> None:
        most = fleet.staying - max(need, fleet.minimum)
        if self.known:
            most = min(most, -(-(fleet.cancelled - self._cancelled) // fleet.slots))
        self._cancelled = fleet.cancelled
        young = [host.id for host in fleet.booting_hosts.values() if fleet.now - host.launched_at < self.younger]
        for instance_id in young[::-1][: max(0, most)]:
            fleet.terminate(instance_id)
            # Nobody else changed the desired capacity.
            self._desired_left = fleet.desired
