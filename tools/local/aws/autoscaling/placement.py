"""Where a new instance goes and how it is bought, pure.

Source: Amazon EC2 Auto Scaling User Guide, "Auto Scaling groups with multiple instance types and purchase options".
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from tools.local.aws.autoscaling.model import Instance, Market

if TYPE_CHECKING:
    from tools.local.aws.autoscaling.model import Group, Template


def next_zone(zones: list[str], members: list[Instance]) -> str:
    """Return the zone with the fewest instances; the first named wins a tie."""
    counts = Counter(instance.zone for instance in members)
    return min(zones, key=lambda zone: counts[zone])


def on_demand_target(distribution: dict[str, Any], total: int) -> int:
    """Return how many of a total are bought on demand: the base, and a percentage of the rest, rounded up."""
    base = min(total, int(distribution.get("OnDemandBaseCapacity", 0)))
    percentage = int(distribution.get("OnDemandPercentageAboveBaseCapacity", 100))
    return base + math.ceil((total - base) * percentage / 100)


def next_market(group: Group, template: Template | None, members: list[Instance]) -> Market:
    """Return how the next instance is bought."""
    policy = group.settings.get("MixedInstancesPolicy")
    if not policy:
        return template.market if template else Market.ON_DEMAND
    wanted = on_demand_target(policy.get("InstancesDistribution", {}), len(members) + 1)
    bought = sum(1 for instance in members if instance.market is Market.ON_DEMAND)
    return Market.ON_DEMAND if bought < wanted else Market.SPOT


def next_type(group: Group, template: Template | None, market: Market, members: list[Instance]) -> str:
    """Return the next instance's type: the first choice on demand, the least used one among spot instances."""
    policy = group.settings.get("MixedInstancesPolicy") or {}
    overrides = policy.get("LaunchTemplate", {}).get("Overrides", [])
    types = [entry["InstanceType"] for entry in overrides if "InstanceType" in entry]
    if not types:
        return template.instance_type if template else "t3.micro"
    if market is Market.ON_DEMAND:
        return str(types[0])
    counts = Counter(instance.instance_type for instance in members if instance.market is Market.SPOT)
    return str(min(types, key=lambda name: counts[name]))
