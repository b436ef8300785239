"""The event simulation and the brute-force one agree on everything that they measure."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tools.simulator.brute_force import World
from tests.tools.simulator.brute_force_scaler import ScaledWorld
from tools.simulator.engine import simulate
from tools.simulator.policies.product import Product
from tools.simulator.policies.reactive import Reactive
from tools.simulator.setup import Boot, Dispatch, Setup
from tools.simulator.workload import Job, Workload, checked


@st.composite
def pipelines(draw: st.DrawFn, last: int = 60) -> list[tuple[int, int, int, int]]:
    jobs = []
    for pipeline in range(draw(st.integers(1, 4))):
        created = draw(st.integers(0, last))
        for stage in range(draw(st.integers(1, 3))):
            durations = draw(st.lists(st.integers(1, 40), min_size=1, max_size=3))
            jobs += [(created, duration, stage, pipeline) for duration in durations]
    return jobs


def in_order(jobs: list[tuple[int, int, int, int]]) -> tuple[list[tuple[int, int, int, int]], Workload]:
    """Return jobs in the order of their pipelines' creation, in which both simulations take them."""
    created_of = {pipeline: created for created, _, _, pipeline in jobs}
    ordered = sorted(jobs, key=lambda job: (created_of[job[3]], job[3]))
    return ordered, checked(
        "drawn",
        (
            Job(number, created, duration, pipeline=pipeline, stage=stage)
            for number, (created, duration, stage, pipeline) in enumerate(ordered)
        ),
    )


@settings(max_examples=100, deadline=None)
@given(
    jobs=pipelines(),
    slots=st.integers(1, 3),
    boot=st.integers(1, 25),
    idle=st.integers(0, 30),
    buffer=st.integers(0, 2),
)
def test_a_simulation_second_by_second_has_the_same_waits_and_the_same_bill(
    jobs: list[tuple[int, int, int, int]], slots: int, boot: int, idle: int, buffer: int
) -> None:
    jobs, workload = in_order(jobs)
    setup = Setup(slots=slots, boot=Boot(boot), dispatch=Dispatch.PACKED)

    expected = World(jobs, slots, boot, idle, buffer).run()
    actual = simulate(workload, Reactive(idle, buffer), setup)

    assert expected.waits == list(actual.waits)
    assert expected.instance_seconds == actual.instance_seconds
    assert expected.launches == actual.launches


@settings(max_examples=200, deadline=None)
@given(
    jobs=pipelines(last=400),
    slots=st.integers(1, 3),
    boot=st.integers(1, 80),
    idle=st.integers(0, 150),
    buffer=st.integers(0, 2),
    maximum=st.integers(1, 20),
    step=st.integers(0, 3),
    webhook=st.sampled_from([0, 1, 2, 5]),
)
def test_the_scaler_second_by_second_has_the_same_waits_and_the_same_bill(
    jobs: list[tuple[int, int, int, int]],
    slots: int,
    boot: int,
    idle: int,
    buffer: int,
    maximum: int,
    step: int,
    webhook: int,
) -> None:
    jobs, workload = in_order(jobs)
    setup = Setup(slots=slots, boot=Boot(boot), maximum=maximum, dispatch=Dispatch.PACKED)

    expected = ScaledWorld(jobs, slots, boot, idle, buffer, maximum=maximum, step=step, webhook=webhook).run()
    actual = simulate(workload, Product(idle, str(buffer), step=step, webhook=webhook), setup)

    assert expected.waits == list(actual.waits)
    assert expected.instance_seconds == actual.instance_seconds
    assert expected.launches == actual.launches
