"""A world for the Auto Scaling emulator: a clock that a test turns, an EC2 with three zones, and short commands."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from tools.local.aws.autoscaling.model import Group, Instance, Market, Settings, Template
from tools.local.aws.autoscaling.scaling import Scaling

ACCOUNT = "000000000000"
REGION = "us-east-1"
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:choose:live"
TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"
LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"


@dataclass
class FakeClock:
    """A clock that stands still until it is turned."""

    time: float = 1_763_778_600.0

    def now(self) -> float:
        return self.time


@dataclass
class FakeEc2:
    """Three subnets in three zones, and one launch template."""

    market: Market = Market.ON_DEMAND
    latest: int = 1
    zones: dict[str, str] = field(default_factory=lambda: {f"subnet-{zone}": f"us-east-1{zone}" for zone in "abc"})

    def subnet_zone(self, account: str, region: str, subnet_id: str) -> str | None:
        return self.zones.get(subnet_id)

    def template(self, account: str, region: str, specification: dict[str, str]) -> Template | None:
        named = specification.get("LaunchTemplateId") or specification.get("LaunchTemplateName")
        if named not in ("lt-1", "runner"):
            return None
        asked = specification.get("Version", "$Default")
        version = str(self.latest) if asked == "$Latest" else asked.replace("$Default", "1")
        return Template("lt-1", "runner", version, "t3.micro", self.market)


@dataclass
class World:
    """The emulator with short commands; instances boot in 10 s and shut down in 1 s."""

    clock: FakeClock = field(default_factory=FakeClock)
    ec2: FakeEc2 = field(default_factory=FakeEc2)

    def __post_init__(self) -> None:
        settings = Settings(boot_seconds=10, proceed_seconds=0, shutdown_seconds=1, ask_again_seconds=5)
        self.scaling = Scaling(self.clock, self.ec2, Random(7), settings)

    def call(self, action: str, group: str | None = "fleet", **parameters: Any) -> dict[str, Any]:
        named: dict[str, Any] = {"AutoScalingGroupName": group} if group else {}
        return self.scaling.call(ACCOUNT, REGION, action, named | parameters)

    def create(self, desired: int = 0, minimum: int = 0, maximum: int = 10, **parameters: Any) -> None:
        fields: dict[str, Any] = {
            "DesiredCapacity": desired,
            "LaunchTemplate": {"LaunchTemplateId": "lt-1", "Version": "1"},
            "MaxSize": maximum,
            "MinSize": minimum,
            "VPCZoneIdentifier": "subnet-a,subnet-b,subnet-c",
        }
        self.call("CreateAutoScalingGroup", **(fields | parameters))

    def serving(self, count: int, **parameters: Any) -> list[str]:
        """Create a group whose instances are in service, and return their ids, oldest first."""
        self.create(**parameters)
        for number in range(count):
            self.desire(number + 1)
            self.wait(10)
        return self.ids()

    def hook(self, transition: str, name: str = "drain", **parameters: Any) -> None:
        self.call("PutLifecycleHook", LifecycleHookName=name, LifecycleTransition=transition, **parameters)

    def desire(self, count: int, **parameters: Any) -> None:
        self.call("SetDesiredCapacity", DesiredCapacity=count, **parameters)

    def terminate(self, instance_id: str, *, decrement: bool = True) -> dict[str, Any]:
        named: dict[str, Any] = {"InstanceId": instance_id, "ShouldDecrementDesiredCapacity": decrement}
        return self.call("TerminateInstanceInAutoScalingGroup", None, **named)

    def complete(self, instance_id: str, result: str = "CONTINUE", name: str = "drain") -> None:
        named = {"InstanceId": instance_id, "LifecycleActionResult": result, "LifecycleHookName": name}
        self.call("CompleteLifecycleAction", **named)

    def wait(self, seconds: float) -> None:
        self.clock.time += seconds
        self.scaling.tick()

    def group(self, name: str = "fleet") -> dict[str, Any]:
        found: dict[str, Any] = self.call("DescribeAutoScalingGroups", None, AutoScalingGroupNames=[name])
        return dict(found["AutoScalingGroups"][0])

    def instances(self) -> list[Instance]:
        return [instance for _, instance in self.scaling.instances("fleet")]

    def ids(self) -> list[str]:
        return [instance.instance_id for instance in self.instances()]

    def states(self) -> list[str]:
        return [str(instance.state) for instance in self.instances()]

    def state(self, instance_id: str) -> str:
        found = [str(each.state) for each in self.instances() if each.instance_id == instance_id]
        return found[0] if found else "gone"

    def desired(self) -> int:
        return int(self.group()["DesiredCapacity"])

    def activities(self) -> list[dict[str, Any]]:
        return list(self.call("DescribeScalingActivities")["Activities"])


def bare_group(instances: list[Instance], **settings: Any) -> Group:
    """Return a group that only holds instances and settings."""
    group = Group("fleet", "arn:fleet", 0, 10, len(instances), ["us-east-1a"], 0.0, settings)
    group.instances = {instance.instance_id: instance for instance in instances}
    return group
