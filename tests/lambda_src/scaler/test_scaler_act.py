from __future__ import annotations

import math
from dataclasses import dataclass, field

from scaler.act import Acted, act
from scaler.capacity import Plan, Snapshot
from scaler.errors import GroupError
from scaler.outcome import Outcome
from tests.lambda_src.scaler.fakes import FakeGroup, instance_id

SEEN = Snapshot(pending=1, running=0, minimum=0, maximum=9, desired=3, in_service=3, booting=0)
ONE, TWO, THREE = (instance_id(number) for number in (1, 2, 3))


def replacing(*ids: str) -> Plan:
    return Plan(3, 3, (), 0, is_capped=False, reason="", replace=ids, due_seconds=math.inf)


@dataclass
class Failing(FakeGroup):
    """A group that cannot replace some of its instances."""

    broken: dict[str, Outcome] = field(default_factory=dict)

    def replace(self, instance_id: str) -> None:
        if outcome := self.broken.get(instance_id):
            raise GroupError(f"{instance_id} cannot be replaced", outcome)
        super().replace(instance_id)


def group(**broken: Outcome) -> Failing:
    ids = {"one": ONE, "two": TWO, "three": THREE}
    made = Failing(desired=3, broken={ids[name]: outcome for name, outcome in broken.items()})
    made.launch()
    made.boot()
    return made


def test_a_failure_at_the_second_instance_does_not_hide_that_the_first_was_replaced() -> None:
    fleet = group(two=Outcome.GROUP_FAILED)
    acted = act(replacing(ONE, TWO, THREE), SEEN, fleet, 3)
    assert acted == Acted(Outcome.REPLACED, 3, problem=f"{TWO} cannot be replaced")
    assert fleet.replaced == [ONE]


def test_an_instance_that_is_gone_does_not_keep_the_others_from_being_replaced() -> None:
    fleet = group(one=Outcome.INSTANCE_GONE)
    assert act(replacing(ONE, TWO), SEEN, fleet, 3).outcome is Outcome.REPLACED
    assert fleet.replaced == [TWO]


def test_when_nothing_could_be_replaced_the_failure_is_the_outcome() -> None:
    fleet = group(one=Outcome.GROUP_FAILED)
    acted = act(replacing(ONE), SEEN, fleet, 3)
    assert acted == Acted(Outcome.GROUP_FAILED, 3, problem=f"{ONE} cannot be replaced")
