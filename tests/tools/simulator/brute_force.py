"""The reactive ideal, simulated second by second without any cleverness, to check the event simulation against."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Machine:
    number: int
    launched_at: int
    ready_at: int
    ends: list[int] = field(default_factory=list)
    idle_since: int = 0
    gone_at: int | None = None

    def is_ready(self, now: int) -> bool:
        return self.gone_at is None and self.ready_at <= now


@dataclass
class Outcome:
    waits: list[int]
    instance_seconds: int
    launches: int


@dataclass
class World:
    """Jobs are (created, duration, stage, pipeline); whole seconds."""

    jobs: list[tuple[int, int, int, int]]
    slots: int
    boot: int
    idle: int
    buffer: int
    machines: list[Machine] = field(default_factory=list)
    queue: list[tuple[int, int]] = field(default_factory=list)
    ended: set[int] = field(default_factory=set)
    running: dict[int, tuple[Machine, int]] = field(default_factory=dict)
    released: set[int] = field(default_factory=set)
    waits: list[int] = field(default_factory=list)

    def run(self) -> Outcome:
        now = 0
        while len(self.ended) < len(self.jobs):
            self.end(now)
            if len(self.ended) == len(self.jobs):
                break
            for machine in self.machines:
                if machine.ready_at == now and machine.gone_at is None:
                    machine.idle_since = now
            self.release(now)
            self.give_out(now)
            self.decide(now)
            now += 1
        paid = sum((now if m.gone_at is None else m.gone_at) - m.launched_at for m in self.machines)
        return Outcome(sorted(self.waits), paid, len(self.machines))

    def end(self, now: int) -> None:
        for job, (machine, end) in list(self.running.items()):
            if end == now:
                del self.running[job]
                self.ended.add(job)
                machine.ends.remove(end)
                if not machine.ends:
                    machine.idle_since = now

    def release(self, now: int) -> None:
        for number, (created, _, stage, pipeline) in enumerate(self.jobs):
            earlier = [other for other, job in enumerate(self.jobs) if job[3] == pipeline and job[2] < stage]
            if number not in self.released and created <= now and all(other in self.ended for other in earlier):
                self.released.add(number)
                self.queue.append((now, number))

    def give_out(self, now: int) -> None:
        while self.queue:
            free = [m for m in self.machines if m.is_ready(now) and len(m.ends) < self.slots]
            if not free:
                return
            machine = min(free, key=lambda m: (self.slots - len(m.ends), m.number))
            since, number = self.queue.pop(0)
            end = now + self.jobs[number][1]
            machine.ends.append(end)
            self.running[number] = (machine, end)
            self.waits.append(now - since)

    def decide(self, now: int) -> None:
        need = -(-(len(self.queue) + len(self.running)) // self.slots) + self.buffer
        staying = [m for m in self.machines if m.gone_at is None]
        for _ in range(need - len(staying)):
            self.machines.append(Machine(len(self.machines), now, now + self.boot))
        idle = [m for m in staying if m.is_ready(now) and not m.ends and now - m.idle_since >= self.idle]
        idle.sort(key=lambda m: (m.idle_since, m.number))
        for machine in idle[: max(0, len(staying) - need)]:
            machine.gone_at = now
