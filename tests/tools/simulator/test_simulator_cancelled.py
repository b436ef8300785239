"""Pipelines that somebody cancels; instances boot in 100 s."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from tests.tools.simulator.support import Scripted
from tools.simulator.compare import run
from tools.simulator.engine import simulate
from tools.simulator.generator import CANCELLED_WITHIN_SECONDS, Options, generate
from tools.simulator.policies.registry import POLICIES, parse
from tools.simulator.setup import Boot, Setup
from tools.simulator.table_file import read_csv, write_csv
from tools.simulator.workload import Job, When, Workload, WorkloadError, checked

if TYPE_CHECKING:
    from pathlib import Path

SETUP = Setup(boot=Boot(100))
SMALL = Options(days=0.6, pipelines_per_day=60, projects=2, jobs=12, seed=2, cancelled=0.5)


def two_jobs(cancelled_at: float, **second: object) -> Workload:
    """Return a pipeline of two jobs of 500 s that is created at 10, and a job long after it."""
    return checked(
        "by hand",
        [
            Job(0, 10, 500, cancelled_at=cancelled_at),
            Job(1, 10, 500, cancelled_at=cancelled_at, **second),  # type: ignore[arg-type]
            Job(2, 9000, 50, pipeline=1),
        ],
    )


def test_a_job_that_runs_ends_when_its_pipeline_is_cancelled_and_its_instance_is_free() -> None:
    # One instance: the second job waits for the first one until both are cancelled.
    result = simulate(two_jobs(300), Scripted({0.0: ("desired", 1)}), SETUP)

    assert (result.finished, result.cancelled, result.unfinished) == (1, 1, 0)
    assert list(result.waits) == [0, 90]
    assert (result.busy_seconds, result.lost_seconds) == (50, 200)


@pytest.mark.parametrize(
    "second",
    [{"stage": 1}, {"when": When.DELAYED, "held_until": 2000.0}],
    ids=["a later stage", "a delayed job"],
)
def test_what_has_not_come_yet_never_comes(second: dict[str, object]) -> None:
    result = simulate(two_jobs(300, **second), Scripted({0.0: ("desired", 2)}), SETUP)

    assert (result.finished, result.cancelled, result.unfinished) == (1, 1, 0)


def test_a_pipeline_that_is_over_cannot_be_cancelled() -> None:
    result = simulate(two_jobs(5000), Scripted({0.0: ("desired", 2)}), SETUP)

    assert (result.finished, result.cancelled) == (3, 0)


@pytest.mark.parametrize("policy", POLICIES)
def test_every_run_that_starts_ends_or_is_counted_as_cancelled(policy: str) -> None:
    result = run(parse(policy), generate(SMALL), SETUP)

    assert result.cancelled > 0
    assert len(result.waits) == result.finished + result.requeued + result.given_up + result.cancelled
    assert result.unfinished == 0


def test_the_oracle_knows_what_will_be_cancelled() -> None:
    result = run(parse("oracle:idle=0"), generate(SMALL), SETUP)

    # Only the first jobs come sooner than a boot takes.
    assert result.mean_wait < 10
    assert result.instance_hours < run(parse("product"), generate(SMALL), SETUP).instance_hours


def test_pipelines_are_cancelled_early_and_are_otherwise_the_same() -> None:
    kept, many = (generate(Options(days=2, cancelled=share)).jobs for share in (0.0, 0.2))
    pipelines = {job.pipeline: job.cancelled_at - job.created for job in many}
    cancelled = [after for after in pipelines.values() if after < math.inf]

    assert len(cancelled) / len(pipelines) == pytest.approx(0.2, abs=0.05)
    assert 0 <= min(cancelled) < max(cancelled) <= CANCELLED_WITHIN_SECONDS
    assert [job.duration for job in kept] == [job.duration for job in many]


def test_a_cancellation_survives_csv(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    with path.open("w", newline="") as file:
        write_csv(file, two_jobs(300))

    assert [job.cancelled_at for job in read_csv(path).jobs] == [300, 300, math.inf]


def test_a_job_cannot_be_cancelled_before_it_is_created() -> None:
    with pytest.raises(WorkloadError, match="job 0: it is cancelled before it is created"):
        two_jobs(9)


@pytest.mark.parametrize(
    ("policy", "seconds"),
    [
        ("product:idle=60", 2 * 140),
        # Asked for at 11.5, ended at 51.5.
        ("cancelling:idle=60", 2 * 40),
        ("cancelling:idle=60,younger=30", 2 * 140),
        ("cancelling:idle=60,younger=60", 2 * 40),
        ("cancelling:idle=60,known=1", 2 * 40),
    ],
)
def test_what_boots_for_cancelled_jobs_is_ended_under_the_rule_that_cancels(policy: str, seconds: float) -> None:
    # Cancelled at 50; the tick at 120 comes too soon for an idle time of 60 s, and those at 180 and 240 remove.
    result = run(parse(policy), two_jobs(50), SETUP)

    assert result.launches == 3
    assert result.instance_seconds == pytest.approx(seconds + 150, abs=62 * 2)
    assert (result.instance_seconds < 400) == (seconds < 200)


def test_an_instance_whose_job_another_one_took_is_kept_where_only_cancelled_ones_count() -> None:
    # The job at 60 is served at 80 by the first instance, which is free again.
    jobs = [Job(0, 0, 70 - 1.5), Job(1, 100, 300, pipeline=1), Job(2, 9000, 50, pipeline=2)]
    workload = checked("by hand", [jobs[0], jobs[1], jobs[2]])

    known, plain = (run(parse(policy), workload, SETUP) for policy in ("cancelling:known=1", "product"))

    assert known.instance_seconds == plain.instance_seconds


def test_an_instance_is_paid_for_a_minute_at_least() -> None:
    orders = {0.0: ("desired", 1), 10.0: ("terminate", 0), 20.0: ("desired", 1)}
    workload = checked("by hand", [Job(0, 30, 5)])

    free, paid = (
        simulate(workload, Scripted(dict(orders)), Setup(boot=Boot(100), least_paid_seconds=least))
        for least in (0.0, 60.0)
    )

    assert paid.instance_seconds - free.instance_seconds == 50
