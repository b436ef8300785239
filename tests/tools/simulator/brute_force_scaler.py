"""This project's scaler without look-ahead, simulated second by second in its own words: no code of it is used."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from tests.tools.simulator.brute_force import Machine, World

TICK = 60


@dataclass
class ScaledWorld(World):
    """The scaler looks some seconds after a job's change, each minute, and when an idle instance has had its time.

    Attributes:
        maximum: of instances.
        step: how many instances are added at once at most, 0 = any number.
        webhook: seconds from a job's change to the look, 0 = it looks each minute only.
    """

    maximum: int = 20
    step: int = 0
    webhook: int = 1
    desired: int = 0
    look_at: int | None = 0
    wake_at: int = 0
    seen: tuple[object, ...] = ()
    idle_since: dict[int, int] = field(default_factory=dict)

    def decide(self, now: int) -> None:
        self.notice_changes(now)
        if now != self.look_at:
            return
        self.look_at = None
        need = -(-(len(self.queue) + len(self.running)) // self.slots) + self.buffer
        spare = self.look(now, min(need, self.maximum))
        self.plan_next_look(now, [self.idle - (now - self.idle_since[m.number]) for m in spare])

    def notice_changes(self, now: int) -> None:
        """A job that came, started or ended makes a hook."""
        seen = (len(self.released), len(self.waits), len(self.ended))
        if seen != self.seen and (self.look_at is None or self.look_at > now):
            self.want_look(now + self.webhook)
        self.seen = seen

    def want_look(self, at: int) -> None:
        at = at if self.webhook else -(-at // TICK) * TICK
        self.look_at = at if self.look_at is None else min(at, self.look_at)

    def look(self, now: int, need: int) -> list[Machine]:
        """Launch or remove, never both, and return the idle instances that are more than needed."""
        staying = [m for m in self.machines if m.gone_at is None]
        idle = {m.number: m for m in staying if m.is_ready(now) and not m.ends}
        self.idle_since = {number: self.idle_since.get(number, now) for number in idle}
        if need > self.desired:
            added = min(need - self.desired, self.step or need)
            self.desired += added
            self.machines += [Machine(len(self.machines) + n, now, now + self.boot) for n in range(added)]
            return []
        longest_idle = sorted(idle.values(), key=lambda m: (self.idle_since[m.number], m.number))
        spare = longest_idle[: max(0, len(staying) - need)]
        for machine in spare:
            if now - self.idle_since[machine.number] >= self.idle:
                machine.gone_at = now
                self.desired -= 1
        return spare

    def plan_next_look(self, now: int, due: list[int]) -> None:
        """Ask to be woken for the instances that are due next, in 3 to 60 s, 10 s after the last time at least."""
        if not now < self.wake_at <= now + TICK:
            first = min((seconds for seconds in due if seconds > 0), default=math.inf)
            together = max((seconds for seconds in due if 0 < seconds <= first + 2), default=math.inf)
            # Before the first time there was none.
            at = max(now + max(together, 3), min(self.wake_at, now) + 10 if self.wake_at else 10)
            if at <= now + TICK:
                self.wake_at = int(at)
        if self.wake_at > now:
            self.want_look(max(self.wake_at + 1, now if self.webhook else now + TICK))
        if self.queue or any(m.gone_at is None for m in self.machines):
            self.want_look((now // TICK + 1) * TICK)
