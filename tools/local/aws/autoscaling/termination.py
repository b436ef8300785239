"""Which instances go when a group shrinks, pure.

Source: Amazon EC2 Auto Scaling User Guide, "Configure termination policies" and "Create a custom termination policy".
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tools.local.aws.autoscaling.model import Market
from tools.local.aws.autoscaling.placement import on_demand_target

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.local.aws.autoscaling.model import Group, Instance

HOUR = 3600
DEFAULT = ("AllocationStrategy", "OldestLaunchTemplate", "ClosestToNextInstanceHour")
PREDEFINED = frozenset(
    {
        "Default",
        "AllocationStrategy",
        "OldestLaunchTemplate",
        "OldestLaunchConfiguration",
        "ClosestToNextInstanceHour",
        "NewestInstance",
        "OldestInstance",
    }
)


def custom_policy(policies: list[str]) -> str | None:
    """Return the custom termination policy's function, which can only be the first of the list."""
    return policies[0] if policies and policies[0].startswith("arn:") else None


def predefined(policies: list[str]) -> list[str]:
    """Return the predefined policies of a list with Default spelled out; none at all means Default."""
    named = [name for name in policies if name in PREDEFINED] or ["Default"]
    return [each for name in named for each in (DEFAULT if name == "Default" else (name,))]


def choose(group: Group, candidates: list[Instance], count: int, now: float) -> list[Instance]:
    """Return the instances that go first among candidates, one after the other."""
    staying = group.in_service()
    left = list(candidates)
    chosen: list[Instance] = []
    while left and len(chosen) < count:
        picked = choose_one(group, left, staying, now)
        chosen.append(picked)
        left.remove(picked)
        staying.remove(picked)
    return chosen


def choose_one(group: Group, candidates: list[Instance], staying: list[Instance], now: float) -> Instance:
    """Return the instance that goes next: from the fullest zone, then by each policy until one is left."""
    counts = Counter(instance.zone for instance in staying)
    fullest = max(counts[instance.zone] for instance in candidates)
    left = [instance for instance in candidates if counts[instance.zone] == fullest]
    for name in predefined(group.settings.get("TerminationPolicies", [])):
        left = narrow(name, group, left, staying, now)
    return min(left, key=lambda instance: instance.instance_id)


def narrow(name: str, group: Group, left: list[Instance], staying: list[Instance], now: float) -> list[Instance]:
    """Return the candidates that a predefined policy prefers, never none."""
    if name == "AllocationStrategy":
        surplus = surplus_market(group, staying)
        return [instance for instance in left if instance.market is surplus] or left
    keys: dict[str, Callable[[Instance], float]] = {
        "OldestInstance": lambda instance: instance.launched_at,
        "NewestInstance": lambda instance: -instance.launched_at,
        "OldestLaunchTemplate": template_age,
        "OldestLaunchConfiguration": lambda _: 0.0,
        "ClosestToNextInstanceHour": lambda instance: HOUR - (now - instance.launched_at) % HOUR,
    }
    key = keys[name]
    least = min(key(instance) for instance in left)
    return [instance for instance in left if key(instance) == least]


def template_age(instance: Instance) -> float:
    """Return a number that is lower the older an instance's launch template version is."""
    return float(instance.template.version) if instance.template else -1.0


def surplus_market(group: Group, staying: list[Instance]) -> Market | None:
    """Return the purchase option of which a mixed group has more than its share after losing one instance."""
    policy = group.settings.get("MixedInstancesPolicy")
    if not policy:
        return None
    wanted = on_demand_target(policy.get("InstancesDistribution", {}), len(staying) - 1)
    bought = sum(1 for instance in staying if instance.market is Market.ON_DEMAND)
    return Market.ON_DEMAND if bought > wanted else Market.SPOT


def payload(group: Group, suggested: list[Instance]) -> dict[str, Any]:
    """Return what a custom termination policy is asked, in AWS's documented form."""
    counts = Counter((instance.zone, instance.market) for instance in suggested)
    return {
        "AutoScalingGroupARN": group.arn,
        "AutoScalingGroupName": group.name,
        "CapacityToTerminate": [
            {"AvailabilityZone": zone, "Capacity": count, "InstanceMarketOption": str(market)}
            for (zone, market), count in counts.items()
        ],
        "Instances": [
            {
                "AvailabilityZone": instance.zone,
                "InstanceId": instance.instance_id,
                "InstanceType": instance.instance_type,
                "InstanceMarketOption": str(instance.market),
            }
            for instance in suggested
        ],
        "Cause": "SCALE_IN",
    }
