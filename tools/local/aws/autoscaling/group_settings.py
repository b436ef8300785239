"""A group's settings as AWS keeps them: defaults filled in, names resolved, wrong values refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tools.local.aws.autoscaling.errors import ValidationError
from tools.local.aws.autoscaling.termination import PREDEFINED
from tools.local.aws.autoscaling.views import REPEATED

if TYPE_CHECKING:
    from tools.local.aws.autoscaling.region import Region

    Fields = dict[str, Any]

ABSENT = -1
DISTRIBUTION = {
    "OnDemandAllocationStrategy": "prioritized",
    "OnDemandBaseCapacity": 0,
    "OnDemandPercentageAboveBaseCapacity": 100,
    "SpotAllocationStrategy": "lowest-price",
}
LAUNCH_SOURCES = ("LaunchTemplate", "LaunchConfigurationName", "MixedInstancesPolicy")


def defaults() -> Fields:
    """Return what AWS fills in when a group is created."""
    return {
        "CapacityRebalance": False,
        "DefaultCooldown": 300,
        "HealthCheckGracePeriod": 0,
        "HealthCheckType": "EC2",
        "NewInstancesProtectedFromScaleIn": False,
        "TerminationPolicies": ["Default"],
    }


def check_bounds(minimum: int, maximum: int, desired: int) -> None:
    """Refuse bounds that contradict each other or the desired capacity.

    Raises:
        ValidationError: they do.
    """
    if minimum < 0 or maximum < 0:
        raise ValidationError("Min and max bounds must be greater than or equal to 0")
    if minimum > maximum:
        raise ValidationError(f"Max bound, {maximum}, must be greater than or equal to min bound, {minimum}")
    if not minimum <= desired <= maximum:
        raise ValidationError(
            f"Desired capacity:{desired} must be between the specified min size:{minimum} and max size:{maximum}"
        )


def resolved(region: Region, parameters: Fields) -> Fields:
    """Return the settings of a request that Describe repeats, with launch templates resolved to id and name.

    A source of launches replaces the one before, so the others come back as None; so does a warm-up of -1.
    """
    settings = {name: parameters[name] for name in REPEATED if name in parameters}
    check_policies(settings.get("TerminationPolicies", []))
    if settings.get("DefaultInstanceWarmup") == ABSENT:
        settings["DefaultInstanceWarmup"] = None
    if settings.get("TerminationPolicies") == []:
        settings["TerminationPolicies"] = ["Default"]
    given = [name for name in LAUNCH_SOURCES if name in settings]
    if not given and "AutoScalingGroupName" in parameters and parameters["AutoScalingGroupName"] not in region.groups:
        raise ValidationError(
            "Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or "
            "MixedInstancesPolicy parameter."
        )
    if len(given) > 1:
        raise ValidationError(f"Only one of {', '.join(LAUNCH_SOURCES)} can be given, not {', '.join(given)}")
    if given:
        settings = dict.fromkeys(LAUNCH_SOURCES) | settings
    if "LaunchTemplate" in given:
        settings["LaunchTemplate"] = resolve_template(region, settings["LaunchTemplate"])
    if "MixedInstancesPolicy" in given:
        settings["MixedInstancesPolicy"] = resolve_mixed(region, settings["MixedInstancesPolicy"])
    return settings


def check_policies(policies: list[str]) -> None:
    """Refuse termination policies that AWS does not know, and a custom one that is not first or not pinned.

    Raises:
        ValidationError: one is wrong.
    """
    for number, name in enumerate(policies):
        custom = name.startswith("arn:")
        if not custom and name not in PREDEFINED:
            raise ValidationError(f"Invalid termination policy: {name}")
        if custom and number:
            raise ValidationError(
                "The custom termination policy must be the first in the list of termination policies."
            )
        if custom and name.endswith(":$LATEST"):
            raise ValidationError("A custom termination policy cannot name the $LATEST version of a Lambda function.")


def resolve_template(region: Region, specification: dict[str, str]) -> dict[str, str]:
    """Return a launch template specification with both its id and its name.

    Raises:
        ValidationError: there is no such template or version.
    """
    template = region.ec2.template(region.account, region.name, specification)
    if template is None:
        named = specification.get("LaunchTemplateId") or specification.get("LaunchTemplateName")
        raise ValidationError(
            "You must use a valid fully-formed launch template. "
            f"The specified launch template, {named}, version {specification.get('Version')}, does not exist."
        )
    kept = {"Version": specification["Version"]} if "Version" in specification else {}
    return {"LaunchTemplateId": template.template_id, "LaunchTemplateName": template.name, **kept}


def resolve_mixed(region: Region, policy: Fields) -> Fields:
    """Return a mixed instances policy with its template resolved and the distribution's defaults filled in.

    Raises:
        ValidationError: it has no launch template.
    """
    launch = dict(policy.get("LaunchTemplate", {}))
    if "LaunchTemplateSpecification" not in launch:
        raise ValidationError("MixedInstancesPolicy must contain a launch template specification.")
    launch["LaunchTemplateSpecification"] = resolve_template(region, launch["LaunchTemplateSpecification"])
    distribution = DISTRIBUTION | policy.get("InstancesDistribution", {})
    if distribution["SpotAllocationStrategy"] == "lowest-price":
        distribution.setdefault("SpotInstancePools", 2)
    return {"InstancesDistribution": distribution, "LaunchTemplate": {"Overrides": [], **launch}}


def subnet_zones(region: Region, identifier: str) -> list[str]:
    """Return the zones of a comma-separated list of subnets, each once.

    Raises:
        ValidationError: a subnet does not exist.
    """
    zones: dict[str, None] = {}
    for subnet in filter(None, (part.strip() for part in identifier.split(","))):
        zone = region.ec2.subnet_zone(region.account, region.name, subnet)
        if zone is None:
            raise ValidationError(f"The subnet ID '{subnet}' does not exist")
        zones[zone] = None
    return list(zones)
