"""Hosts that come back from a warm pool, and hosts for a number of jobs."""

from __future__ import annotations

import math

import pytest

from terraform.runner_host import drain
from tests.terraform.runner_host.drain.world import Host, host, is_completed
from tests.terraform.runner_host.test_drain_signals import reboot


def single(jobs: int = 1, **changes: object) -> Host:
    """Return a host for so many jobs, whose unit ends after them."""
    return host(max_jobs_per_instance=jobs, builds_left=jobs, restarts=False, **changes)


def to_pool(each: Host, at: float, target: str) -> None:
    """Auto Scaling takes the instance back into its warm pool."""
    each.terminate(at)
    each.targets[-1] = (at, target)


@pytest.mark.parametrize("target", sorted(drain.WARMED))
def test_a_host_that_returns_to_its_warm_pool_drains_and_can_come_back(target: str) -> None:
    each = host(market="on-demand")
    each.waiting = [(each.now, 100.0)]
    to_pool(each, each.now + 10, target)
    service = each.serve(is_completed)
    assert (each.done, each.is_registered) == (1, False)
    assert each.calls["systemctl restart"] == 1
    each.targets.append((each.now + 50, "InService"))
    each.serve(60, service)
    each.is_registered, each.waiting = True, [(each.now, 60.0)]
    each.start_runner()
    each.serve(120, service)
    assert (each.done, service.phase, service.signals) == (2, "watching", {})


def test_a_host_that_came_back_drains_again() -> None:
    each = host(market="on-demand")
    to_pool(each, each.now + 10, "Warmed:Running")
    service = each.serve(is_completed)
    each.targets.append((each.now, "InService"))
    each.serve(20, service)
    each.start_runner()
    each.completed_at = math.inf
    each.waiting = [(each.now, 50.0)]
    each.terminate(each.now + 20)
    each.serve(is_completed, service)
    assert each.lost_at == []
    assert each.completed_at - each.action_opens < 60


def test_a_host_that_waits_in_the_warm_pool_is_left_alone() -> None:
    each = Host()
    each.targets = [(0, "Warmed:Running")]
    each.serve(300)
    assert (each.reasons("drain"), each.calls["systemctl stop"]) == ([], 0)


def test_a_host_that_is_terminated_in_the_warm_pool_completes_the_action() -> None:
    each = Host()
    each.targets = [(0, "Warmed:Running")]
    each.terminate(each.now + 10)
    each.targets[-1] = (each.now + 10, "Warmed:Terminated")
    each.serve(is_completed)
    assert each.completed_at - each.action_opens < 40


def test_a_host_for_one_job_goes_after_it_and_takes_one_instance_off() -> None:
    each = single()
    each.waiting = [(each.now, 60.0), (each.now, 60.0)]
    each.serve(is_completed)
    assert (each.done, len(each.waiting), each.is_registered) == (1, 1, False)
    assert each.terminations == ["--should-decrement-desired-capacity"]
    assert each.reasons("drain")[0] == "max_jobs"


def test_a_group_at_its_minimum_replaces_the_host() -> None:
    each = single(minimum_reached=True)
    each.waiting = [(each.now, 10.0)]
    each.serve(is_completed)
    assert each.terminations == ["--should-decrement-desired-capacity", "--no-should-decrement-desired-capacity"]


def test_a_host_for_one_job_has_had_it_when_it_was_rebooted() -> None:
    each = single()
    each.waiting = [(each.now, 600.0)]
    each.serve(60)
    each.serve(is_completed, reboot(each))
    assert each.reasons("drain")[0] == "max_jobs"


def test_a_host_for_one_job_waits_for_it() -> None:
    each = single()
    each.serve(3600)
    assert each.reasons("drain") == []


def test_a_host_for_one_job_that_restarts_its_drain_service_still_goes() -> None:
    each = single()
    each.waiting = [(each.now, 10.0)]
    each.serve(4)
    each.advance(60)
    each.serve(is_completed)
    assert each.terminations == ["--should-decrement-desired-capacity"]


def test_a_host_without_a_limit_stays_when_its_runner_was_stopped_by_hand() -> None:
    each = host()
    each.is_stopping = True
    each.end_process()
    each.serve(600)
    assert each.reasons("drain") == []
