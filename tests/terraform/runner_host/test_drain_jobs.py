"""What a host does with its jobs when it is told to go."""

from __future__ import annotations

import itertools
import math
import signal
from dataclasses import replace

import pytest

from terraform.runner_host import drain
from tests.terraform.runner_host.drain.world import Host, host, is_completed

HOUR = 3600.0
# The question about the state may be the fourth in turn on a Spot Instance, and is the next one elsewhere.
SEEN_SECONDS = {"spot": 4 * 5.5, "on-demand": 5.5}


def told_to_go(seconds: float, **changes: object) -> Host:
    """Return a host that was terminated ten seconds after a job of a length began."""
    each = host(**{"market": "on-demand", **changes})
    each.waiting = [(each.now, seconds)]
    each.take_jobs()
    each.terminate(each.now + 10)
    return each


def test_a_job_of_three_hours_finishes_and_the_instance_goes_ten_seconds_later() -> None:
    each = told_to_go(3 * HOUR, force_instance_deletion_seconds=4 * HOUR, terminating_heartbeat_seconds=600)
    end = each.now + 3 * HOUR
    each.serve(is_completed)
    assert (each.done, each.lost_at, each.is_registered) == (1, [], False)
    assert 0 <= each.completed_at - end <= 10
    assert max(b - a for a, b in itertools.pairwise([each.action_opens, *each.beats, each.completed_at])) < 300


@pytest.mark.parametrize("heartbeat", [30, 600, 7200])
def test_a_job_ends_at_the_cap_and_not_later(heartbeat: float) -> None:
    each = told_to_go(3 * HOUR, force_instance_deletion_seconds=1800, terminating_heartbeat_seconds=heartbeat)
    each.serve(is_completed)
    assert each.reasons("runner_ended") == ["cap_reached"]
    assert len(each.lost_at) == 1
    assert 1780 <= each.lost_at[0] - each.action_opens <= 1800 + SEEN_SECONDS["on-demand"]
    assert each.completed_at - each.action_opens <= 1800 + SEEN_SECONDS["on-demand"] + 10


def test_the_cap_stays_below_the_limit_of_the_hook() -> None:
    each = told_to_go(48 * HOUR, force_instance_deletion_seconds=48 * HOUR, terminating_heartbeat_seconds=30)
    each.serve(is_completed)
    assert 2900 < each.completed_at - each.action_opens < 100 * 30


def test_no_further_job_is_taken_while_the_last_one_finishes() -> None:
    each = told_to_go(300.0, slots=2)
    each.waiting = [(each.now + 60, 20.0)]
    each.serve(is_completed)
    assert (each.done, len(each.waiting)) == (1, 1)


def test_a_spot_notice_lets_a_short_job_finish() -> None:
    each = host()
    each.spot_at = each.now + 30
    each.waiting = [(each.spot_at, 60.0)]
    each.serve(lambda each: not each.is_registered)
    assert (each.done, each.lost_at) == (1, [])
    assert each.now - each.spot_at < 120
    assert each.reasons("runner_ended") == ["jobs_done"]


@pytest.mark.parametrize("is_terminated", [True, False], ids=["with a lifecycle action", "without one"])
def test_a_spot_notice_loses_a_long_job_in_time_and_says_so(is_terminated: bool) -> None:
    each = host()
    each.spot_at = each.now + 30
    each.waiting = [(each.now, 600.0)]
    if is_terminated:
        each.terminate(each.spot_at + 1)
    each.serve(lambda each: bool(each.reasons("complete")))
    assert each.reasons("runner_ended") == ["lost_to_spot"]
    assert each.reasons("complete") == ["ok" if is_terminated else "no_action"]
    assert each.lost_at[0] - each.spot_at > 50
    assert each.now - each.spot_at < 120
    assert not each.is_registered


def test_a_spot_notice_shortens_a_drain_that_is_under_way() -> None:
    each = told_to_go(3 * HOUR, market="spot", force_instance_deletion_seconds=2 * HOUR)
    each.spot_at = each.now + 900
    each.serve(is_completed)
    assert each.reasons("drain") == ["terminating", "spot"]
    assert each.reasons("runner_ended") == ["lost_to_spot"]
    assert each.completed_at - each.spot_at < 120


@pytest.mark.parametrize("jump", [-1e8, -3600.0, 3600.0, 1e8])
def test_a_clock_that_jumps_neither_shortens_nor_lengthens_a_drain(jump: float) -> None:
    each = told_to_go(3 * HOUR)
    each.serve(300)
    each.clock_jump = jump
    each.serve(is_completed, None)
    assert 590 <= each.completed_at - each.action_opens <= 600 + 25


def test_a_notice_in_the_past_of_a_wrong_clock_gives_the_job_its_time() -> None:
    each = host(clock_jump=HOUR)
    each.spot_at = each.now + 30
    each.waiting = [(each.now + 30, 60.0)]
    each.serve(lambda each: not each.is_registered)
    assert (each.done, each.lost_at) == (1, [])


def test_a_rebalance_notice_lets_jobs_finish_and_asks_to_be_replaced() -> None:
    each = host()
    each.rebalance_at = each.now + 20
    each.waiting = [(each.now, 2 * HOUR)]
    each.serve(is_completed)
    assert (each.done, each.lost_at) == (1, [])
    assert each.terminations == ["--no-should-decrement-desired-capacity"]


def test_a_host_that_may_not_ask_for_its_end_says_so_and_completes_when_it_is_ended() -> None:
    each = host()
    refused = each.world()

    def run(command: list[str], seconds: float) -> tuple[int, str]:
        is_request = "terminate-instance-in-auto-scaling-group" in command
        return (254, "AccessDenied") if is_request else refused.run(command, seconds)

    each.rebalance_at = each.now
    service = drain.Drain(each.settings, replace(refused, run=run))
    each.serve(300, service)
    assert set(each.reasons("terminate")) == {"denied"}
    each.terminate(each.now)
    each.serve(is_completed, service)
    assert each.completed_at - each.action_opens < SEEN_SECONDS["spot"] + 10


def test_a_host_that_waits_to_be_ended_goes_at_once_when_it_is() -> None:
    each = host(market="on-demand", trouble=lambda name: "fail" if name == "aws" else "")
    service = drain.Drain(each.settings, each.world())
    service.go("rebalance")
    each.serve(300, service)
    each.trouble = lambda _: ""
    each.terminate(each.now)
    each.serve(is_completed, service)
    assert each.completed_at - each.action_opens < SEEN_SECONDS["on-demand"] + 4


def test_a_gitlab_that_does_not_answer_holds_nobody_back_after_the_cap() -> None:
    each = told_to_go(3 * HOUR, trouble=lambda name: "hang" if name == "gitlab-runner" else "")
    each.serve(is_completed)
    assert len(each.reasons("unregister")) == 1
    assert each.completed_at - each.action_opens < 600 + SEEN_SECONDS["on-demand"] + each.settings.patience_seconds + 3


def test_a_gitlab_that_does_not_answer_is_asked_three_times_before_the_cap() -> None:
    each = told_to_go(60.0, trouble=lambda name: "fail" if name == "gitlab-runner" else "")
    each.serve(is_completed)
    assert len(each.reasons("unregister")) == 3
    assert each.completed_at - each.action_opens < 60 + 15


def test_one_signal_aborts_the_jobs_because_a_second_would_cut_the_abort_short() -> None:
    each = told_to_go(3 * HOUR)
    each.serve(is_completed)
    assert each.signals == [signal.SIGTERM]


def test_a_runner_whose_process_is_unknown_is_signalled_through_systemd() -> None:
    each = told_to_go(3 * HOUR)
    service = drain.Drain(each.settings, replace(each.world(), born=lambda _: ""))
    each.serve(is_completed, service)
    assert each.signals[0] == signal.SIGTERM
    assert len(each.lost_at) == 1


def test_what_could_start_the_runner_is_stopped_before_it() -> None:
    each = told_to_go(60.0)
    each.serve(is_completed)
    stopped = [unit for action, unit in each.units if action == "stop"]
    assert stopped[:2] == [each.settings.enter_unit, each.settings.runner_unit]


def test_a_restart_of_the_service_still_knows_the_runners_process() -> None:
    each = told_to_go(300.0)
    each.serve(60)
    world = each.world()

    def run(command: list[str], seconds: float) -> tuple[int, str]:
        is_look = command[:2] == ["systemctl", "show"]
        return (0, "ActiveState=inactive\nMainPID=0\n") if is_look else world.run(command, seconds)

    each.serve(is_completed, drain.Drain(each.settings, replace(world, run=run)))
    assert (each.done, each.early) == (1, [])


def test_a_runner_that_is_gone_already_holds_nobody_back() -> None:
    each = host(market="on-demand")
    each.is_stopping = True
    each.end_process()
    each.terminate(each.now + 10)
    each.serve(is_completed)
    assert each.completed_at - each.action_opens < SEEN_SECONDS["on-demand"] + 15


def test_a_runner_that_crashes_while_it_drains_is_not_started_again() -> None:
    each = told_to_go(300.0)
    service = each.serve(60)
    each.end_process()
    each.serve(is_completed, service)
    assert (each.unit, each.pid in each.processes) == ("inactive", False)
    assert each.completed_at < each.now + 20


def test_a_runner_that_somebody_starts_again_is_drained_again() -> None:
    each = host(market="on-demand")
    each.rebalance_at = math.inf
    service = drain.Drain(each.settings, each.world())
    service.go("rebalance")
    each.minimum_reached = True
    each.serve(lambda each: not each.is_registered, service)
    each.is_registered, each.waiting = True, [(each.now, 100.0)]
    each.start_runner()
    each.serve(is_completed, service)
    assert (each.done, each.early) == (1, [])


def test_a_process_that_has_the_runners_old_id_is_not_taken_for_it() -> None:
    each = told_to_go(40.0)
    service = each.serve(30)
    each.serve(lambda each: each.unit == "inactive", service)
    each.processes[each.pid] = "a later start"
    each.serve(is_completed, service)
    assert each.completed_at - each.action_opens < 60
