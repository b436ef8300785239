"""Ask and change the Auto Scaling group."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from common.aws import service_errors
from scaler.capacity import Group, Instance, Phase
from scaler.errors import GroupError
from scaler.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_autoscaling import AutoScalingClient
    from mypy_boto3_autoscaling.type_defs import AutoScalingGroupTypeDef, InstanceTypeDef

# https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html
_BOOTING = frozenset({"Pending", "Pending:Wait", "Pending:Proceed"})
_STANDBY = frozenset({"EnteringStandby", "Standby"})

_IN_PROGRESS = frozenset(
    {"ScalingActivityInProgress", "ScalingActivityInProgressFault", "ResourceContention", "ResourceContentionFault"}
)

# AWS tells refusals apart by their words alone.
_REFUSALS = (
    (re.compile("group name not found"), Outcome.GROUP_MISSING),
    (re.compile("instance id not found|no managed instance|already (being )?terminat"), Outcome.INSTANCE_GONE),
)


class AutoScalingGroup:
    """The fleet's Auto Scaling group.

    Args:
        client: returns an Auto Scaling client.
        name: the group's name.
    """

    def __init__(self, client: Callable[[], AutoScalingClient], name: str) -> None:
        self._client = client
        self._name = name

    def describe(self) -> Group:
        """Return the group as it is now.

        Raises:
            GroupError: it does not exist or cannot be asked.
        """
        try:
            answer = self._client().describe_auto_scaling_groups(AutoScalingGroupNames=[self._name])
        except service_errors() as error:
            raise GroupError(f"the group {self._name} cannot be described: {error}") from error
        if not answer["AutoScalingGroups"]:
            raise GroupError(f"the group {self._name} does not exist: apply Terraform again", Outcome.GROUP_MISSING)
        return _group(answer["AutoScalingGroups"][0])

    def set_desired(self, capacity: int) -> None:
        """Set the desired capacity, whatever the cooldown.

        Raises:
            GroupError: it was not set.
        """
        try:
            self._client().set_desired_capacity(
                AutoScalingGroupName=self._name, DesiredCapacity=capacity, HonorCooldown=False
            )
        except service_errors() as error:
            raise _refused(f"the desired capacity {capacity} was not set", error) from error

    def terminate(self, instance_id: str) -> None:
        """Remove an instance and lower the desired capacity by one.

        Raises:
            GroupError: it was not removed.
        """
        self._terminate(instance_id, is_decremented=True)

    def replace(self, instance_id: str) -> None:
        """Remove an instance and keep the desired capacity, so that the group launches another one.

        Raises:
            GroupError: it was not removed.
        """
        self._terminate(instance_id, is_decremented=False)

    def _terminate(self, instance_id: str, *, is_decremented: bool) -> None:
        try:
            self._client().terminate_instance_in_auto_scaling_group(
                InstanceId=instance_id, ShouldDecrementDesiredCapacity=is_decremented
            )
        except service_errors() as error:
            raise _refused(f"{instance_id} was not removed", error) from error


def _refused(what: str, error: Exception) -> GroupError:
    response = getattr(error, "response", {}).get("Error", {})
    code, message = response.get("Code", ""), response.get("Message", "")
    return GroupError(f"{what}: {error}", _outcome(code, message.lower()))


def _outcome(code: str, message: str) -> Outcome:
    if code in _IN_PROGRESS:
        return Outcome.ACTIVITY_IN_PROGRESS
    if code != "ValidationError":
        return Outcome.GROUP_FAILED
    for pattern, outcome in _REFUSALS:
        if pattern.search(message):
            return outcome
    # The bounds, or the desired capacity, are no longer those that the plan was made for.
    return Outcome.DESIRED_CHANGED_MEANWHILE


def _group(answer: AutoScalingGroupTypeDef) -> Group:
    return Group(
        minimum=answer["MinSize"],
        maximum=answer["MaxSize"],
        desired=answer["DesiredCapacity"],
        instances=tuple(_instance(instance) for instance in answer.get("Instances", ())),
    )


def _instance(answer: InstanceTypeDef) -> Instance:
    return Instance(answer["InstanceId"], _phase(answer["LifecycleState"]), answer["ProtectedFromScaleIn"])


def _phase(lifecycle_state: str) -> Phase:
    if lifecycle_state == "InService":
        return Phase.IN_SERVICE
    if lifecycle_state in _BOOTING:
        return Phase.BOOTING
    if lifecycle_state.startswith("Warmed"):
        return Phase.WARM
    # Not capacity, and, what matters more, never removed: so is a state that AWS may yet invent.
    return Phase.STANDBY if lifecycle_state in _STANDBY else Phase.TERMINATING
