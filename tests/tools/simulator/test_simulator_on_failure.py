"""Jobs that come only after a failure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.tools.simulator.support import Scripted
from tools.simulator.compare import run
from tools.simulator.engine import simulate
from tools.simulator.generator import Options, generate
from tools.simulator.policies.registry import parse
from tools.simulator.setup import Boot, Setup
from tools.simulator.workload import Job, When, WorkloadError, checked

SMALL = Options(days=0.2, pipelines_per_day=100, projects=2, jobs=15, seed=3)


@pytest.mark.parametrize(("fails", "ended_at"), [(True, 80), (False, 70)], ids=["failure", "success"])
def test_a_clean_up_comes_only_if_a_stage_before_has_failed(fails: bool, ended_at: float) -> None:
    jobs = [
        Job(0, 0, 50, fails=fails),
        Job(1, 0, 10, stage=1),
        Job(2, 0, 20, stage=2, when=When.ON_FAILURE),
    ]

    result = simulate(checked("x", jobs), Scripted({0: ("desired", 1)}), Setup(boot=Boot(10)))

    assert (result.finished, result.unfinished) == (2, 0)
    assert result.seconds == ended_at


def test_what_follows_a_clean_up_that_is_not_needed_does_not_wait_for_it() -> None:
    jobs = [Job(0, 0, 50), Job(1, 0, 20, stage=1, when=When.ON_FAILURE), Job(2, 0, 5, stage=2)]

    result = simulate(checked("x", jobs), Scripted({0: ("desired", 1)}), Setup(boot=Boot(10)))

    assert result.finished == 2
    assert result.seconds == 65


def test_a_failure_in_its_own_stage_is_no_reason_for_a_clean_up() -> None:
    jobs = [Job(0, 0, 5), Job(1, 0, 50, stage=1, fails=True), Job(2, 0, 20, stage=1, when=When.ON_FAILURE)]

    result = simulate(checked("x", jobs), Scripted({0: ("desired", 2)}), Setup(boot=Boot(10)))

    assert result.finished == 2


def test_a_clean_up_cannot_name_needs() -> None:
    with pytest.raises(WorkloadError, match="job 1: it comes only on failure"):
        checked("x", [Job(0, 0, 1), Job(1, 0, 1, needs=(0,), stage=1, when=When.ON_FAILURE)])


def test_generated_clean_ups_change_nothing_else() -> None:
    without, with_them = generate(SMALL), generate(replace(SMALL, on_failure=0.2))
    others = [job for job in with_them.jobs if job.when is not When.ON_FAILURE]
    assert len(others) < len(with_them.jobs)
    assert [(job.name, job.created, job.duration, job.fails) for job in others] == [
        (job.name, job.created, job.duration, job.fails) for job in without.jobs
    ]


def test_clean_ups_that_do_not_come_cost_little_once_they_are_known() -> None:
    options = Options(days=0.5, pipelines_per_day=150, projects=1, jobs=8, stage_failures=0, needs=0, seed=3)
    ahead = parse("product:look_ahead=pipeline,idle=150")

    hours = [run(ahead, generate(replace(options, on_failure=share)), Setup()).instance_hours for share in (0, 1)]

    # Some are launched for until it is known that they do not come; if it never were, it would be 38 % more.
    assert hours[1] < 1.12 * hours[0]
