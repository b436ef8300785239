"""Actions that only read or note something: tags, activities, limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tools.local.aws.autoscaling.errors import ValidationError
from tools.local.aws.autoscaling.termination import PREDEFINED
from tools.local.aws.autoscaling.views import activity_view, page

if TYPE_CHECKING:
    from tools.local.aws.autoscaling.model import Group
    from tools.local.aws.autoscaling.region import Region

    Fields = dict[str, Any]


def put_tags(group: Group, tags: list[Fields]) -> None:
    """Set tags of a group; a tag of the same key is replaced."""
    for tag in tags:
        group.tags[tag["Key"]] = {
            "Key": tag["Key"],
            "PropagateAtLaunch": tag.get("PropagateAtLaunch", False),
            "ResourceId": group.name,
            "ResourceType": "auto-scaling-group",
            "Value": tag.get("Value", ""),
        }


def create_or_update_tags(region: Region, parameters: Fields) -> Fields:
    """CreateOrUpdateTags."""
    for tag in parameters["Tags"]:
        put_tags(tagged(region, tag), [tag])
    return {}


def tagged(region: Region, tag: Fields) -> Group:
    """Return the group that a tag is about.

    Raises:
        ValidationError: it names none, or one that does not exist.
    """
    if tag.get("ResourceType") != "auto-scaling-group" or "ResourceId" not in tag:
        raise ValidationError("A tag needs a ResourceId and the ResourceType auto-scaling-group")
    return region.group(tag["ResourceId"])


def delete_tags(region: Region, parameters: Fields) -> Fields:
    """DeleteTags; a tag with a value goes only if it has that value."""
    for tag in parameters["Tags"]:
        group = tagged(region, tag)
        found = group.tags.get(tag["Key"])
        if found is not None and tag.get("Value", found["Value"]) == found["Value"]:
            del group.tags[tag["Key"]]
    return {}


def describe_tags(region: Region, parameters: Fields) -> Fields:
    """DescribeTags, with its filters."""
    shown = [tag for group in region.groups.values() for _, tag in sorted(group.tags.items())]
    fields = {"auto-scaling-group": "ResourceId", "key": "Key", "value": "Value"}
    for wanted in parameters.get("Filters", []):
        name, values = wanted.get("Name", ""), wanted.get("Values", [])
        if name == "propagate-at-launch":
            shown = [tag for tag in shown if str(tag["PropagateAtLaunch"]).lower() in values]
        elif name in fields:
            shown = [tag for tag in shown if tag[fields[name]] in values]
        else:
            raise ValidationError(f"Filter type {name} is not correct")
    return page(shown, parameters, "Tags")


def describe_activities(region: Region, parameters: Fields) -> Fields:
    """DescribeScalingActivities, newest first."""
    name, wanted = parameters.get("AutoScalingGroupName"), parameters.get("ActivityIds", [])
    searched = [region.group(name)] if name else list(region.groups.values())
    shown = [
        activity_view(group, activity)
        for group in searched
        for activity in group.activities
        if not wanted or activity.activity_id in wanted
    ]
    return page(shown, parameters, "Activities", 100)


def describe_account_limits(region: Region, _: Fields) -> Fields:
    """DescribeAccountLimits."""
    return {
        "MaxNumberOfAutoScalingGroups": 500,
        "MaxNumberOfLaunchConfigurations": 200,
        "NumberOfAutoScalingGroups": len(region.groups),
        "NumberOfLaunchConfigurations": 0,
    }


def describe_termination_policy_types(_: Region, __: Fields) -> Fields:
    """DescribeTerminationPolicyTypes."""
    return {"TerminationPolicyTypes": sorted(PREDEFINED)}
