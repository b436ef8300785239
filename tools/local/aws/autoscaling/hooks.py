"""Actions on lifecycle hooks and on the actions that wait for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tools.local.aws.autoscaling.errors import ValidationError
from tools.local.aws.autoscaling.model import LAUNCH_HOOK, TERMINATE_HOOK, Group, Hook, Instance, Wait
from tools.local.aws.autoscaling.views import without_none

if TYPE_CHECKING:
    from tools.local.aws.autoscaling.region import Region

    Fields = dict[str, Any]

TRANSITIONS = (LAUNCH_HOOK, TERMINATE_HOOK)
RESULTS = ("CONTINUE", "ABANDON")
SHORTEST_HEARTBEAT = 30
LONGEST_HEARTBEAT = 7200


def put(region: Region, parameters: Fields) -> Fields:
    """PutLifecycleHook: create a hook, or change what is given of one."""
    add(region.group(parameters["AutoScalingGroupName"]), parameters)
    return {}


def add(group: Group, fields: Fields) -> None:
    """Create or change a hook of a group.

    Raises:
        ValidationError: a value is out of its range, or a new hook names no transition.
    """
    name = fields["LifecycleHookName"]
    before = group.hooks.get(name)
    hook = Hook(
        name=name,
        transition=fields.get("LifecycleTransition", before.transition if before else ""),
        default_result=fields.get("DefaultResult", before.default_result if before else "ABANDON"),
        heartbeat_seconds=fields.get("HeartbeatTimeout", before.heartbeat_seconds if before else 3600),
        target_arn=fields.get("NotificationTargetARN", before.target_arn if before else None),
        role_arn=fields.get("RoleARN", before.role_arn if before else None),
        metadata=fields.get("NotificationMetadata", before.metadata if before else None),
    )
    check(hook)
    group.hooks[name] = hook


def check(hook: Hook) -> None:
    """Refuse a hook that AWS would refuse.

    Raises:
        ValidationError: a value is not allowed.
    """
    if hook.transition not in TRANSITIONS:
        raise ValidationError(
            f"Invalid lifecycle transition: '{hook.transition}'; must be one of {', '.join(TRANSITIONS)}"
        )
    if hook.default_result not in RESULTS:
        raise ValidationError(f"Invalid lifecycle default result: '{hook.default_result}'; must be CONTINUE or ABANDON")
    if not SHORTEST_HEARTBEAT <= hook.heartbeat_seconds <= LONGEST_HEARTBEAT:
        raise ValidationError(
            f"Heartbeat timeout must be between {SHORTEST_HEARTBEAT} and {LONGEST_HEARTBEAT} seconds, "
            f"not {hook.heartbeat_seconds}"
        )


def delete(region: Region, parameters: Fields) -> Fields:
    """DeleteLifecycleHook; instances that wait for it are let go with its default result.

    AWS documents: outstanding lifecycle actions are completed first, ABANDON for launching instances and CONTINUE for
    terminating ones.
    """
    group = region.group(parameters["AutoScalingGroupName"])
    name = parameters["LifecycleHookName"]
    if group.hooks.pop(name, None) is None:
        raise ValidationError(f"No Lifecycle Hook found with name {name}")
    for instance in group.instances.values():
        for wait in instance.waits:
            if wait.hook.name == name and wait.result is None:
                wait.result = "ABANDON" if wait.hook.transition == LAUNCH_HOOK else "CONTINUE"
    return {}


def describe(region: Region, parameters: Fields) -> Fields:
    """DescribeLifecycleHooks, all or those named."""
    group = region.group(parameters["AutoScalingGroupName"])
    names = parameters.get("LifecycleHookNames", [])
    shown = [hook for hook in group.hooks.values() if not names or hook.name in names]
    return {"LifecycleHooks": [hook_view(group, hook) for hook in shown]}


def hook_view(group: Group, hook: Hook) -> Fields:
    """Return a hook as DescribeLifecycleHooks shows it."""
    fields = {
        "AutoScalingGroupName": group.name,
        "DefaultResult": hook.default_result,
        "GlobalTimeout": hook.global_seconds,
        "HeartbeatTimeout": hook.heartbeat_seconds,
        "LifecycleHookName": hook.name,
        "LifecycleTransition": hook.transition,
        "NotificationMetadata": hook.metadata,
        "NotificationTargetARN": hook.target_arn,
        "RoleARN": hook.role_arn,
    }
    return without_none(fields)


def describe_types(_: Region, __: Fields) -> Fields:
    """DescribeLifecycleHookTypes."""
    return {"LifecycleHookTypes": list(TRANSITIONS)}


def complete(region: Region, parameters: Fields) -> Fields:
    """CompleteLifecycleAction, by token or by instance."""
    result = parameters["LifecycleActionResult"]
    if result not in RESULTS:
        raise ValidationError(f"Invalid lifecycle action result: '{result}'; must be CONTINUE or ABANDON")
    open_wait(region, parameters).result = result
    return {}


def heartbeat(region: Region, parameters: Fields) -> Fields:
    """RecordLifecycleActionHeartbeat: the wait's timer starts anew, never past its global timeout."""
    wait = open_wait(region, parameters)
    wait.expires_at = region.clock.now() + wait.hook.heartbeat_seconds
    return {}


def open_wait(region: Region, parameters: Fields) -> Wait:
    """Return the open lifecycle action that a request means.

    Raises:
        ValidationError: there is no such hook, or no such open action.
    """
    group = region.group(parameters["AutoScalingGroupName"])
    name = parameters["LifecycleHookName"]
    if name not in group.hooks:
        raise ValidationError(f"No Lifecycle Hook found with name {name}")
    instance_id, token = parameters.get("InstanceId"), parameters.get("LifecycleActionToken")
    if instance_id is None and token is None:
        raise ValidationError("Either an instance ID or a lifecycle action token must be given")
    for instance in group.instances.values():
        for wait in instance.waits:
            if wait.hook.name == name and wait.result is None and is_meant(instance, wait, instance_id, token):
                return wait
    named = f"instance ID {instance_id}" if token is None else f"token {token}"
    raise ValidationError(f"No active Lifecycle Action found with {named}")


def is_meant(instance: Instance, wait: Wait, instance_id: str | None, token: str | None) -> bool:
    """Tell whether a request's instance id and token, where given, are this wait's."""
    return instance_id in (None, instance.instance_id) and token in (None, wait.token)
