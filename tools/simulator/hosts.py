"""Simulated instances, each with a gitlab-runner, and the choice of the one that takes a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scaler.capacity import Phase
from tools.simulator.setup import Dispatch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random


class Host:
    """An instance.

    Attributes:
        is_leaving: a spot interruption is announced, so it takes no more jobs.
        idle_since: when its last job ended, or it began to take jobs; None = it is busy or not there yet.
        jobs: numbers of the jobs that it runs, with the order of their starts.
    """

    __slots__ = (
        "free",
        "id",
        "idle_since",
        "in_service_at",
        "is_leaving",
        "jobs",
        "launched_at",
        "number",
        "phase",
        "slot",
    )

    def __init__(self, number: int, launched_at: float, slots: int) -> None:
        self.number = number
        self.id = f"i-{number:017x}"
        self.launched_at = launched_at
        self.in_service_at: float | None = None
        self.phase = Phase.BOOTING
        self.is_leaving = False
        self.idle_since: float | None = None
        self.free = slots
        self.jobs: set[int] = set()
        self.slot = -1

    @property
    def takes_jobs(self) -> bool:
        """Whether it has a free slot and may use it."""
        return self.free > 0 and self.phase is Phase.IN_SERVICE and not self.is_leaving


class FreeHosts:
    """The hosts that take jobs. Adding, removing and a random choice take the same time however many there are."""

    def __init__(self, dispatch: Dispatch, random: Random) -> None:
        self._hosts: list[Host] = []
        self._dispatch = dispatch
        self._random = random

    def __len__(self) -> int:
        return len(self._hosts)

    def __iter__(self) -> Iterator[Host]:
        return iter(self._hosts)

    def update(self, host: Host) -> None:
        """Put a host in or take it out, as it takes jobs or not."""
        if host.takes_jobs:
            if host.slot < 0:
                host.slot = len(self._hosts)
                self._hosts.append(host)
        elif host.slot >= 0:
            last = self._hosts.pop()
            if last is not host:
                self._hosts[host.slot] = last
                last.slot = host.slot
            host.slot = -1

    def choose(self) -> Host:
        """Return the host that takes the next job."""
        if self._dispatch is Dispatch.RANDOM:
            return self._hosts[int(self._random.random() * len(self._hosts))]
        if self._dispatch is Dispatch.PACKED:
            return min(self._hosts, key=lambda host: (host.free, host.number))
        return min(self._hosts, key=lambda host: (-host.free, host.number))
