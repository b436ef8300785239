"""What the Auto Scaling emulator asks EC2, answered from MiniStack's."""

from __future__ import annotations

from typing import Any

from tools.local.aws import emulator
from tools.local.aws.autoscaling.model import Market, Template


class LocalEc2:
    """Subnets and launch templates as they are in MiniStack."""

    def subnet_zone(self, account: str, region: str, subnet_id: str) -> str | None:
        """Return a subnet's availability zone, or None when there is no such subnet."""
        with emulator.scoped(account, region):
            subnet = emulator.load("services.ec2")._subnets.get(subnet_id)  # noqa: SLF001 - MiniStack has no other door
        return str(subnet["AvailabilityZone"]) if subnet else None

    def template(self, account: str, region: str, specification: dict[str, str]) -> Template | None:
        """Return the version of a launch template that a specification names, or None when there is none."""
        with emulator.scoped(account, region):
            templates = emulator.load("services.ec2")._launch_templates.values()  # noqa: SLF001 - as above
        wanted_id, wanted_name = specification.get("LaunchTemplateId"), specification.get("LaunchTemplateName")
        for record in templates:
            if wanted_id == record["LaunchTemplateId"] or (
                not wanted_id and wanted_name == record["LaunchTemplateName"]
            ):
                return versioned(record, specification.get("Version", "$Default"))
        return None


def versioned(record: dict[str, Any], version: str) -> Template | None:
    """Return one version of a launch template record."""
    named = {"$Latest": record["LatestVersionNumber"], "$Default": record["DefaultVersionNumber"]}
    number = str(named.get(version, version))
    for each in record["Versions"]:
        if str(each["VersionNumber"]) == number:
            data = each.get("LaunchTemplateData", {})
            spot = (data.get("InstanceMarketOptions") or {}).get("MarketType") == "spot"
            market = Market.SPOT if spot else Market.ON_DEMAND
            kind = str(data.get("InstanceType") or "m1.small")
            return Template(record["LaunchTemplateId"], record["LaunchTemplateName"], number, kind, market)
    return None
