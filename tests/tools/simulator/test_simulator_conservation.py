"""Nothing is lost and nothing is free, whatever the policy and the trouble."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.simulator.compare import run
from tools.simulator.generator import Options, generate
from tools.simulator.policies.registry import POLICIES, parse
from tools.simulator.setup import Boot, Setup
from tools.simulator.workload import plain

SMALL = generate(Options(days=0.15, pipelines_per_day=60, projects=2, jobs=12, seed=2))


@pytest.mark.parametrize("slots", [1, 4])
@pytest.mark.parametrize("policy", POLICIES)
def test_every_run_that_starts_ends_or_is_counted_as_cut_short(policy: str, slots: int) -> None:
    setup = Setup(slots=slots, boot=Boot(60, 0.3), launch_failures=0.1, interruptions_per_hour=0.5)

    result = run(parse(policy), SMALL, setup)

    assert len(result.waits) == result.finished + result.requeued + result.given_up
    assert result.unfinished == 0
    assert result.instance_seconds >= (result.busy_seconds + result.lost_seconds) / slots - 1e-6


@settings(max_examples=40, deadline=None)
@given(
    arrivals=st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 400)), min_size=1, max_size=30),
    slots=st.integers(1, 4),
    idle=st.integers(0, 600),
    interruptions=st.sampled_from([0.0, 5.0]),
)
def test_the_product_runs_every_job_once_and_kills_none(
    arrivals: list[tuple[float, float]], slots: int, idle: int, interruptions: float
) -> None:
    setup = Setup(slots=slots, boot=Boot(60), interruptions_per_hour=interruptions)

    result = run(parse(f"product:idle={idle}"), plain("drawn", arrivals), setup)

    assert (result.killed, result.unfinished, result.given_up) == (0, 0, 0)
    assert result.finished == len(arrivals)
    assert result.busy_seconds == pytest.approx(sum(seconds for _, seconds in arrivals))


def test_a_pipeline_without_failures_runs_all_its_jobs_and_their_retries() -> None:
    workload = generate(Options(days=0.1, stage_failures=0, manual=0, retries=0.2, seed=4))

    result = run(parse("product"), workload, Setup())

    assert result.finished == sum(job.runs for job in workload.jobs)
    assert result.busy_seconds == pytest.approx(workload.busy_seconds)
