"""Checks of the Auto Scaling group and of what it launches."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from tools.smoke.model import Check, FailedError, NotTriedError, require

if TYPE_CHECKING:
    from tools.smoke.fleet import Fleet

USER_DATA_BYTES = 16384
HEARTBEAT_SECONDS = (30, 7200)
PATIENCE_SECONDS = 900
POLL_SECONDS = 5.0
AGAIN = "run terraform apply again"
HOOKS = {"autoscaling:EC2_INSTANCE_LAUNCHING": "ABANDON", "autoscaling:EC2_INSTANCE_TERMINATING": "CONTINUE"}


def termination_policy(fleet: Fleet) -> str:
    """The group asks the fleet's function which instance may go, before anything else."""
    first = str(fleet.group()["TerminationPolicies"][0])
    wanted = f":function:{fleet.function('termination')}:live"
    require(first.endswith(wanted), f"the group's first termination policy is {first}", AGAIN)
    return wanted.removeprefix(":function:")


def lifecycle_hooks(fleet: Fleet) -> str:
    """Instances wait for their runner when they come, and for their jobs when they go."""
    name = fleet.group()["AutoScalingGroupName"]
    hooks = fleet.client("autoscaling").describe_lifecycle_hooks(AutoScalingGroupName=name)["LifecycleHooks"]
    least, most = HEARTBEAT_SECONDS
    for transition, default in HOOKS.items():
        found = [hook for hook in hooks if hook["LifecycleTransition"] == transition]
        require(found, f"no hook for {transition}", AGAIN)
        result, seconds = found[0]["DefaultResult"], found[0]["HeartbeatTimeout"]
        right = result == default and least <= seconds <= most
        require(right, f"the hook for {transition} waits {seconds} s, then {result}", AGAIN)
    return f"{len(hooks)} hooks"


def launch_template(fleet: Fleet) -> str:
    """User data fits, and instance metadata is IMDSv2 with one hop."""
    data = _template(fleet)
    size = len(base64.b64decode(data["UserData"]))
    require(size <= USER_DATA_BYTES, f"the user data has {size} bytes, EC2 takes {USER_DATA_BYTES}", "shorten it")
    metadata = data["MetadataOptions"]
    is_strict = metadata["HttpTokens"] == "required" and metadata["HttpPutResponseHopLimit"] == 1
    require(is_strict, f"instance metadata is open: {metadata}", AGAIN)
    return f"the user data has {size} of {USER_DATA_BYTES} bytes"


def image(fleet: Fleet) -> str:
    """EC2 finds the image that the template names, also through Parameter Store."""
    found = str(_template(fleet, ResolveAlias=True)["ImageId"])
    if fleet.is_local and found.startswith("resolve:"):
        raise NotTriedError("the local AWS does not resolve resolve:ssm:")
    require(found.startswith("ami-"), f"the image is {found}", "is the parameter there, and readable, in this region?")
    return found


def boot(fleet: Fleet) -> str:
    """A real instance boots and goes into service; afterwards it is terminated."""
    before = fleet.group()
    wanted = before["DesiredCapacity"] + 1
    if wanted > before["MaxSize"]:
        raise NotTriedError(f"the group is at its maximum of {before['MaxSize']}")
    known = {instance["InstanceId"] for instance in before["Instances"]}
    started = fleet.clock()
    scaling = fleet.client("autoscaling")
    scaling.set_desired_capacity(AutoScalingGroupName=before["AutoScalingGroupName"], DesiredCapacity=wanted)
    instance = ""
    try:
        instance = _booted(fleet, known)
        seconds = fleet.clock() - started
    finally:
        _clean_up(fleet, known, instance, wanted)
    return f"{instance} was in service after {seconds:.0f} s; it is terminated again"


def _template(fleet: Fleet, **options: object) -> dict[str, Any]:
    """Return the data of the version that the group launches."""
    group = fleet.group()
    mixed = group.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {}).get("LaunchTemplateSpecification")
    chosen = group.get("LaunchTemplate") or mixed
    require(chosen, "the group has no launch template", AGAIN)
    versions = fleet.client("ec2").describe_launch_template_versions(
        LaunchTemplateId=chosen["LaunchTemplateId"], Versions=[chosen["Version"]], **options
    )
    data: dict[str, Any] = versions["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    return data


def _booted(fleet: Fleet, known: set[str]) -> str:
    """Wait until an instance that was not there before is in service; return its id."""
    deadline = fleet.clock() + PATIENCE_SECONDS
    states: dict[str, str] = {}
    while fleet.clock() < deadline:
        states = {entry["InstanceId"]: entry["LifecycleState"] for entry in fleet.group()["Instances"]}
        new = [name for name, state in states.items() if name not in known and state == "InService"]
        if new:
            return new[0]
        fleet.sleep(POLL_SECONDS)
    advice = f"the log group /{fleet.name}/runner says how far it came; see docs/runbooks/boot-failures.md"
    raise FailedError(f"no new instance was in service within {PATIENCE_SECONDS} s: {states}", advice)


def _clean_up(fleet: Fleet, known: set[str], instance: str, wanted: int) -> None:
    """Terminate one instance that was launched and take its capacity back; the scaler may have done it already."""
    scaling, group = fleet.client("autoscaling"), fleet.group()
    launched = [entry for entry in group["Instances"] if entry["InstanceId"] not in known]
    mine = [entry for entry in launched if entry["InstanceId"] == instance] or launched[:1]
    if not mine and group["DesiredCapacity"] == wanted:
        scaling.set_desired_capacity(AutoScalingGroupName=group["AutoScalingGroupName"], DesiredCapacity=wanted - 1)
    for entry in mine:
        if not entry["LifecycleState"].startswith("Terminat"):
            scaling.terminate_instance_in_auto_scaling_group(
                InstanceId=entry["InstanceId"], ShouldDecrementDesiredCapacity=True
            )
        _gone(fleet, entry["InstanceId"])


def _gone(fleet: Fleet, instance: str) -> None:
    """Wait until an instance has left the group."""
    deadline = fleet.clock() + PATIENCE_SECONDS
    while instance in {entry["InstanceId"] for entry in fleet.group()["Instances"]}:
        if fleet.clock() > deadline:
            raise FailedError(f"{instance} is still there", "terminate it; see docs/runbooks/lifecycle-timeouts.md")
        fleet.sleep(POLL_SECONDS)


CHECKS = (
    Check("termination-policy", termination_policy),
    Check("lifecycle-hooks", lifecycle_hooks),
    Check("launch-template", launch_template),
    Check("image", image),
    Check("boot", boot, is_change=True),
)
