"""Each rule, on cases computed by hand; instances boot in 100 s."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaler.capacity import Group, Instance
from scaler.model import Project, State
from scaler.snapshot import follow
from tests.tools.simulator.support import outcome
from tools.simulator.engine import simulate
from tools.simulator.policies.product import Product
from tools.simulator.policies.registry import POLICIES, SpecError, parse
from tools.simulator.setup import Boot, Setup
from tools.simulator.workload import plain

if TYPE_CHECKING:
    from tools.simulator.fleet import Fleet

LONG = 20_000.0


@pytest.mark.parametrize(
    ("policy", "arrivals", "waits"),
    [
        # Two at 10, two at 250, the last one at 490.
        ("cmdlabs", [(5, LONG)] * 5, [105, 105, 345, 345, 585]),
        # Two are there from the first minute on; each running job brings another spare one at the next minute.
        ("aws-samples", [(150, LONG)] * 3, [0, 0, 130]),
        # Asked every ten seconds.
        ("buildkite", [(5, LONG)] * 2, [105, 105]),
        # Each job is looked at after 30 s.
        ("github-aws-runners", [(5, LONG), (25, LONG)], [130, 130]),
        # An idle instance goes at once, so the second job meets none.
        ("actions-runner-controller", [(5, 10), (200, 10)], [100, 100]),
        ("actions-runner-controller:runners=1", [(150, 10)], [0]),
        # Two idle machines; jobs wait for machines that are made when one is used.
        ("docker-machine:count=2", [(150, LONG)] * 3, [0, 0, 100]),
        ("docker-machine:count=0", [(5, LONG)] * 3, [100, 100, 100]),
        # One idle slot is kept ahead.
        ("taskscaler-like:count=1", [(150, LONG), (300, LONG)], [0, 0]),
        # Asked every second.
        ("taskcluster", [(5.5, LONG)] * 2, [100.5, 100.5]),
        ("product:buffer=1", [(150, LONG), (151, LONG)], [0, 100.5]),
        ("product:step=1", [(5, LONG)] * 2, [101.5, 155]),
    ],
)
def test_a_rule_starts_jobs_when_its_words_say(
    policy: str, arrivals: list[tuple[float, float]], waits: list[float]
) -> None:
    assert list(outcome(policy, *arrivals).waits) == waits


@pytest.mark.parametrize(
    ("policy", "seconds"),
    [
        # Ready at 110, idle from 160 on.
        ("buildkite:idle=300", 460 - 10),
        ("taskcluster:idle=300", 450.0),
        ("taskscaler-like:count=0,idle=300", 450.0),
        ("docker-machine:count=0,idle=300", 450.0),
        ("actions-runner-controller", 150.0),
        ("github-aws-runners", 600 - 40),
    ],
)
def test_a_rule_lets_an_idle_instance_go_when_its_words_say(policy: str, seconds: float) -> None:
    # The second job, much later, ends the simulation; its own instance is there for 150 s.
    result = outcome(policy, (10, 50), (9000, 50))

    assert result.instance_seconds == seconds + 150


def test_the_load_rule_removes_the_oldest_instance_after_thirty_quiet_minutes() -> None:
    result = outcome("cmdlabs", (5, 50), (9000, 50))

    # In service from 110 on, so low in the minutes from 180 on; the 30th of them is 1920.
    assert result.instance_seconds == pytest.approx(1920 - 10 + 150, abs=61)
    assert result.killed == 0


def test_an_impatient_buildkite_launches_more_while_the_first_boot() -> None:
    assert outcome("buildkite:impatient=1", (5, 50)).launches > outcome("buildkite", (5, 50)).launches == 1


def test_docker_machine_creates_no_more_at_a_time_than_it_may() -> None:
    result = outcome("docker-machine:count=3,growth=1", (150, LONG), (151, LONG))

    assert list(result.waits) == [0, 49]


@settings(max_examples=60, deadline=None)
@given(
    arrivals=st.lists(st.tuples(st.integers(0, 900), st.integers(1, 300)), min_size=1, max_size=25),
    slots=st.integers(1, 3),
)
def test_the_simulated_idle_clocks_are_those_of_the_scaler(arrivals: list[tuple[float, float]], slots: int) -> None:
    checked = Checked(idle=60)

    simulate(plain("drawn", arrivals), checked, Setup(slots=slots, boot=Boot(50)))

    assert checked.observations > 0


class Checked(Product):
    """Keeps the scaler's own clocks beside the simulated ones and compares them in every observation."""

    observations = 0
    state = State()

    def _follow(self, fleet: Fleet) -> None:
        super()._follow(fleet)
        hosts = fleet.hosts
        group = Group(0, 100, 0, tuple(Instance(host.id, host.phase) for host in hosts.values()))
        busy = tuple(f"r_{host.id[-12:]}" for host in hosts.values() for _ in host.jobs)
        before = State({1: Project(1, running=busy)}, instances=self.state.instances)
        self.state = follow(before, group, fleet.now)
        expected = {key: clock.since for key, clock in self.state.instances.items() if not clock.is_busy}
        assert expected == {key: since for key, since in self._clocks.items() if key in hosts}
        self.observations += 1


@pytest.mark.parametrize("text", ["unknown", "product:speed=3", "product:idle=soon", "cmdlabs:steps=1"])
def test_a_policy_that_cannot_be_understood_is_refused_by_name(text: str) -> None:
    with pytest.raises(SpecError, match=text.partition(":")[2].partition("=")[0] or "unknown"):
        parse(text)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_policy_is_called_as_it_is_written(policy: str) -> None:
    workload, setup = plain("x", [(0, 1)]), Setup()

    assert parse(policy).make(workload, setup).name == policy
