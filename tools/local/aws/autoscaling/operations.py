"""Every action of the emulator, by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tools.local.aws.autoscaling import groups, hooks, instances, policies, records, refreshes, warm_pools

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.local.aws.autoscaling.region import Region

    Operation = Callable[[Region, dict[str, Any]], dict[str, Any]]

OPERATIONS: dict[str, Operation] = {
    "CancelInstanceRefresh": refreshes.cancel,
    "CompleteLifecycleAction": hooks.complete,
    "CreateAutoScalingGroup": groups.create,
    "CreateOrUpdateTags": records.create_or_update_tags,
    "DeleteAutoScalingGroup": groups.delete,
    "DeleteLifecycleHook": hooks.delete,
    "DeletePolicy": policies.delete,
    "DeleteTags": records.delete_tags,
    "DeleteWarmPool": warm_pools.delete,
    "DescribeAccountLimits": records.describe_account_limits,
    "DescribeAutoScalingGroups": groups.describe,
    "DescribeAutoScalingInstances": instances.describe,
    "DescribeInstanceRefreshes": refreshes.describe,
    "DescribeLifecycleHookTypes": hooks.describe_types,
    "DescribeLifecycleHooks": hooks.describe,
    "DescribePolicies": policies.describe,
    "DescribeScalingActivities": records.describe_activities,
    "DescribeTags": records.describe_tags,
    "DescribeTerminationPolicyTypes": records.describe_termination_policy_types,
    "DescribeWarmPool": warm_pools.describe,
    "EnterStandby": instances.enter_standby,
    "ExecutePolicy": policies.execute,
    "ExitStandby": instances.exit_standby,
    "PutLifecycleHook": hooks.put,
    "PutScalingPolicy": policies.put,
    "PutWarmPool": warm_pools.put,
    "RecordLifecycleActionHeartbeat": hooks.heartbeat,
    "ResumeProcesses": groups.resume,
    "SetDesiredCapacity": groups.set_desired_capacity,
    "SetInstanceHealth": instances.set_health,
    "SetInstanceProtection": instances.set_protection,
    "StartInstanceRefresh": refreshes.start,
    "SuspendProcesses": groups.suspend,
    "TerminateInstanceInAutoScalingGroup": instances.terminate_one,
    "UpdateAutoScalingGroup": groups.update,
}
