"""Instances, the group, and what is planned for it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Phase(Enum):
    """Where an instance is in its life, as far as capacity is concerned."""

    BOOTING = "booting"
    IN_SERVICE = "in service"
    TERMINATING = "terminating"
    STANDBY = "standby"
    WARM = "warm"


def system_id(instance_id: str) -> str:
    """Return the system id of an instance's runner manager, as the bootstrap writes it."""
    return f"r_{instance_id[-12:]}"


@dataclass(frozen=True)
class Instance:
    """An instance of the group."""

    id: str
    phase: Phase
    is_protected: bool = False

    @property
    def system_id(self) -> str:
        """The system id of its runner manager."""
        return system_id(self.id)

    @property
    def is_staying(self) -> bool:
        """Whether it is capacity, now or soon."""
        return self.phase in {Phase.BOOTING, Phase.IN_SERVICE}


@dataclass(frozen=True)
class Group:
    """The Auto Scaling group."""

    minimum: int
    maximum: int
    desired: int
    instances: tuple[Instance, ...] = ()

    def count(self, *phases: Phase) -> int:
        """Return how many instances are in one of the phases."""
        return sum(instance.phase in phases for instance in self.instances)


@dataclass(frozen=True)
class Idle:
    """An instance that every project in scope shows as idle."""

    id: str
    seconds: float


@dataclass(frozen=True)
class Snapshot:
    """One observation, as the plan sees it.

    Attributes:
        pending: jobs that wait for this fleet.
        running: jobs that run on instances that stay.
        running_elsewhere: jobs that run on instances that go, or stand by.
        oldest_pending_seconds: how long the longest waiting job waits.
        desired: the group's desired capacity.
        idle: instances that may be removed, longest idle first.
        unfulfilled_seconds: for how long the group has had fewer instances than desired.
        unknown: what could not be read and why; empty = the observation is complete.
        project_ages: seconds since the last complete read of each project in scope that was ever read.
        upcoming: jobs that are expected beyond the present ones within one boot time.
        retained: the same a little later, for which instances are kept; `upcoming` is what counts if it is more.
        boot_seconds: how long an instance takes until it is in service.
        buffer: jobs to have free slots for, None = the rules' idle_buffer decides.
        used_up: slots that take no more jobs, because their instance has had its number of jobs.
        boot_failures: how many instances in a row have never reached service.
        may_retry: whether it is time to try with one more instance, although they fail.
        silent: instances in service that take no jobs although one waits, longest idle first.
        may_replace: whether it is time to replace one of them.
    """

    pending: int
    running: int
    minimum: int
    maximum: int
    desired: int
    in_service: int
    booting: int
    terminating: int = 0
    standby: int = 0
    warm: int = 0
    running_elsewhere: int = 0
    oldest_pending_seconds: float = 0.0
    idle: tuple[Idle, ...] = ()
    unfulfilled_seconds: float = 0.0
    unknown: tuple[str, ...] = ()
    project_ages: Mapping[int, float] = field(default_factory=dict)
    upcoming: int = 0
    retained: int = 0
    boot_seconds: float = 0.0
    buffer: int | None = None
    used_up: int = 0
    boot_failures: int = 0
    may_retry: bool = True
    silent: tuple[str, ...] = ()
    may_replace: bool = False

    @property
    def is_doubtful(self) -> bool:
        """Whether so many instances seem to take no jobs that something else may be wrong."""
        return len(self.silent) > max(1, self.in_service / 2)

    @property
    def staying(self) -> int:
        """Instances that are capacity, now or soon."""
        return self.in_service + self.booting

    @property
    def is_complete(self) -> bool:
        """Whether everything that counts was read."""
        return not self.unknown


@dataclass(frozen=True)
class Rules:
    """How demand becomes instances.

    Attributes:
        slots: jobs that one instance runs at a time.
        idle_seconds: how long an instance is idle before it may go.
        idle_buffer: instances to have beyond the demand.
        max_scale_out_step: by how much one decision may raise the desired capacity, 0 = by any number.
        sets_capacity: False = alarms act on the metrics instead.
        looks_ahead: whether capacity is started for jobs that are expected.
        tunes_buffer: whether the buffer is learnt; `idle_buffer` is then not used.
        max_jobs: how many jobs an instance takes before it drains and goes by itself, 0 = any number.
    """

    slots: int = 1
    idle_seconds: int = 1800
    idle_buffer: int = 0
    max_scale_out_step: int = 0
    sets_capacity: bool = True
    looks_ahead: bool = False
    tunes_buffer: bool = False
    max_jobs: int = 0


@dataclass(frozen=True)
class Plan:
    """What to do, and why.

    Attributes:
        need: instances needed, within the group's bounds.
        desired: the desired capacity to set; nothing is set if it is the present one.
        remove: ids of the idle instances to remove.
        surplus: how many idle instances are more than needed.
        is_capped: more are needed than the group may have.
        reason: why, in words.
        replace: ids of the instances to replace by new ones.
        due_seconds: when the next idle instances may go that are more than needed; infinite if there is none.
    """

    need: int
    desired: int
    remove: tuple[str, ...]
    surplus: int
    is_capped: bool
    reason: str
    replace: tuple[str, ...] = ()
    due_seconds: float = math.inf
