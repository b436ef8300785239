"""Instances, the group, and what is planned for it."""

from __future__ import annotations

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


@dataclass(frozen=True)
class Instance:
    """An instance of the group."""

    id: str
    phase: Phase
    is_protected: bool = False

    @property
    def system_id(self) -> str:
        """The system id of its runner manager: bootstrap writes `r_` and the last 12 digits of the instance id."""
        return f"r_{self.id[-12:]}"

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
    """

    slots: int = 1
    idle_seconds: int = 1800
    idle_buffer: int = 0
    max_scale_out_step: int = 0
    sets_capacity: bool = True


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
    """

    need: int
    desired: int
    remove: tuple[str, ...]
    surplus: int
    is_capped: bool
    reason: str
