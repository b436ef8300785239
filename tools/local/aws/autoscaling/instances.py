"""Actions on single instances."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tools.local.aws.autoscaling.errors import ScalingActivityInProgressError, ValidationError
from tools.local.aws.autoscaling.groups import set_desired
from tools.local.aws.autoscaling.lifecycle import terminate
from tools.local.aws.autoscaling.model import ENDING, Group, Instance, State
from tools.local.aws.autoscaling.views import activity_view, instance_view, page

if TYPE_CHECKING:
    from tools.local.aws.autoscaling.region import Region

    Fields = dict[str, Any]


def describe(region: Region, parameters: Fields) -> Fields:
    """DescribeAutoScalingInstances; ids that no group manages are left out."""
    wanted = parameters.get("InstanceIds", [])
    shown = [
        instance_view(instance) | {"AutoScalingGroupName": group.name}
        for group in region.groups.values()
        for instance in group.instances.values()
        if not wanted or instance.instance_id in wanted
    ]
    return page(shown, parameters, "AutoScalingInstances")


def terminate_one(region: Region, parameters: Fields) -> Fields:
    """TerminateInstanceInAutoScalingGroup: through the hooks, and whatever the scale-in protection says."""
    if "InstanceId" not in parameters:
        raise ValidationError("InstanceId must be given: the local Auto Scaling terminates one instance a call")
    group, instance = region.find(parameters["InstanceId"])
    decrement = parameters["ShouldDecrementDesiredCapacity"]
    if instance.state in ENDING:
        raise ScalingActivityInProgressError(f"Instance {instance.instance_id} is already being terminated.")
    if decrement and group.desired <= group.minimum:
        raise ValidationError(
            f"Currently, desiredSize equals minSize ({group.minimum}). Terminating instance without replacement will "
            "violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower "
            "group's min size."
        )
    now = region.moment(region.clock.now())
    change = f", shrinking the capacity from {group.desired} to {group.desired - 1}" if decrement else ""
    cause = f"At {now} instance {instance.instance_id} was taken out of service in response to a user request{change}."
    if decrement and instance.state is not State.STANDBY:
        set_desired(region, group, group.desired - 1, "a user request terminated an instance")
    activity = group.activity(terminate(region, group, instance, cause))
    return {"Activity": activity_view(group, activity)} if activity else {}


def set_protection(region: Region, parameters: Fields) -> Fields:
    """SetInstanceProtection."""
    group = region.group(parameters["AutoScalingGroupName"])
    for instance in members(group, parameters["InstanceIds"]):
        instance.protected = parameters["ProtectedFromScaleIn"]
    return {}


def members(group: Group, instance_ids: list[str]) -> list[Instance]:
    """Return the named instances of a group.

    Raises:
        ValidationError: one of them is not part of it.
    """
    for instance_id in instance_ids:
        if instance_id not in group.instances:
            raise ValidationError(f"The instance {instance_id} is not part of Auto Scaling group {group.name}.")
    return [group.instances[instance_id] for instance_id in instance_ids]


def set_health(region: Region, parameters: Fields) -> Fields:
    """SetInstanceHealth: an unhealthy instance is replaced."""
    group, instance = region.find(parameters["InstanceId"])
    status = parameters["HealthStatus"]
    if status not in ("Healthy", "Unhealthy"):
        raise ValidationError("Valid instance health states are: [Healthy, Unhealthy].")
    instance.healthy = status == "Healthy"
    stopped = {"HealthCheck", "ReplaceUnhealthy", "Terminate"} & set(group.suspended)
    if not instance.healthy and instance.state is State.IN_SERVICE and not stopped:
        now = region.moment(region.clock.now())
        cause = f"At {now} an instance was taken out of service in response to a user health-check."
        terminate(region, group, instance, cause)
    return {}


def enter_standby(region: Region, parameters: Fields) -> Fields:
    """EnterStandby."""
    group = region.group(parameters["AutoScalingGroupName"])
    moving = in_state(group, parameters.get("InstanceIds", []), State.IN_SERVICE)
    if parameters["ShouldDecrementDesiredCapacity"]:
        if group.desired - len(moving) < group.minimum:
            raise ValidationError(
                f"AutoScalingGroup {group.name} has min-size={group.minimum}, max-size={group.maximum}, and "
                f"desired-size={group.desired}. To place into standby {len(moving)} more instances, please update the "
                "AutoScalingGroup sizes appropriately."
            )
        set_desired(region, group, group.desired - len(moving), "a user request moved instances to standby")
    for instance in moving:
        instance.state, instance.changes_at = State.STANDBY, math.inf
    return {"Activities": [recorded(region, group, each, "Moving EC2 instance to Standby") for each in moving]}


def exit_standby(region: Region, parameters: Fields) -> Fields:
    """ExitStandby: the instances are pending for a moment, and the desired capacity grows by them."""
    group = region.group(parameters["AutoScalingGroupName"])
    moving = in_state(group, parameters.get("InstanceIds", []), State.STANDBY)
    if group.desired + len(moving) > group.maximum:
        raise ValidationError(
            f"AutoScalingGroup {group.name} has min-size={group.minimum}, max-size={group.maximum}, and "
            f"desired-size={group.desired}. To return {len(moving)} instances to service, please update the sizes."
        )
    set_desired(region, group, group.desired + len(moving), "a user request moved instances out of standby")
    soon = region.clock.now() + region.settings.proceed_seconds
    for instance in moving:
        instance.state, instance.changes_at = State.PENDING_PROCEED, soon
    return {"Activities": [recorded(region, group, each, "Moving EC2 instance out of Standby") for each in moving]}


def in_state(group: Group, instance_ids: list[str], state: State) -> list[Instance]:
    """Return the named instances, all of which must be in a state.

    Raises:
        ValidationError: one of them is not.
    """
    found = members(group, instance_ids)
    for instance in found:
        if instance.state is not state:
            raise ValidationError(f"The instance {instance.instance_id} is not in {state}.")
    return found


def recorded(region: Region, group: Group, instance: Instance, what: str) -> Fields:
    """Record and return an activity about an instance that a person moved."""
    now = region.moment(region.clock.now())
    activity = region.begin(group, f"{what}: {instance.instance_id}", f"At {now} a user requested it.")
    activity.status, activity.progress, activity.ended_at = "Successful", 100, activity.started_at
    return activity_view(group, activity)
