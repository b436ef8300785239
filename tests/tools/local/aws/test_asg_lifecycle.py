"""Instances on their way through the lifecycle states."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.local.aws.fakes import LAUNCHING, TERMINATING, World
from tools.local.aws.autoscaling.errors import ValidationError


def test_an_instance_is_pending_while_it_boots(world: World) -> None:
    world.create(desired=1)
    assert world.states() == ["Pending"]
    world.wait(9.9)
    assert world.states() == ["Pending"]
    world.wait(0.1)
    assert world.states() == ["InService"]
    assert world.instances()[0].in_service_at == world.clock.time


def test_a_launching_hook_holds_the_instance_until_it_is_completed(world: World) -> None:
    world.create()
    world.hook(LAUNCHING)
    world.desire(1)
    world.wait(10)
    assert world.states() == ["Pending:Wait"]
    world.complete(world.ids()[0])
    assert world.states() == ["InService"]


def test_an_abandoned_launch_is_replaced(world: World) -> None:
    world.create()
    world.hook(LAUNCHING)
    world.desire(1)
    world.wait(10)
    (abandoned,) = world.ids()
    world.complete(abandoned, "ABANDON")
    world.wait(1)
    assert abandoned not in world.ids()
    assert world.states() == ["Pending"]


def test_pending_proceed_is_passed_on_the_way_into_service(world: World) -> None:
    world.scaling.settings.proceed_seconds = 1
    world.create(desired=1)
    world.wait(10)
    assert world.states() == ["Pending:Proceed"]
    world.wait(1)
    assert world.states() == ["InService"]


def test_a_terminating_hook_holds_the_instance_until_it_is_completed(world: World) -> None:
    (only,) = world.serving(1)
    world.hook(TERMINATING)
    world.terminate(only)
    assert world.state(only) == "Terminating:Wait"
    world.wait(1000)
    assert world.state(only) == "Terminating:Wait"
    world.complete(only)
    assert world.state(only) == "Terminating:Proceed"
    world.wait(1)
    assert world.state(only) == "gone"


@pytest.mark.parametrize("result", ["CONTINUE", "ABANDON"])
def test_a_terminating_instance_goes_whatever_the_result(world: World, result: str) -> None:
    (only,) = world.serving(1)
    world.hook(TERMINATING)
    world.terminate(only)
    world.complete(only, result)
    world.wait(1)
    assert world.ids() == []


def test_every_hook_must_be_completed_to_continue(world: World) -> None:
    (only,) = world.serving(1)
    world.hook(TERMINATING, "drain")
    world.hook(TERMINATING, "archive")
    world.terminate(only)
    world.complete(only, name="drain")
    assert world.state(only) == "Terminating:Wait"
    world.complete(only, name="archive")
    assert world.state(only) == "Terminating:Proceed"


def test_abandoning_one_hook_ends_the_wait_for_the_others(world: World) -> None:
    (only,) = world.serving(1)
    world.hook(TERMINATING, "drain")
    world.hook(TERMINATING, "archive")
    world.terminate(only)
    world.complete(only, "ABANDON", "drain")
    assert world.state(only) == "Terminating:Proceed"


def test_a_heartbeat_timeout_applies_the_default_result(world: World) -> None:
    world.create()
    world.hook(LAUNCHING, HeartbeatTimeout=30, DefaultResult="CONTINUE")
    world.desire(1)
    world.wait(39)
    assert world.states() == ["Pending:Wait"]
    world.wait(1)
    assert world.states() == ["InService"]


def test_a_launch_that_times_out_is_abandoned_by_default(world: World) -> None:
    world.create()
    world.hook(LAUNCHING, HeartbeatTimeout=30)
    world.desire(1)
    world.wait(10)
    (first,) = world.ids()
    world.wait(31)
    assert first not in world.ids()


def test_a_heartbeat_restarts_the_timer_up_to_a_hundred_times_it(world: World) -> None:
    (only,) = world.serving(1)
    world.hook(TERMINATING, HeartbeatTimeout=30)
    world.terminate(only)
    for _ in range(119):
        world.wait(25)
        world.call("RecordLifecycleActionHeartbeat", InstanceId=only, LifecycleHookName="drain")
    assert world.state(only) == "Terminating:Wait"
    world.wait(25)
    assert world.state(only) == "Terminating:Proceed"


def test_the_global_timeout_is_at_most_48_hours(world: World) -> None:
    world.create()
    world.hook(TERMINATING, HeartbeatTimeout=7200)
    assert world.call("DescribeLifecycleHooks")["LifecycleHooks"][0]["GlobalTimeout"] == 48 * 3600


def test_a_token_completes_the_action_too(world: World) -> None:
    (only,) = world.serving(1)
    world.hook(TERMINATING)
    world.terminate(only)
    token = world.instances()[0].waits[0].token
    named = {"LifecycleActionResult": "CONTINUE", "LifecycleActionToken": token, "LifecycleHookName": "drain"}
    world.call("CompleteLifecycleAction", **named)
    assert world.state(only) == "Terminating:Proceed"


def test_completing_what_does_not_wait_is_an_error(world: World) -> None:
    (only,) = world.serving(1)
    world.hook(TERMINATING)
    with pytest.raises(ValidationError, match="No active Lifecycle Action"):
        world.complete(only)
    with pytest.raises(ValidationError, match="No Lifecycle Hook found"):
        world.complete(only, name="other")


def test_only_continue_and_abandon_are_results(world: World) -> None:
    (only,) = world.serving(1)
    world.hook(TERMINATING)
    world.terminate(only)
    with pytest.raises(ValidationError, match="CONTINUE or ABANDON"):
        world.complete(only, "PERHAPS")


def test_deleting_a_hook_lets_terminating_instances_go(world: World) -> None:
    (only,) = world.serving(1)
    world.hook(TERMINATING)
    world.terminate(only)
    world.call("DeleteLifecycleHook", LifecycleHookName="drain")
    assert world.state(only) == "Terminating:Proceed"


def test_the_name_filter_of_hooks_works(world: World) -> None:
    world.create()
    world.hook(TERMINATING, "one")
    world.hook(LAUNCHING, "two")
    found = world.call("DescribeLifecycleHooks", LifecycleHookNames=["two"])["LifecycleHooks"]
    assert [hook["LifecycleHookName"] for hook in found] == ["two"]


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"HeartbeatTimeout": 29}, id="heartbeat too short"),
        pytest.param({"HeartbeatTimeout": 7201}, id="heartbeat too long"),
        pytest.param({"DefaultResult": "MAYBE"}, id="default result"),
    ],
)
def test_a_hook_with_a_wrong_value_is_refused(world: World, fields: dict[str, Any]) -> None:
    world.create()
    with pytest.raises(ValidationError):
        world.hook(TERMINATING, **fields)


def test_changing_one_value_of_a_hook_keeps_the_others(world: World) -> None:
    world.create()
    world.hook(TERMINATING, HeartbeatTimeout=600, DefaultResult="CONTINUE")
    world.call("PutLifecycleHook", LifecycleHookName="drain", HeartbeatTimeout=900)
    (hook,) = world.call("DescribeLifecycleHooks")["LifecycleHooks"]
    assert (
        hook["LifecycleTransition"],
        hook["HeartbeatTimeout"],
        hook["DefaultResult"],
    ) == (TERMINATING, 900, "CONTINUE")


def test_a_long_pause_of_the_clock_still_orders_what_happened(world: World) -> None:
    world.create()
    world.hook(LAUNCHING, HeartbeatTimeout=60, DefaultResult="CONTINUE")
    world.desire(1)
    started = world.clock.time
    world.wait(3600)
    assert started + 70 == world.instances()[0].in_service_at
