"""Scaling policies: the actions on them, and what happens when an alarm or a person runs one."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tools.local.aws.autoscaling import steps
from tools.local.aws.autoscaling.capacity import warm_instances
from tools.local.aws.autoscaling.errors import ScalingActivityInProgressError, ValidationError
from tools.local.aws.autoscaling.groups import set_desired
from tools.local.aws.autoscaling.model import ENDING, Group, Policy
from tools.local.aws.autoscaling.views import page

if TYPE_CHECKING:
    from tools.local.aws.autoscaling.region import Region

    Fields = dict[str, Any]

ADJUSTMENT_TYPES = ("ChangeInCapacity", "ExactCapacity", "PercentChangeInCapacity")
KINDS = ("SimpleScaling", "StepScaling")


def put(region: Region, parameters: Fields) -> Fields:
    """PutScalingPolicy: replaces a policy of the same name and keeps its ARN."""
    group = region.group(parameters["AutoScalingGroupName"])
    name = parameters["PolicyName"]
    before = group.policies.get(name)
    arn = (
        before.arn
        if before
        else f"arn:aws:autoscaling:{region.name}:{region.account}:scalingPolicy:{region.new_uuid()}"
        f":autoScalingGroupName/{group.name}:policyName/{name}"
    )
    policy = Policy(name, arn, dict(parameters))
    check(policy)
    group.policies[name] = policy
    return {"PolicyARN": arn, "Alarms": []}


def check(policy: Policy) -> None:
    """Refuse a policy that AWS would refuse, and kinds that this emulator does not run.

    Raises:
        ValidationError: a value is missing or not allowed.
    """
    fields = policy.parameters
    if policy.kind not in KINDS:
        raise ValidationError(f"The local Auto Scaling runs {' and '.join(KINDS)} policies, not {policy.kind}")
    if fields.get("AdjustmentType") not in ADJUSTMENT_TYPES:
        raise ValidationError(f"AdjustmentType must be one of {', '.join(ADJUSTMENT_TYPES)}")
    if policy.kind == "SimpleScaling":
        if "ScalingAdjustment" not in fields:
            raise ValidationError("ScalingAdjustment is required for simple scaling policies")
        return
    if "Cooldown" in fields or "ScalingAdjustment" in fields:
        raise ValidationError("Cooldown and ScalingAdjustment are not allowed for step scaling policies")
    check_steps(fields.get("StepAdjustments", []))


def check_steps(adjustments: list[Fields]) -> None:
    """Refuse steps that are none, overlap, or leave a gap.

    Raises:
        ValidationError: they do.
    """
    if not adjustments:
        raise ValidationError("At least one StepAdjustment must be specified.")
    low, high = float("-inf"), float("inf")
    ranges = sorted(
        (each.get("MetricIntervalLowerBound", low), each.get("MetricIntervalUpperBound", high)) for each in adjustments
    )
    for lower, upper in ranges:
        if lower >= upper:
            raise ValidationError("A step's upper bound must be greater than its lower bound.")
    for (_, upper), (lower, _) in pairwise(ranges):
        if upper > lower:
            raise ValidationError("StepAdjustments must not overlap.")
        if upper < lower:
            raise ValidationError("StepAdjustments must not have a gap.")


def describe(region: Region, parameters: Fields) -> Fields:
    """DescribePolicies, by group, names and types."""
    name = parameters.get("AutoScalingGroupName")
    names, kinds = parameters.get("PolicyNames", []), parameters.get("PolicyTypes", [])
    searched = [region.group(name)] if name else list(region.groups.values())
    shown = [
        policy_view(policy)
        for group in searched
        for policy in group.policies.values()
        if (not names or policy.name in names or policy.arn in names) and (not kinds or policy.kind in kinds)
    ]
    return page(shown, parameters, "ScalingPolicies")


def policy_view(policy: Policy) -> Fields:
    """Return a policy as DescribePolicies shows it."""
    filled: Fields = {"Enabled": True, "PolicyType": policy.kind, "StepAdjustments": [], "Alarms": []}
    if policy.kind == "StepScaling":
        filled["MetricAggregationType"] = "Average"
    return filled | policy.parameters | {"PolicyARN": policy.arn}


def delete(region: Region, parameters: Fields) -> Fields:
    """DeletePolicy, by name and group or by ARN."""
    group, policy = find(region, parameters.get("AutoScalingGroupName"), parameters["PolicyName"])
    del group.policies[policy.name]
    return {}


def find(region: Region, group_name: str | None, name_or_arn: str) -> tuple[Group, Policy]:
    """Return a policy by its ARN, or by its name within a group.

    Raises:
        ValidationError: there is none, or a name came without a group.
    """
    if group_name is None and not name_or_arn.startswith("arn:"):
        raise ValidationError("A policy's name needs its group's name")
    searched = [region.group(group_name)] if group_name else list(region.groups.values())
    for group in searched:
        for policy in group.policies.values():
            if name_or_arn in (policy.arn, policy.name):
                return group, policy
    raise ValidationError(f"PolicyName not found - No policy found for policyName: {name_or_arn}")


def execute(region: Region, parameters: Fields) -> Fields:
    """ExecutePolicy: run a policy as a person."""
    group, policy = find(region, parameters.get("AutoScalingGroupName"), parameters["PolicyName"])
    stepwise = policy.kind == "StepScaling"
    if stepwise != ("MetricValue" in parameters and "BreachThreshold" in parameters):
        rule = "required" if stepwise else "not allowed"
        raise ValidationError(f"MetricValue and BreachThreshold are {rule} for a policy of type {policy.kind}")
    if not stepwise and parameters.get("HonorCooldown", False) and region.clock.now() < group.cooldown_until:
        raise ScalingActivityInProgressError(f"Scaling activity is in progress: {group.name} is in its cooldown period")
    breach = parameters["MetricValue"] - parameters["BreachThreshold"] if stepwise else 0.0
    run(region, group, policy, breach, f"a user request executed policy {policy.name}")
    return {}


def run_by_alarm(region: Region, policy_arn: str, breach: float, alarm: str) -> None:
    """Run the policy that an alarm's action names, unless it is gone, disabled, suspended or cooling down."""
    for group in region.groups.values():
        for policy in group.policies.values():
            if policy.arn == policy_arn and policy.parameters.get("Enabled", True):
                cooling = policy.kind == "SimpleScaling" and region.clock.now() < group.cooldown_until
                if "AlarmNotification" not in group.suspended and not group.deleting and not cooling:
                    run(
                        region,
                        group,
                        policy,
                        breach,
                        f"a monitor alarm {alarm} in state ALARM triggered policy {policy.name}",
                    )


def run(region: Region, group: Group, policy: Policy, breach: float, who: str) -> None:
    """Set the desired capacity that a policy asks for."""
    now, fields = region.clock.now(), policy.parameters
    fallback = group.settings.get("DefaultInstanceWarmup", group.settings["DefaultCooldown"])
    warmup = fields.get("EstimatedInstanceWarmup", fallback)
    ending = sum(1 for instance in group.instances.values() if instance.state in ENDING)
    warm = warm_instances(group, warmup, now)
    capacity = steps.Capacity(group.desired, warm, ending, group.minimum, group.maximum)
    if policy.kind == "SimpleScaling":
        target = steps.simple_target(fields, capacity)
        if target != group.desired:
            group.cooldown_until = now + fields.get("Cooldown", group.settings["DefaultCooldown"])
    else:
        adjustment = steps.step_adjustment(fields["StepAdjustments"], breach)
        target = group.desired if adjustment is None else steps.step_target(fields, adjustment, capacity)
    set_desired(region, group, target, who)
