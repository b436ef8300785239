"""Warm pools as records: a pool can be put, described and deleted; its instances are not emulated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tools.local.aws.autoscaling.errors import ValidationError

if TYPE_CHECKING:
    from tools.local.aws.autoscaling.region import Region

    Fields = dict[str, Any]


def put(region: Region, parameters: Fields) -> Fields:
    """PutWarmPool."""
    group = region.group(parameters["AutoScalingGroupName"])
    if group.settings.get("MixedInstancesPolicy"):
        raise ValidationError("You can't add a warm pool to an Auto Scaling group that has a mixed instances policy.")
    given = {name: value for name, value in parameters.items() if name != "AutoScalingGroupName"}
    if given.get("MaxGroupPreparedCapacity") == -1:
        del given["MaxGroupPreparedCapacity"]
    group.warm_pool = {"MinSize": 0, "PoolState": "Stopped"} | given
    return {}


def describe(region: Region, parameters: Fields) -> Fields:
    """DescribeWarmPool."""
    group = region.group(parameters["AutoScalingGroupName"])
    answer: Fields = {"Instances": []}
    if group.warm_pool is not None:
        answer["WarmPoolConfiguration"] = group.warm_pool
    return answer


def delete(region: Region, parameters: Fields) -> Fields:
    """DeleteWarmPool."""
    group = region.group(parameters["AutoScalingGroupName"])
    if group.warm_pool is None:
        raise ValidationError(f"No warm pool found for Auto Scaling group {group.name}")
    group.warm_pool = None
    return {}
