"""Groups, instances, activities and tags in the shapes that the API answers."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from tools.local.aws.autoscaling.errors import AutoScalingError

if TYPE_CHECKING:
    from tools.local.aws.autoscaling.model import Activity, Group, Instance

REPEATED = (
    "AvailabilityZoneDistribution",
    "AvailabilityZoneImpairmentPolicy",
    "CapacityRebalance",
    "CapacityReservationSpecification",
    "Context",
    "DefaultCooldown",
    "DefaultInstanceWarmup",
    "DesiredCapacityType",
    "HealthCheckGracePeriod",
    "HealthCheckType",
    "InstanceMaintenancePolicy",
    "LaunchConfigurationName",
    "LaunchTemplate",
    "MaxInstanceLifetime",
    "MixedInstancesPolicy",
    "NewInstancesProtectedFromScaleIn",
    "PlacementGroup",
    "ServiceLinkedRoleARN",
    "TerminationPolicies",
    "VPCZoneIdentifier",
)


class InvalidNextTokenError(AutoScalingError):
    """The NextToken is not one that we gave."""

    code = "InvalidNextToken"


def instant(at: float | None) -> dt.datetime | None:
    """Return epoch seconds as a time with its zone."""
    return None if at is None else dt.datetime.fromtimestamp(at, tz=dt.UTC)


def without_none(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that are set."""
    return {name: value for name, value in fields.items() if value is not None}


def group_view(group: Group, *, with_instances: bool = True) -> dict[str, Any]:
    """Return a group as DescribeAutoScalingGroups shows it."""
    shown = group.instances.values() if with_instances else []
    repeated = {name: group.settings.get(name) for name in REPEATED}
    own = {
        "AutoScalingGroupARN": group.arn,
        "AutoScalingGroupName": group.name,
        "AvailabilityZones": group.zones,
        "CreatedTime": instant(group.created_at),
        "DesiredCapacity": group.desired,
        "EnabledMetrics": [],
        "Instances": [instance_view(instance) for instance in shown],
        "LoadBalancerNames": [],
        "MaxSize": group.maximum,
        "MinSize": group.minimum,
        "Status": "Delete in progress" if group.deleting else None,
        "SuspendedProcesses": [
            {"ProcessName": name, "SuspensionReason": reason} for name, reason in sorted(group.suspended.items())
        ],
        "Tags": [group.tags[key] for key in sorted(group.tags)],
        "TargetGroupARNs": [],
        "TrafficSources": [],
        "WarmPoolConfiguration": group.warm_pool,
        "WarmPoolSize": None if group.warm_pool is None else 0,
    }
    return without_none(repeated | own)


def instance_view(instance: Instance) -> dict[str, Any]:
    """Return an instance as a group shows it."""
    template = instance.template
    shown = template and {
        "LaunchTemplateId": template.template_id,
        "LaunchTemplateName": template.name,
        "Version": template.version,
    }
    fields = {
        "AvailabilityZone": instance.zone,
        "HealthStatus": "Healthy" if instance.healthy else "Unhealthy",
        "InstanceId": instance.instance_id,
        "InstanceType": instance.instance_type,
        "LaunchTemplate": shown,
        "LifecycleState": str(instance.state),
        "ProtectedFromScaleIn": instance.protected,
    }
    return without_none(fields)


def activity_view(group: Group, activity: Activity) -> dict[str, Any]:
    """Return an activity as DescribeScalingActivities shows it."""
    fields = {
        "ActivityId": activity.activity_id,
        "AutoScalingGroupARN": group.arn,
        "AutoScalingGroupName": group.name,
        "Cause": activity.cause or group.reason,
        "Description": activity.description,
        "EndTime": instant(activity.ended_at),
        "Progress": activity.progress,
        "StartTime": instant(activity.started_at),
        "StatusCode": activity.status,
        "StatusMessage": activity.message,
    }
    return without_none(fields)


def page(items: list[Any], parameters: dict[str, Any], name: str, size: int = 50) -> dict[str, Any]:
    """Return one page of a list under its name, and the token of the next page if there is one.

    Raises:
        InvalidNextTokenError: the token is not one that we gave.
    """
    token = parameters.get("NextToken", "0")
    if not token.isdecimal():
        raise InvalidNextTokenError(f"The token '{token}' is invalid.")
    start, count = int(token), int(parameters.get("MaxRecords", size))
    answer: dict[str, Any] = {name: items[start : start + count]}
    if start + count < len(items):
        answer["NextToken"] = str(start + count)
    return answer
