"""Nothing is lost and nothing is free, whatever the policy and the trouble."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.simulator.compare import run
from tools.simulator.generator import Options, generate
from tools.simulator.policies.registry import POLICIES, parse
from tools.simulator.setup import Boot, Setup
from tools.simulator.workload import Job, When, checked, plain

OPTIONS = Options(days=0.15, pipelines_per_day=60, projects=2, jobs=12, seed=2)
SMALL = generate(replace(OPTIONS, needs=0.5, manual=0.1, retries=0.1, cancelled=0.2, on_failure=0.1))
AHEAD = ("product:look_ahead=pipeline", "product:look_ahead=pipeline,buffer=auto,idle=60")


@pytest.mark.parametrize("slots", [1, 4])
@pytest.mark.parametrize("policy", [*POLICIES, *AHEAD, "product:look_ahead=pipeline,webhook=0"])
def test_every_run_that_starts_ends_or_is_counted_as_cut_short(policy: str, slots: int) -> None:
    setup = Setup(slots=slots, boot=Boot(60, 0.3), launch_failures=0.1, interruptions_per_hour=0.5)

    result = run(parse(policy), SMALL, setup)

    assert len(result.waits) == result.finished + result.requeued + result.given_up + result.cancelled
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


@st.composite
def pipelines(draw: st.DrawFn) -> list[Job]:
    jobs: list[Job] = []
    for pipeline in range(draw(st.integers(1, 3))):
        created = float(draw(st.integers(0, 900)))
        earlier: list[int] = []
        for stage in range(draw(st.integers(1, 3))):
            made = [
                Job(
                    number=len(jobs) + place,
                    created=created,
                    duration=float(draw(st.integers(1, 300))),
                    pipeline=pipeline,
                    stage=stage,
                    name=f"job {stage} {place}",
                    needs=draw(st.none() | st.sets(st.sampled_from(earlier or [0])).map(tuple)) if earlier else None,
                    when=draw(st.sampled_from([When.ON_SUCCESS, When.ON_SUCCESS, When.MANUAL, When.DELAYED])),
                    held_until=float(draw(st.sampled_from([0, 0, 1200]))),
                    fails=draw(st.integers(0, 4)) == 0,
                    may_fail=draw(st.booleans()),
                    runs=draw(st.integers(1, 2)),
                )
                for place in range(draw(st.integers(1, 3)))
            ]
            jobs += made
            earlier += [job.number for job in made]
    return jobs


def that_run(jobs: list[Job]) -> list[Job]:
    """Return the jobs that run: all that they wait for was reached, and held nothing up."""
    reached: dict[int, Job] = {}
    for job in jobs:
        before = [other for other in jobs if other.pipeline == job.pipeline and other.stage < job.stage]
        awaited = before if job.needs is None else [jobs[number] for number in job.needs]
        if all(other.number in reached and not holds_up(other) for other in awaited):
            reached[job.number] = job
    return [job for job in reached.values() if job.when is not When.MANUAL or job.held_until]


def holds_up(job: Job) -> bool:
    return job.fails and not job.may_fail and job.when is not When.MANUAL


@settings(max_examples=60, deadline=None)
@given(
    jobs=pipelines(),
    policy=st.sampled_from([*AHEAD, "product:look_ahead=pipeline,needs=0", "product:webhook=0", "reactive"]),
    slots=st.integers(1, 4),
    interruptions=st.sampled_from([0.0, 5.0]),
    launch_failures=st.sampled_from([0.0, 0.3]),
)
def test_which_jobs_run_depends_on_the_pipelines_alone(
    jobs: list[Job], policy: str, slots: int, interruptions: float, launch_failures: float
) -> None:
    setup = Setup(slots=slots, boot=Boot(60), interruptions_per_hour=interruptions, launch_failures=launch_failures)

    result = run(parse(policy), checked("drawn", jobs), setup)

    expected = that_run(jobs)
    assert (result.killed, result.unfinished, result.given_up) == (0, 0, 0)
    assert result.finished == sum(job.runs for job in expected)
    assert result.busy_seconds == pytest.approx(sum(job.duration * job.runs for job in expected))
    assert result.instance_seconds >= (result.busy_seconds + result.lost_seconds) / slots - 1e-6
