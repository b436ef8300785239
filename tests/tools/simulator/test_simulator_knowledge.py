"""What the simulated scaler knows is what the scaler would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scaler import boot, look_ahead
from scaler.capacity import Instance
from tools.simulator.engine import simulate
from tools.simulator.generator import Options, generate
from tools.simulator.policies.knowledge import BootTimes, Foresight
from tools.simulator.policies.product import Product
from tools.simulator.setup import Boot, Setup
from tools.simulator.workload import Job, checked

if TYPE_CHECKING:
    from tools.simulator.fleet import Fleet

SMALL = generate(Options(days=0.12, pipelines_per_day=100, projects=2, jobs=15, seed=3))


class Foreseeing(Product):
    """Compares what is foreseen from cached courses with the scaler's own function, in every decision."""

    compared = 0

    def decide(self, fleet: Fleet) -> float | None:
        foresight = self._foresight
        foresight.cache_seconds = -1.0
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

    def decide(self, fleet: Fleet) -> float | None:
        instances = [Instance(host.id, host.phase) for host in fleet.hosts.values()]
        self.boots = boot.follow(getattr(self, "boots", boot.Boots()), instances, fleet.now, getattr(self, "at", 0.0))
        self.at = fleet.now
        self.measured = [boot.boot_seconds(self.boots), self.__dict__.setdefault("times", BootTimes()).look(fleet)]
        assert self.measured[0] == self.measured[1]
        return super().decide(fleet)


def test_boot_times_are_measured_as_if_every_instance_was_looked_at() -> None:
    policy = Measuring()

    simulate(SMALL, policy, Setup(boot=Boot(75, 0.2)))

    assert 60 < policy.measured[0] < 120


def test_durations_are_learnt_from_jobs_that_have_ended_only() -> None:
    foresight = Foresight()
    jobs = [Job(0, 0, 50, name="good"), Job(1, 0, 50, name="bad", fails=True), Job(2, 0, 900, name="running")]

    class Once(Product):
        def decide(self, fleet: Fleet) -> float | None:
            foresight.look(fleet, 60.0)
            return super().decide(fleet)

    simulate(checked("x", jobs), Once(), Setup(boot=Boot(10)))

    assert len(foresight.learnt()) == 2


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
