"""An instance's way through its lifecycle states, hooks included.

Source: Amazon EC2 Auto Scaling User Guide, "Instance lifecycle" and "Lifecycle hooks".
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tools.local.aws.autoscaling.model import (
    ENDING,
    LAUNCH_HOOK,
    LAUNCHING,
    TERMINATE_HOOK,
    Instance,
    Market,
    State,
    Template,
    Wait,
)
from tools.local.aws.autoscaling.region import finish

if TYPE_CHECKING:
    from tools.local.aws.autoscaling.model import Group
    from tools.local.aws.autoscaling.region import Region


def launch(region: Region, group: Group, zone: str, market: Market, kind: str, template: Template | None) -> Instance:
    """Start an instance; it stays Pending while it boots."""
    now = region.clock.now()
    existing = len(group.members())
    cause = (
        f"{group.reason}  At {region.moment(now)} an instance was started in response to a difference between desired "
        f"and actual capacity, increasing the capacity from {existing} to {existing + 1}."
    )
    instance = Instance(
        instance_id=region.new_instance_id(),
        zone=zone,
        instance_type=kind,
        market=market,
        template=template,
        launched_at=now,
        state=State.PENDING,
        changes_at=now + region.settings.boot_seconds,
        protected=bool(group.settings.get("NewInstancesProtectedFromScaleIn", False)),
    )
    activity = region.begin(group, f"Launching a new EC2 instance: {instance.instance_id}", cause.strip())
    instance.activity_id = activity.activity_id
    group.instances[instance.instance_id] = instance
    return instance


def terminate(region: Region, group: Group, instance: Instance, cause: str, at: float | None = None) -> str:
    """Begin to terminate an instance and return the activity's id; its launch, if not finished, is cancelled."""
    now = region.clock.now() if at is None else at
    if instance.state in LAUNCHING:
        finish(group.activity(instance.activity_id), now, "Cancelled", "The instance was terminated before its launch")
    activity = region.begin(group, f"Terminating EC2 instance: {instance.instance_id}", cause.strip())
    instance.activity_id = activity.activity_id
    instance.waits = []
    instance.state, instance.changes_at = State.TERMINATING, now
    return activity.activity_id


def open_waits(region: Region, group: Group, instance: Instance, transition: str, at: float) -> None:
    """Open one lifecycle action for every hook of a transition."""
    instance.waits = [
        Wait(hook, region.new_uuid(), at + hook.global_seconds, at + hook.heartbeat_seconds)
        for hook in group.hooks.values()
        if hook.transition == transition
    ]


def advance(region: Region, group: Group) -> None:
    """Move every instance of a group as far as the time allows."""
    now = region.clock.now()
    for instance in list(group.instances.values()):
        while step(region, group, instance, now):
            pass
        if instance.state is State.TERMINATED:
            del group.instances[instance.instance_id]


def step(region: Region, group: Group, instance: Instance, now: float) -> bool:
    """Move an instance by one state if its time has come, and tell whether it moved."""
    if instance.state in (State.PENDING_WAIT, State.TERMINATING_WAIT):
        return settle(region, group, instance, now)
    if instance.changes_at > now or instance.state in (State.IN_SERVICE, State.STANDBY, State.TERMINATED):
        return False
    at = instance.changes_at
    match instance.state:
        case State.PENDING:
            enter(region, group, instance, LAUNCH_HOOK, at)
        case State.PENDING_PROCEED:
            instance.state, instance.in_service_at, instance.changes_at = State.IN_SERVICE, at, math.inf
            finish(group.activity(instance.activity_id), at)
        case State.TERMINATING:
            enter(region, group, instance, TERMINATE_HOOK, at)
        case _:
            instance.state = State.TERMINATED
            finish(group.activity(instance.activity_id), at)
    return True


def enter(region: Region, group: Group, instance: Instance, transition: str, at: float) -> None:
    """Wait for a transition's hooks, or proceed when there are none or the group is being deleted."""
    if not group.deleting:
        open_waits(region, group, instance, transition, at)
    if not instance.waits:
        proceed(region, group, instance, at)
        return
    launching = transition == LAUNCH_HOOK
    instance.state = State.PENDING_WAIT if launching else State.TERMINATING_WAIT
    instance.changes_at = math.inf
    activity = group.activity(instance.activity_id)
    if activity is not None:
        activity.status = "MidLifecycleAction"


def proceed(region: Region, group: Group, instance: Instance, at: float) -> None:
    """Leave the hooks behind."""
    ending = instance.state in ENDING
    instance.waits = []
    instance.state = State.TERMINATING_PROCEED if ending else State.PENDING_PROCEED
    seconds = region.settings.shutdown_seconds if ending else region.settings.proceed_seconds
    instance.changes_at = at + seconds
    activity = group.activity(instance.activity_id)
    if activity is not None:
        activity.status = "InProgress"


def settle(region: Region, group: Group, instance: Instance, now: float) -> bool:
    """End an instance's wait if its hooks have decided, or their time is up."""
    at = now
    for wait in instance.waits:
        due = min(wait.expires_at, wait.ends_at)
        if wait.result is None and due <= now:
            wait.result, at = wait.hook.default_result, due
    abandoned = any(wait.result == "ABANDON" for wait in instance.waits)
    if not abandoned and any(wait.result is None for wait in instance.waits):
        return False
    if abandoned and instance.state is State.PENDING_WAIT:
        cause = (
            f"At {region.moment(at)} an instance was taken out of service: its launch lifecycle action was abandoned."
        )
        terminate(region, group, instance, cause, at)
        return True
    proceed(region, group, instance, at)
    return True
