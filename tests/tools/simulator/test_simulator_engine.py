"""Cases computed by hand."""

from __future__ import annotations

import pytest

from tests.tools.simulator.support import Scripted, outcome
from tools.simulator.engine import MAX_KILLS, simulate
from tools.simulator.setup import Boot, Dispatch, Setup
from tools.simulator.workload import Job, When, checked, plain


def test_a_lone_job_waits_for_one_boot_and_costs_boot_and_run() -> None:
    result = outcome("reactive:idle=300", (10, 50))

    assert list(result.waits) == [100]
    assert result.instance_seconds == 150
    assert (result.launches, result.peak, result.finished) == (1, 1, 1)


def test_a_job_takes_the_instance_that_is_idle() -> None:
    result = outcome("reactive:idle=300", (0, 50), (200, 50))

    assert list(result.waits) == [0, 100]
    assert result.launches == 1
    assert result.instance_seconds == 250


def test_an_instance_goes_exactly_when_it_was_idle_for_long_enough() -> None:
    # Ready at 100, busy to 150, gone at 170; the second job launches anew.
    result = outcome("reactive:idle=20", (0, 50), (200, 50))

    assert list(result.waits) == [100, 100]
    assert result.instance_seconds == 170 + 150


def test_a_job_that_ends_while_another_boots_frees_its_slot_for_the_next() -> None:
    # The second job arrives at 90, is given the first one's slot at 120, and the instance launched for it stays idle.
    result = outcome("reactive:idle=300", (0, 20), (90, 50))

    assert list(result.waits) == [30, 100]
    assert result.launches == 2


def test_slots_share_an_instance() -> None:
    result = outcome("reactive:idle=300", (0, 50), (0, 50), (0, 50), slots=3)

    assert list(result.waits) == [100, 100, 100]
    assert result.launches == 1


def test_a_buffer_is_ready_before_the_first_job() -> None:
    result = outcome("reactive:idle=300,buffer=1", (150, 50))

    assert list(result.waits) == [0]


def test_the_oracle_lets_nobody_wait_who_comes_after_one_boot() -> None:
    result = outcome("oracle:idle=0", (150, 50), (170, 50), (400, 10))

    assert list(result.waits) == [0, 0, 0]
    assert result.instance_seconds == 150 + 150 + 110


def test_the_product_answers_a_hook_after_its_debounce_and_removes_what_is_idle_in_time() -> None:
    # Launched at 11.5, ready at 111.5, seen idle at 163, so removable from 463 on; the tick at 420 asks for one at 464.
    result = outcome("product:idle=300", (10, 50), (1000, 50))

    assert list(result.waits) == [101.5, 101.5]
    assert result.instance_seconds == pytest.approx((464 - 11.5) + 150)


def test_without_a_webhook_the_product_sees_jobs_each_minute() -> None:
    result = outcome("product:idle=300,webhook=0", (10, 50))

    assert list(result.waits) == [150]


@pytest.mark.parametrize(("policy", "killed"), [("cmdlabs", MAX_KILLS), ("product", 0), ("reactive", 0)])
def test_a_lone_long_job_on_four_slots_is_killed_for_ever_by_the_load_rule_only(policy: str, killed: int) -> None:
    result = outcome(policy, (0, 3 * 3600), slots=4)

    assert result.killed == killed
    assert result.given_up == (killed > 0)
    assert result.finished == (killed == 0)


def test_an_instance_that_drains_finishes_its_job_and_takes_no_other() -> None:
    policy = Scripted({0: ("desired", 1), 110: ("terminate", 0), 300: ("desired", 1)})

    result = simulate(plain("x", [(0, 50), (120, 10)]), policy, Setup(boot=Boot(100)))

    assert result.killed == 0
    assert list(result.waits) == [100, 280]
    assert result.instance_seconds == 150 + 110


def test_a_job_that_outlives_the_drain_is_killed_and_runs_anew() -> None:
    policy = Scripted({0: ("desired", 1), 110: ("terminate", 0), 111: ("desired", 1)})

    result = simulate(plain("x", [(0, 1000)]), policy, Setup(boot=Boot(100), drain_seconds=600))

    assert (result.killed, result.requeued, result.finished) == (1, 1, 1)
    assert result.lost_seconds == 610
    assert list(result.waits) == [0, 100]


def test_a_booting_instance_that_is_removed_never_takes_jobs() -> None:
    policy = Scripted({0: ("desired", 1), 50: ("terminate", 0), 60: ("desired", 1)})

    result = simulate(plain("x", [(0, 10)]), policy, Setup(boot=Boot(100)))

    assert list(result.waits) == [160]
    assert result.instance_seconds == 50 + 110


def test_a_failed_launch_is_repeated_after_a_minute() -> None:
    setup = Setup(boot=Boot(100), launch_failures=0.8)

    result = simulate(plain("x", [(0, 10)]), Scripted({0: ("desired", 1)}), setup)

    assert result.launch_failures == result.launches - 1 > 0
    assert list(result.waits) == [65 * result.launch_failures + 100]
    assert result.instance_seconds == 5 * result.launch_failures + 110


def test_an_interrupted_job_is_queued_again_and_counted_as_such() -> None:
    setup = Setup(boot=Boot(10), interruptions_per_hour=3.0, seed=1)

    result = simulate(plain("x", [(0, 3600)]), Scripted({0: ("desired", 1)}), setup)

    assert result.requeued > 0
    assert result.killed == 0
    assert result.finished == 1
    assert len(result.waits) == 1 + result.requeued


def test_a_stage_begins_when_the_one_before_has_ended() -> None:
    jobs = [
        Job(0, 0, 50),
        Job(1, 0, 80),
        Job(2, 0, 10, stage=1),
    ]

    result = simulate(checked("x", jobs), Scripted({0: ("desired", 3)}), Setup(boot=Boot(10)))

    assert result.seconds == 10 + 80 + 10
    assert list(result.waits) == [0, 10, 10]


def test_needs_do_not_wait_for_the_rest_of_the_stage() -> None:
    jobs = [Job(0, 0, 50), Job(1, 0, 80), Job(2, 0, 10, stage=1, needs=(0,))]

    result = simulate(checked("x", jobs), Scripted({0: ("desired", 3)}), Setup(boot=Boot(10)))

    assert result.seconds == 10 + 80
    assert list(result.waits) == [0, 10, 10]


def test_what_waits_for_a_failed_job_never_runs() -> None:
    jobs = [Job(0, 0, 50, fails=True), Job(1, 0, 80), Job(2, 0, 10, stage=1), Job(3, 0, 10, stage=2, needs=(2,))]

    result = simulate(checked("x", jobs), Scripted({0: ("desired", 3)}), Setup(boot=Boot(10)))

    assert (result.finished, result.unfinished) == (2, 0)


def test_a_retried_job_runs_again_before_others_go_on() -> None:
    jobs = [Job(0, 0, 50, runs=2), Job(1, 0, 10, stage=1)]

    result = simulate(checked("x", jobs), Scripted({0: ("desired", 1)}), Setup(boot=Boot(10)))

    assert (result.finished, result.retries) == (3, 1)
    assert result.seconds == 10 + 50 + 50 + 10


def test_jobs_with_other_tags_run_elsewhere_and_are_waited_for() -> None:
    jobs = [Job(0, 0, 500, tags=frozenset({"gpu"})), Job(1, 0, 10, stage=1)]

    result = simulate(checked("x", jobs), Scripted({0: ("desired", 1)}), Setup(boot=Boot(10)))

    assert result.finished == 1
    assert result.seconds == 510


@pytest.mark.parametrize(("held_until", "finished"), [(0, 1), (900, 2)])
def test_a_manual_job_runs_only_when_somebody_starts_it(held_until: float, finished: int) -> None:
    jobs = [Job(0, 0, 50), Job(1, 0, 10, stage=1, when=When.MANUAL, held_until=held_until)]

    result = simulate(checked("x", jobs), Scripted({0: ("desired", 1)}), Setup(boot=Boot(10)))

    assert (result.finished, result.unfinished) == (finished, 0)


def test_a_delayed_job_waits_for_its_time() -> None:
    jobs = [Job(0, 0, 50), Job(1, 0, 10, stage=1, when=When.DELAYED, held_until=600)]

    result = simulate(checked("x", jobs), Scripted({0: ("desired", 1)}), Setup(boot=Boot(10)))

    assert result.seconds == 610


def test_runners_that_poll_take_a_job_within_one_interval() -> None:
    setup = Setup(boot=Boot(10), poll_seconds=3)

    result = simulate(plain("x", [(20, 5)] * 4), Scripted({0: ("desired", 4)}), setup)

    assert all(0 < wait < 3 for wait in result.waits)
    assert len(set(result.waits)) == 4


def test_packing_fills_the_instance_that_is_busiest_and_spreading_the_one_that_is_least() -> None:
    # Four jobs on two instances with two slots; the two long ones come second and fourth.
    arrivals = [(20, 10), (21, 900), (22, 10), (23, 900)]
    peaks = {}
    for dispatch in (Dispatch.PACKED, Dispatch.SPREAD):
        policy = Scripted({0: ("desired", 2)})
        result = simulate(
            plain("x", arrivals), policy, Setup(slots=2, boot=Boot(10), dispatch=dispatch), keeps_series=True
        )
        peaks[dispatch] = result.waits

    assert peaks[Dispatch.PACKED] == peaks[Dispatch.SPREAD] == (0, 0, 0, 0)


def test_the_same_seed_gives_the_same_result_and_another_seed_another() -> None:
    arrivals = [(at * 7.0, 30.0 + at % 11) for at in range(200)]
    more = {"boot": 60, "launch_failures": 0.2, "interruptions_per_hour": 2.0, "slots": 2}

    first, second, other = (outcome("product", *arrivals, seed=seed, **more) for seed in (5, 5, 6))  # type: ignore[arg-type]

    assert first == second
    assert first != other


def test_a_simulation_ends_when_patience_does() -> None:
    result = simulate(plain("x", [(0, 10)]), Scripted({}), Setup(patience_seconds=100))

    assert (result.finished, result.unfinished, result.seconds) == (0, 1, 0)
