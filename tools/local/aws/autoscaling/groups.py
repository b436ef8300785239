"""Actions on groups: create, update, delete, describe, desired capacity and suspended processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tools.local.aws.autoscaling import hooks, lifecycle
from tools.local.aws.autoscaling.errors import (
    AlreadyExistsError,
    ResourceInUseError,
    ScalingActivityInProgressError,
    ValidationError,
)
from tools.local.aws.autoscaling.group_settings import check_bounds, defaults, resolved, subnet_zones
from tools.local.aws.autoscaling.model import ENDING, Group
from tools.local.aws.autoscaling.records import put_tags
from tools.local.aws.autoscaling.views import group_view, page

if TYPE_CHECKING:
    from tools.local.aws.autoscaling.region import Region

    Fields = dict[str, Any]

PROCESSES = (
    "AddToLoadBalancer",
    "AlarmNotification",
    "AZRebalance",
    "HealthCheck",
    "InstanceRefresh",
    "Launch",
    "ReplaceUnhealthy",
    "ScheduledActions",
    "Terminate",
)


def create(region: Region, parameters: Fields) -> Fields:
    """CreateAutoScalingGroup."""
    name = parameters["AutoScalingGroupName"]
    if name in region.groups:
        raise AlreadyExistsError(
            f"AutoScalingGroup by this name already exists - A group with the name {name} already exists"
        )
    minimum: int = parameters["MinSize"]
    maximum: int = parameters["MaxSize"]
    desired: int = parameters.get("DesiredCapacity", minimum)
    check_bounds(minimum, maximum, desired)
    arn = (
        f"arn:aws:autoscaling:{region.name}:{region.account}:autoScalingGroup:{region.new_uuid()}"
        f":autoScalingGroupName/{name}"
    )
    settings = defaults() | resolved(region, parameters)
    group = Group(name, arn, minimum, maximum, desired, zones(region, parameters), region.clock.now(), settings)
    put_tags(group, parameters.get("Tags", []))
    for specification in parameters.get("LifecycleHookSpecificationList", []):
        hooks.add(group, specification)
    region.groups[name] = group
    region.explain(
        group, f"a user request created an AutoScalingGroup changing the desired capacity from 0 to {desired}"
    )
    return {}


def zones(region: Region, parameters: Fields) -> list[str]:
    """Return the zones that a request names, directly or by its subnets.

    Raises:
        ValidationError: it names none.
    """
    found = parameters.get("AvailabilityZones") or subnet_zones(region, parameters.get("VPCZoneIdentifier", ""))
    if not found:
        raise ValidationError("At least one Availability Zone or VPC Subnet is required.")
    return list(found)


def update(region: Region, parameters: Fields) -> Fields:
    """UpdateAutoScalingGroup; a bound that moves past the desired capacity takes it along."""
    group = existing(region, parameters)
    minimum = parameters.get("MinSize", group.minimum)
    maximum = parameters.get("MaxSize", group.maximum)
    kept = max(minimum, min(maximum, group.desired))
    desired = parameters.get("DesiredCapacity", kept)
    check_bounds(minimum, maximum, desired)
    settings = resolved(region, parameters)
    if "VPCZoneIdentifier" in parameters or "AvailabilityZones" in parameters:
        group.zones = zones(region, parameters)
    group.settings = {name: value for name, value in (group.settings | settings).items() if value is not None}
    group.minimum, group.maximum = minimum, maximum
    constraints = f"AutoScalingGroup constraints to min: {minimum}, max: {maximum}, desired: {desired}"
    set_desired(region, group, desired, f"a user request update of {constraints}")
    return {}


def set_desired(region: Region, group: Group, desired: int, who: str) -> None:
    """Change the desired capacity and remember on whose behalf."""
    if desired != group.desired:
        region.explain(group, f"{who} changing the desired capacity from {group.desired} to {desired}")
        group.desired = desired


def existing(region: Region, parameters: Fields) -> Group:
    """Return the group that a request names and that is not being deleted.

    Raises:
        ValidationError: there is none.
        ScalingActivityInProgressError: it is being deleted.
    """
    group = region.group(parameters["AutoScalingGroupName"])
    if group.deleting:
        raise ScalingActivityInProgressError("AutoScalingGroup is being deleted and cannot be changed")
    return group


def delete(region: Region, parameters: Fields) -> Fields:
    """DeleteAutoScalingGroup; by force it takes the instances along without waiting for their hooks."""
    group = existing(region, parameters)
    force = parameters.get("ForceDelete", False)
    if not force and any(instance.state not in ENDING for instance in group.instances.values()):
        raise ResourceInUseError(
            "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) "
            "still in the group."
        )
    if not force and group.instances:
        raise ScalingActivityInProgressError(
            "You cannot delete an AutoScalingGroup while there are scaling activities in progress for that group."
        )
    group.deleting = True
    group.minimum = group.desired = 0
    for instance in group.instances.values():
        if instance.state not in ENDING:
            lifecycle.terminate(region, group, instance, "The group is being deleted by force.")
    return {}


def describe(region: Region, parameters: Fields) -> Fields:
    """DescribeAutoScalingGroups."""
    names = parameters.get("AutoScalingGroupNames", [])
    shown = [group for group in region.groups.values() if not names or group.name in names]
    shown = [group for group in shown if all(matches(group, each) for each in parameters.get("Filters", []))]
    detailed = parameters.get("IncludeInstances", True)
    views = [group_view(group, with_instances=detailed) for group in shown]
    return page(views, parameters, "AutoScalingGroups")


def matches(group: Group, wanted: Fields) -> bool:
    """Tell whether a group passes a tag filter.

    Raises:
        ValidationError: the filter has a name that AWS does not know.
    """
    name, values = wanted.get("Name", ""), wanted.get("Values", [])
    if name == "tag-key":
        return any(key in values for key in group.tags)
    if name == "tag-value":
        return any(tag.get("Value") in values for tag in group.tags.values())
    if name.startswith("tag:"):
        tag = group.tags.get(name.removeprefix("tag:"))
        return tag is not None and tag.get("Value") in values
    raise ValidationError(f"Filter type {name} is not correct. Allowed Filter types are: tag-key tag-value tag:<key>")


def set_desired_capacity(region: Region, parameters: Fields) -> Fields:
    """SetDesiredCapacity; within the bounds, and with HonorCooldown not during a cooldown."""
    group = existing(region, parameters)
    desired, now = parameters["DesiredCapacity"], region.clock.now()
    if desired > group.maximum:
        raise ValidationError(
            f"New SetDesiredCapacity value {desired} is above max value {group.maximum} for the AutoScalingGroup."
        )
    if desired < group.minimum:
        raise ValidationError(
            f"New SetDesiredCapacity value {desired} is below min value {group.minimum} for the AutoScalingGroup."
        )
    if parameters.get("HonorCooldown", False) and now < group.cooldown_until:
        raise ScalingActivityInProgressError(f"Scaling activity is in progress: {group.name} is in its cooldown period")
    if desired != group.desired:
        group.cooldown_until = now + group.settings["DefaultCooldown"]
    set_desired(region, group, desired, "a user request explicitly set group desired capacity")
    return {}


def suspend(region: Region, parameters: Fields) -> Fields:
    """SuspendProcesses; all of them when none is named."""
    group = existing(region, parameters)
    for name in named_processes(parameters):
        group.suspended[name] = f"User suspended at {region.moment(region.clock.now())}"
    return {}


def resume(region: Region, parameters: Fields) -> Fields:
    """ResumeProcesses; all of them when none is named."""
    group = existing(region, parameters)
    for name in named_processes(parameters):
        group.suspended.pop(name, None)
    return {}


def named_processes(parameters: Fields) -> list[str]:
    """Return the processes that a request names.

    Raises:
        ValidationError: one of them does not exist.
    """
    named: list[str] = parameters.get("ScalingProcesses") or list(PROCESSES)
    for name in named:
        if name not in PROCESSES:
            raise ValidationError(f"{name} is not a valid process type.")
    return named
