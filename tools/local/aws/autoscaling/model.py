"""What an Auto Scaling group is made of. The group is the only owner of its instances, hooks and policies."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

GLOBAL_TIMEOUT_SECONDS = 48 * 3600
GLOBAL_HEARTBEATS = 100


class State(StrEnum):
    """Lifecycle states of an instance, in AWS's words."""

    PENDING = "Pending"
    PENDING_WAIT = "Pending:Wait"
    PENDING_PROCEED = "Pending:Proceed"
    IN_SERVICE = "InService"
    STANDBY = "Standby"
    TERMINATING = "Terminating"
    TERMINATING_WAIT = "Terminating:Wait"
    TERMINATING_PROCEED = "Terminating:Proceed"
    TERMINATED = "Terminated"


LAUNCHING = frozenset({State.PENDING, State.PENDING_WAIT, State.PENDING_PROCEED})
ENDING = frozenset({State.TERMINATING, State.TERMINATING_WAIT, State.TERMINATING_PROCEED, State.TERMINATED})
LAUNCH_HOOK = "autoscaling:EC2_INSTANCE_LAUNCHING"
TERMINATE_HOOK = "autoscaling:EC2_INSTANCE_TERMINATING"


class Market(StrEnum):
    """How an instance is bought."""

    ON_DEMAND = "on-demand"
    SPOT = "spot"


class Now(Protocol):
    """A clock."""

    def now(self) -> float:
        """Return the time in epoch seconds."""
        ...


@dataclass(frozen=True)
class Template:
    """A launch template's version as an instance was started from it."""

    template_id: str
    name: str
    version: str
    instance_type: str
    market: Market


class Ec2(Protocol):
    """What the emulator asks EC2."""

    def subnet_zone(self, account: str, region: str, subnet_id: str) -> str | None:
        """Return a subnet's availability zone, or None when there is no such subnet."""
        ...

    def template(self, account: str, region: str, specification: dict[str, str]) -> Template | None:
        """Return the version of a launch template that a specification names, or None when there is none."""
        ...


@dataclass
class Settings:
    """What a person may change while the emulator runs; durations are seconds of the emulator's clock."""

    boot_seconds: float = 3.0
    proceed_seconds: float = 0.2
    shutdown_seconds: float = 1.0
    ask_again_seconds: float = 5.0


@dataclass
class Hook:
    """A lifecycle hook."""

    name: str
    transition: str
    default_result: str = "ABANDON"
    heartbeat_seconds: int = 3600
    target_arn: str | None = None
    role_arn: str | None = None
    metadata: str | None = None

    @property
    def global_seconds(self) -> int:
        """The longest that an instance waits, however many heartbeats it sends."""
        return min(GLOBAL_TIMEOUT_SECONDS, GLOBAL_HEARTBEATS * self.heartbeat_seconds)


@dataclass
class Wait:
    """An instance's open lifecycle action: its hook as it was when the wait began, and when it ends by itself."""

    hook: Hook
    token: str
    ends_at: float
    expires_at: float
    result: str | None = None


@dataclass
class Instance:
    """An instance of a group."""

    instance_id: str
    zone: str
    instance_type: str
    market: Market
    template: Template | None
    launched_at: float
    state: State
    changes_at: float
    protected: bool = False
    healthy: bool = True
    in_service_at: float | None = None
    waits: list[Wait] = field(default_factory=list)
    activity_id: str = ""


@dataclass
class Policy:
    """A scaling policy, with its parameters as PutScalingPolicy took them."""

    name: str
    arn: str
    parameters: dict[str, Any]

    @property
    def kind(self) -> str:
        """StepScaling, SimpleScaling, …; SimpleScaling when nothing was said, as on AWS."""
        return str(self.parameters.get("PolicyType", "SimpleScaling"))


@dataclass
class Activity:
    """A scaling activity."""

    activity_id: str
    description: str
    cause: str
    started_at: float
    status: str = "InProgress"
    progress: int = 0
    ended_at: float | None = None
    message: str | None = None


@dataclass
class Group:
    """An Auto Scaling group. `settings` holds the parameters that only Describe repeats, under AWS's names."""

    name: str
    arn: str
    minimum: int
    maximum: int
    desired: int
    zones: list[str]
    created_at: float
    settings: dict[str, Any]
    tags: dict[str, dict[str, Any]] = field(default_factory=dict)
    instances: dict[str, Instance] = field(default_factory=dict)
    hooks: dict[str, Hook] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)
    suspended: dict[str, str] = field(default_factory=dict)
    activities: list[Activity] = field(default_factory=list)
    warm_pool: dict[str, Any] | None = None
    refreshes: list[dict[str, Any]] = field(default_factory=list)
    reason: str = ""
    cooldown_until: float = 0.0
    consulting: bool = False
    ask_again_at: float = 0.0
    deleting: bool = False

    def members(self) -> list[Instance]:
        """Return the instances that count towards the desired capacity."""
        out = ENDING | {State.STANDBY}
        return [instance for instance in self.instances.values() if instance.state not in out]

    def in_service(self) -> list[Instance]:
        """Return the instances that are in service."""
        return [instance for instance in self.instances.values() if instance.state is State.IN_SERVICE]

    def template_specification(self) -> dict[str, str] | None:
        """Return the launch template that new instances start from."""
        policy = self.settings.get("MixedInstancesPolicy")
        if policy:
            found: dict[str, str] = policy["LaunchTemplate"]["LaunchTemplateSpecification"]
            return found
        return self.settings.get("LaunchTemplate")

    def activity(self, activity_id: str) -> Activity | None:
        """Return an activity by its id."""
        return next((entry for entry in self.activities if entry.activity_id == activity_id), None)


@dataclass(frozen=True)
class Consultation:
    """A question to a custom termination policy: which of these instances may go?"""

    account: str
    region: str
    group: str
    function_arn: str
    payload: dict[str, Any]
