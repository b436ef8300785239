"""The end of the fleet; its file's name puts it behind every other test that uses the stack."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.support import Live

pytestmark = pytest.mark.e2e


def test_destroy_leaves_nothing(live: Live) -> None:
    live.gitlab("DELETE", "hosts")
    live.stack.destroy()
    left = {
        "functions": live.aws("lambda").list_functions()["Functions"],
        "groups": live.aws("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"],
        "log groups": live.aws("logs").describe_log_groups()["logGroups"],
        "queues": live.aws("sqs").list_queues().get("QueueUrls", []),
        "roles": live.aws("iam").list_roles()["Roles"],
        "alarms": live.aws("cloudwatch").describe_alarms()["MetricAlarms"],
        "tables": live.aws("dynamodb").list_tables()["TableNames"],
        "schedules": live.aws("scheduler").list_schedules()["Schedules"],
        "parameters": live.aws("ssm").describe_parameters()["Parameters"],
    }
    assert {kind: things for kind, things in left.items() if things} == {}


def test_the_fleet_is_torn_down_last() -> None:
    users = [path for path in Path(__file__).parent.glob("test_*.py") if "live" in path.read_text(encoding="utf-8")]

    assert max(users) == Path(__file__)
