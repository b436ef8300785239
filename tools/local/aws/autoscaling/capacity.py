"""Bring a group's instances to its desired capacity.

Source: Amazon EC2 Auto Scaling User Guide, "Control which instances terminate during scale in".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.local.aws.autoscaling import placement, termination
from tools.local.aws.autoscaling.lifecycle import launch, terminate
from tools.local.aws.autoscaling.model import Consultation, State

if TYPE_CHECKING:
    from tools.local.aws.autoscaling.model import Group, Instance
    from tools.local.aws.autoscaling.region import Region


def reconcile(region: Region, group: Group) -> None:
    """Start what is missing, or begin to remove what is too many."""
    surplus = len(group.members()) - group.desired
    if surplus < 0 and "Launch" not in group.suspended and not group.deleting:
        grow(region, group, -surplus)
    elif surplus > 0 and "Terminate" not in group.suspended:
        shrink(region, group, surplus)


def grow(region: Region, group: Group, count: int) -> None:
    """Start instances, balanced over the zones and bought as the group says."""
    specification = group.template_specification()
    template = region.ec2.template(region.account, region.name, specification) if specification else None
    if specification and template is None:
        named = specification.get("LaunchTemplateId") or specification.get("LaunchTemplateName")
        message = f"The specified launch template, {named}, does not exist. Launching EC2 instance failed."
        region.fail(group, "Launching a new EC2 instance.  Status Reason: no launch template", group.reason, message)
        return
    for _ in range(count):
        members = group.members()
        market = placement.next_market(group, template, members)
        kind = placement.next_type(group, template, market, members)
        launch(region, group, placement.next_zone(group.zones, members), market, kind, template)


def removable(group: Group) -> list[Instance]:
    """Return the instances that a scale-in may take: in service and not protected from it."""
    return [instance for instance in group.in_service() if not instance.protected]


def shrink(region: Region, group: Group, surplus: int) -> None:
    """Remove instances by the termination policies, or ask the custom one which."""
    candidates = removable(group)
    if not candidates:
        if group.in_service():
            message = "Could not scale to desired capacity because all remaining instances are protected from scale-in."
            region.fail(group, "Could not scale to desired capacity", group.reason, message)
        return
    suggested = termination.choose(group, candidates, surplus, region.clock.now())
    function = termination.custom_policy(group.settings.get("TerminationPolicies", []))
    if function is None:
        remove(region, group, suggested)
    elif not group.consulting and region.clock.now() >= group.ask_again_at:
        group.consulting = True
        question = termination.payload(group, suggested)
        region.consultations.append(Consultation(region.account, region.name, group.name, function, question))


def remove(region: Region, group: Group, chosen: list[Instance]) -> None:
    """Terminate instances because there are more than desired."""
    for instance in chosen:
        now = region.moment(region.clock.now())
        count = len(group.members())
        cause = (
            f"{group.reason}  At {now} an instance was taken out of service in response to a difference between "
            f"desired and actual capacity, shrinking the capacity from {count} to {count - 1}.  "
            f"At {now} instance {instance.instance_id} was selected for termination."
        )
        terminate(region, group, instance, cause)


def take_advice(region: Region, group: Group, advice: list[str] | str) -> None:
    """Act on a custom termination policy's answer: instance ids, or what went wrong as a text.

    Ids of instances that are unknown, protected or not in service are ignored. Of more than needed, the next
    termination policies choose; with fewer, the function is asked again shortly.
    """
    group.consulting = False
    group.ask_again_at = region.clock.now() + region.settings.ask_again_seconds
    surplus = len(group.members()) - group.desired
    if surplus <= 0 or "Terminate" in group.suspended:
        return
    if isinstance(advice, str):
        region.fail(group, "Could not scale to desired capacity", group.reason, advice)
        return
    allowed = [instance for instance in removable(group) if instance.instance_id in advice]
    remove(region, group, termination.choose(group, allowed, surplus, region.clock.now()))


def warm_instances(group: Group, warmup_seconds: float, now: float) -> int:
    """Return how many instances in service have finished warming up."""
    ready = [instance.in_service_at for instance in group.instances.values() if instance.state is State.IN_SERVICE]
    return sum(1 for since in ready if since is not None and now - since >= warmup_seconds)
