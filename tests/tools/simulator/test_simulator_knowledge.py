"""What the simulated scaler knows is what the scaler would."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from scaler import boot, history, look_ahead
from scaler.capacity import Instance, Phase
from scaler.plan import MAX_BOOT_FAILURES
from tools.simulator.dependencies import Status
from tools.simulator.engine import simulate
from tools.simulator.generator import Options, generate
from tools.simulator.policies.knowledge import MAX_CREATED, BootTimes, Foresight
from tools.simulator.policies.product import Product
from tools.simulator.setup import Boot, Setup
from tools.simulator.workload import Job, checked, plain

if TYPE_CHECKING:
    from tools.simulator.dependencies import Pipeline
    from tools.simulator.fleet import Fleet

SMALL = generate(Options(days=0.12, pipelines_per_day=100, projects=2, jobs=15, seed=3))


class Foreseeing(Product):
    """Compares what is foreseen from cached courses with the scaler's own function, in every decision."""

    compared = 0

    def decide(self, fleet: Fleet) -> float | None:
        foresight = self._foresight
        foresight.stale_boots = -1.0
        seen = foresight.look(fleet, 60.0)
        assert seen == look_ahead.upcoming(foresight.foreseen(), foresight.learnt(), fleet.now, 60.0)
        self.compared += seen.soon > 0
        return super().decide(fleet)


def test_what_is_foreseen_is_what_the_scalers_function_says() -> None:
    policy = Foreseeing()

    simulate(SMALL, policy, Setup(boot=Boot(60)))

    assert policy.compared > 5


class Measuring(Product):
    """Compares boot times with those that the scaler measures when it sees every instance."""

    measured: list[float]
    boots = boot.Boots()
    at = 0.0
    served: frozenset[str] = frozenset()

    def decide(self, fleet: Fleet) -> float | None:
        instances = [Instance(host.id, host.phase) for host in fleet.hosts.values()]
        busy = frozenset(host.id for host in fleet.hosts.values() if host.jobs)
        look = boot.Look(fleet.now, self.at, fleet.now - self.webhook, busy, self.served, asked=len(instances))
        self.boots = boot.follow(self.boots, instances, look)
        self.at = fleet.now
        self.served = frozenset(instance.id for instance in instances if instance.phase is Phase.IN_SERVICE)
        times = self.__dict__.setdefault("times", BootTimes(self.webhook))
        self.measured = [boot.boot_seconds(self.boots), times.look(fleet)]
        assert self.measured[0] == self.measured[1]
        return super().decide(fleet)


def test_boot_times_are_measured_as_if_every_instance_was_looked_at() -> None:
    policy = Measuring()

    simulate(SMALL, policy, Setup(boot=Boot(75, 0.2)))

    assert 60 < policy.measured[0] < 120


class Whole(Product):
    """Checks in every decision that no pipeline is foreseen in part."""

    compared = 0

    def decide(self, fleet: Fleet) -> float | None:
        foresight = self._foresight
        foresight.look(fleet, 60.0)
        to_come = [
            {history.key(job.project, job.name) for job in pipeline.jobs.values() if is_created(pipeline, job)}
            for pipeline in fleet.pipelines.values()
        ]
        for jobs in foresight.foreseen():
            known = {job.name for job in jobs}
            [same] = [names for names in to_come if not names.isdisjoint(known)] or [set()]
            assert same <= known
            self.compared += len(same) > MAX_CREATED
        return super().decide(fleet)


def is_created(pipeline: Pipeline, job: Job) -> bool:
    return pipeline.status[job.number] is Status.CREATED


def test_a_pipeline_with_more_later_jobs_than_gitlab_lists_at_once_is_foreseen_whole_or_not_at_all() -> None:
    stages = [Job(number, 0, 100 + number % 80 * 5, stage=number // 80, name=f"job {number}") for number in range(320)]
    policy = Whole(look_ahead="pipeline")

    simulate(checked("x", stages), policy, Setup(boot=Boot(60), maximum=100))

    assert policy.compared > 5


def test_durations_are_learnt_from_jobs_that_have_ended_only() -> None:
    foresight = Foresight()
    jobs = [Job(0, 0, 50, name="good"), Job(1, 0, 50, name="bad", fails=True), Job(2, 0, 900, name="running")]

    class Once(Product):
        def decide(self, fleet: Fleet) -> float | None:
            foresight.look(fleet, 60.0)
            return super().decide(fleet)

    simulate(checked("x", jobs), Once(), Setup(boot=Boot(10)))

    assert len(foresight.learnt()) == 2


@pytest.mark.parametrize(("webhook", "seconds"), [(1.5, 40.75), (0.0, None)])
def test_durations_are_learnt_as_far_as_hooks_tell_when_jobs_end(webhook: float, seconds: float | None) -> None:
    policy = Product(webhook=webhook, look_ahead="pipeline")
    jobs = [Job(0, 0, 40, name="short"), Job(1, 0, 900, name="long")]

    simulate(checked("x", jobs), policy, Setup(boot=Boot(10), minimum=2))

    # In the middle between hook and look. Without hooks it would be the middle of a minute, too vague for a short job.
    learnt = policy._foresight.learnt().get(history.key(0, "short"))
    assert learnt is None if seconds is None else learnt and math.exp(learnt.log_mean) == pytest.approx(seconds)


class Holding(Product):
    """Notes by how much the desired capacity is raised while instances fail to boot, and otherwise."""

    def decide(self, fleet: Fleet) -> float | None:
        before = fleet.desired
        again = super().decide(fleet)
        is_held = self._boots.known.failures >= MAX_BOOT_FAILURES
        self.__dict__.setdefault("raised", {}).setdefault(is_held, []).append(fleet.desired - before)
        return again


def test_while_instances_fail_to_boot_no_more_are_asked_for() -> None:
    policy = Holding()
    # So many that the looks see instances before they fail.
    stream = plain("stream", [(2.0 * number, 900) for number in range(100)] + [(600, 900)] * 20)

    simulate(stream, policy, Setup(boot=Boot(60), launch_failures=0.9))

    raised: dict[bool, list[int]] = policy.__dict__["raised"]
    # One more is tried only when the group has all that was asked for, which it never has here.
    assert set(raised[True]) == {0}
    assert max(raised[False]) >= 5


def test_looking_ahead_shortens_the_waits_of_pipelines_that_repeat() -> None:
    workload = generate(Options(days=0.3, pipelines_per_day=100, projects=1, jobs=25, seed=3))

    off = simulate(workload, Product(), Setup())
    ahead = simulate(workload, Product(look_ahead="pipeline"), Setup())

    assert ahead.mean_wait < 0.6 * off.mean_wait
    assert ahead.killed == 0


def test_a_learnt_buffer_is_there_when_jobs_keep_coming() -> None:
    # Two at a time: when they have ended, the instances would go before the next two come.
    pairs = [Job(number, 90.0 * (number // 2), 20, pipeline=number) for number in range(400)]

    none = simulate(checked("pairs", pairs), Product(idle=0), Setup(boot=Boot(100)))
    learnt = simulate(checked("pairs", pairs), Product(idle=0, buffer="auto"), Setup(boot=Boot(100)))

    assert learnt.mean_wait < 0.6 * none.mean_wait
