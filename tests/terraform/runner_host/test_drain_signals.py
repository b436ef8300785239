"""What counts as a signal to go, and what does not; and the service's manners towards IMDS."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from terraform.runner_host import drain
from tests.terraform.runner_host.drain.world import INSTANCE, TARGET, Host, host, is_completed


def reboot(each: Host) -> drain.Drain:
    """Restart the host: nothing but the disk stays."""
    each.boot, each.processes, each.unit, each.running = "boot-2", {1: "1"}, "inactive", []
    each.has_run, each.pid, each.now = False, 0, each.now + 60
    return drain.Drain(each.settings, each.world())


@pytest.mark.parametrize("market", ["spot", "on-demand"])
def test_imds_is_asked_once_in_five_seconds(market: str) -> None:
    each = host(market=market)
    each.serve(3600)
    assert len(each.requests) <= 3600 / 5 * 1.02 + 4
    gaps = [b - a for (a, _), (b, _) in itertools.pairwise(each.requests[5:])]
    assert 4.4 < min(gaps) < max(gaps) < 5.6
    assert len({round(gap, 2) for gap in gaps}) > 10  # hosts that booted together do not ask together


def test_a_spot_notice_is_looked_for_every_ten_seconds() -> None:
    each = host()
    each.serve(3600)
    asked = [at for at, path in each.requests if path.endswith("spot/instance-action")]
    assert max(b - a for a, b in itertools.pairwise(asked)) < 11.1


def test_an_on_demand_host_asks_for_its_lifecycle_state_only() -> None:
    each = host(market="on-demand")
    each.serve(600)
    assert {path for _, path in each.requests[4:]} == {TARGET}


def test_one_token_serves_for_hours_and_is_renewed_before_it_ends() -> None:
    each = host(token_seconds=21600.0)
    each.serve(7 * 3600)
    renewals = [at for at, path in each.requests if path == "api/token"]
    assert len(renewals) == 2
    assert renewals[1] - renewals[0] < 21600


def test_a_token_that_has_ended_is_replaced_at_once() -> None:
    each = host()
    service = each.serve(60)
    each.tokens.clear()
    each.serve(60, service)
    assert each.reasons("imds") == []


def test_an_imds_that_fails_is_asked_less_and_less_and_then_as_before() -> None:
    each = host(trouble=lambda name: "fail" if name == "imds" else "")
    service = each.serve(600)
    assert len(each.requests) < 600 / 17
    each.trouble = lambda _: ""
    each.terminate(each.now)
    each.serve(is_completed, service)
    assert each.completed_at - each.action_opens < 60


def test_an_imds_that_is_lost_while_jobs_finish_changes_nothing() -> None:
    each = host()
    each.waiting = [(each.now, 300.0)]
    each.terminate(each.now + 10)
    service = each.serve(60)
    each.trouble = lambda name: "hang" if name == "imds" else ""
    each.serve(is_completed, service)
    assert (each.done, each.lost_at) == (1, [])
    assert each.completed_at - each.now < 15


@pytest.mark.parametrize(
    "targets",
    [
        pytest.param(["Terminated", "InService"], id="once only"),
        pytest.param(["Standby"], id="standby"),
        pytest.param(["Detached"], id="detached"),
        pytest.param(["<html>"], id="another program's answer"),
        pytest.param(["Warmed:Running", "InService"], id="a warm pool, once only"),
    ],
)
def test_what_is_no_end_stops_no_runner(targets: list[str]) -> None:
    each = host()
    world = each.world()
    answers = iter(targets)

    def http(method: str, url: str, headers: dict[str, str], seconds: float) -> tuple[int, str]:
        status, body = world.http(method, url, headers, seconds)
        is_target = url.endswith("target-lifecycle-state")
        return (status, next(answers, "InService")) if is_target else (status, body)

    each.serve(120, drain.Drain(each.settings, replace(world, http=http)))
    assert (each.unit, each.reasons("drain")) == ("active", [])


@pytest.mark.parametrize(
    "body", ["", "<html>", "[]", "null", '{"action": "terminate"}', '{"time": 5}', '{"time": "soon"}']
)
@pytest.mark.parametrize("item", ["spot/instance-action", "events/recommendations/rebalance"])
def test_half_a_notice_stops_no_runner(item: str, body: str) -> None:
    each = host()
    world = each.world()

    def http(method: str, url: str, headers: dict[str, str], seconds: float) -> tuple[int, str]:
        return (200, body) if url.endswith(item) else world.http(method, url, headers, seconds)

    each.serve(120, drain.Drain(each.settings, replace(world, http=http)))
    assert (each.unit, each.reasons("drain")) == ("active", [])


def test_an_end_that_is_taken_back_goes_on() -> None:
    each = host()
    each.waiting = [(each.now, 100.0)]
    each.terminate(each.now + 10)
    each.targets.append((each.now + 60, "InService"))
    each.serve(is_completed)
    assert each.done == 1


def test_signals_that_repeat_are_said_once() -> None:
    each = host()
    each.waiting = [(each.now, 400.0)]
    each.rebalance_at = each.now + 10
    each.terminate(each.now + 60)
    each.serve(is_completed)
    assert each.reasons("drain") == ["rebalance", "terminating"]
    assert (each.done, each.terminations) == (1, [])


def test_a_restart_of_the_service_gives_jobs_no_more_time() -> None:
    each = host(market="on-demand")
    each.waiting = [(each.now, 9000.0)]
    each.terminate(each.now + 10)
    for _ in range(4):
        each.serve(100)
    each.serve(is_completed)
    assert 590 <= each.completed_at - each.action_opens <= 600 + 25


def test_a_restart_of_the_service_forgets_no_reason() -> None:
    each = host()
    each.rebalance_at = each.now
    each.waiting = [(each.now, 200.0)]
    each.serve(60)
    each.rebalance_at = 1e9
    each.serve(is_completed)
    assert each.terminations == ["--no-should-decrement-desired-capacity"]


def test_a_reboot_while_draining_completes_the_action() -> None:
    each = host(terminating_heartbeat_seconds=600)
    each.waiting = [(each.now, 300.0)]
    each.terminate(each.now + 10)
    each.serve(60)
    each.serve(is_completed, reboot(each))
    assert each.completed_at - each.now < 30


def test_a_reboot_of_a_host_in_service_is_no_reason_to_go() -> None:
    each = host()
    each.serve(60)
    each.serve(120, reboot(each))
    assert each.reasons("drain") == []


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "{}", '{"boot": "boot-1"}', '{"boot": "boot-1", "signals": 5}']
)
def test_a_spoiled_state_file_is_like_none(text: str) -> None:
    each = host()
    each.file = text
    each.terminate(each.now + 10)
    each.serve(is_completed)
    assert "without_state" in each.reasons("started")


def test_the_instance_is_named_when_imds_no_longer_says_its_name() -> None:
    each = host(terminating_heartbeat_seconds=600)
    each.waiting = [(each.now, 100.0)]
    each.terminate(each.now + 10)
    each.serve(60)
    each.trouble = lambda name: "fail" if name == "imds" else ""
    service = each.serve(is_completed)
    assert service.group.instance_id == INSTANCE


def test_an_error_nobody_thought_of_stops_nothing_else() -> None:
    each = host()
    each.terminate(each.now + 10)
    service = each.serve(40)
    service.watch = lambda: 1 / 0  # type: ignore[assignment,method-assign]
    each.serve(is_completed, service)
    assert is_completed(each)
