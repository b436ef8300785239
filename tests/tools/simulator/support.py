"""Short ways to simulate small things."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tools.simulator.compare import run
from tools.simulator.policies.registry import parse
from tools.simulator.policy import Timing
from tools.simulator.setup import Boot, Setup
from tools.simulator.workload import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.simulator.fleet import Fleet
    from tools.simulator.record import Result


def outcome(policy: str, *arrivals: tuple[float, float], boot: float = 100, slots: int = 1, **more: object) -> Result:
    """Simulate independent jobs, given as (arrival, duration)."""
    setup = Setup(slots=slots, boot=Boot(boot), **more)  # type: ignore[arg-type]
    return run(parse(policy), plain("by hand", arrivals), setup)


@dataclass
class Scripted:
    """A policy that does what it is told at given times: ("desired", number) or ("terminate", place of the host)."""

    orders: dict[float, tuple[str, int]]
    name: str = "scripted"
    timing: Timing = field(default_factory=Timing)

    def decide(self, fleet: Fleet) -> float | None:
        for at in sorted(self.orders):
            if at > fleet.now:
                return at
            what, number = self.orders.pop(at)
            if what == "desired":
                fleet.set_desired(number)
            else:
                fleet.terminate(list(fleet.hosts)[number])
        return None

    def victims(self, fleet: Fleet, count: int) -> Sequence[str]:
        return list(fleet.hosts)[:count]
