"""Instance refreshes as records: a refresh can be started, described and cancelled; it replaces nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tools.local.aws.autoscaling.errors import ActiveInstanceRefreshNotFoundError
from tools.local.aws.autoscaling.views import page

if TYPE_CHECKING:
    from tools.local.aws.autoscaling.region import Region

    Fields = dict[str, Any]


def start(region: Region, parameters: Fields) -> Fields:
    """StartInstanceRefresh; it is over at once."""
    group = region.group(parameters["AutoScalingGroupName"])
    now = region.clock.now()
    refresh = {
        "AutoScalingGroupName": group.name,
        "EndTime": now,
        "InstanceRefreshId": region.new_uuid(),
        "InstancesToUpdate": 0,
        "PercentageComplete": 100,
        "StartTime": now,
        "Status": "Successful",
    }
    group.refreshes.insert(0, refresh)
    return {"InstanceRefreshId": refresh["InstanceRefreshId"]}


def describe(region: Region, parameters: Fields) -> Fields:
    """DescribeInstanceRefreshes, the newest first."""
    group = region.group(parameters["AutoScalingGroupName"])
    wanted = parameters.get("InstanceRefreshIds", [])
    shown = [refresh for refresh in group.refreshes if not wanted or refresh["InstanceRefreshId"] in wanted]
    return page(shown, parameters, "InstanceRefreshes")


def cancel(region: Region, parameters: Fields) -> Fields:
    """CancelInstanceRefresh: none is ever under way.

    Raises:
        ActiveInstanceRefreshNotFoundError: always.
    """
    group = region.group(parameters["AutoScalingGroupName"])
    raise ActiveInstanceRefreshNotFoundError(f"No in progress or pending Instance Refresh found for {group.name}")
