"""The rule of cmdlabs/gitlab-runner-scale: alarms on the load, fixed steps, the oldest instance goes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tools.simulator.fleet import oldest
from tools.simulator.policy import Timing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.simulator.fleet import Fleet

_MANY = 2
_LOW_LOAD = 80.0
_NO_LOAD = 1.0
_MINUTE = 60.0


@dataclass
class Cmdlabs:
    """Scale-out alarm: pending above 0, every 10 s; scale-in alarm: load below 80 in each of 30 minutes.

    Attributes:
        warmup: instances launched within so many seconds count against the next step.
        minutes: how many minutes the load must be low.
    """

    warmup: float = 240
    minutes: int = 30
    name: str = "cmdlabs"

    timing = Timing(period=10.0, tick=10.0)
    _launched: list[tuple[float, int]] = field(init=False, default_factory=list)
    _low: int = field(init=False, default=0)
    _minute: int = field(init=False, default=-1)

    def decide(self, fleet: Fleet) -> float | None:
        """Look at both alarms."""
        self._out(fleet)
        minute = int(fleet.now // _MINUTE)
        if minute != self._minute:
            self._minute = minute
            self._in(fleet)
        return None

    def victims(self, fleet: Fleet, count: int) -> Sequence[str]:
        """The oldest, busy or not."""
        return oldest(fleet, count)

    def _out(self, fleet: Fleet) -> None:
        if not fleet.pending:
            return
        self._launched = [(at, number) for at, number in self._launched if fleet.now - at < self.warmup]
        step = 1 if fleet.pending < _MANY else 2
        step -= sum(number for _, number in self._launched)
        if step > 0:
            self._launched.append((fleet.now, step))
            fleet.set_desired(fleet.desired + step)

    def _in(self, fleet: Fleet) -> None:
        load = 100.0
        if fleet.in_service:
            jobs = fleet.pending + fleet.running + fleet.running_elsewhere
            load = 100.0 * jobs / (fleet.in_service * fleet.slots)
        self._low = self._low + 1 if load < _LOW_LOAD else 0
        if self._low >= self.minutes:
            fleet.set_desired(fleet.desired - 1 if load >= _NO_LOAD else fleet.minimum)
