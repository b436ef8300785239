from __future__ import annotations

import pytest

from scaler.boot import DEFAULT_SECONDS, MAX_SECONDS, MIN_SECONDS, SAMPLES, Boots, boot_seconds, follow
from scaler.capacity import Instance, Phase
from tests.lambda_src.scaler.fakes import instance_id


def instances(**phases: Phase) -> list[Instance]:
    return [Instance(instance_id(int(name.removeprefix("i"))), phase) for name, phase in phases.items()]


BOOTING = instances(i1=Phase.BOOTING)


def test_the_boot_time_is_the_median_of_what_was_measured() -> None:
    assert boot_seconds(Boots((40.0, 700.0, 50.0))) == 50
    assert boot_seconds(Boots((40.0, 700.0))) == DEFAULT_SECONDS
    assert boot_seconds(Boots((1.0,) * 5)) == MIN_SECONDS
    assert boot_seconds(Boots((5000.0,) * 5)) == MAX_SECONDS


def test_an_instance_boots_from_the_look_that_asked_for_it_until_it_serves() -> None:
    asked = follow(Boots(), BOOTING, now=102, last_at=100)
    still = follow(asked, BOOTING, now=150, last_at=102)
    assert still.booting == {instance_id(1): 100}
    served = follow(still, instances(i1=Phase.IN_SERVICE), now=170, last_at=150)
    assert served == Boots(seconds=(60.0,))


def test_the_first_look_of_all_measures_from_itself() -> None:
    assert follow(Boots(), BOOTING, now=102, last_at=0).booting == {instance_id(1): 102}


def test_only_the_newest_measurements_count() -> None:
    many = Boots(tuple(float(number) for number in range(SAMPLES)), booting={instance_id(1): 100.0})
    served = follow(many, instances(i1=Phase.IN_SERVICE), now=170, last_at=150)
    assert len(served.seconds) == SAMPLES
    assert served.seconds[-1] == 60


@pytest.mark.parametrize("after", [[], instances(i1=Phase.TERMINATING)], ids=["gone", "terminating"])
def test_an_instance_that_never_serves_is_a_failure(after: list[Instance]) -> None:
    failed = follow(Boots((60.0,), {instance_id(1): 100.0}), after, now=200, last_at=190)
    assert failed == Boots((60.0,), failures=1, failed_at=200)


def test_failures_in_a_row_are_counted_until_one_instance_serves() -> None:
    booting = {instance_id(number): 100.0 for number in (1, 2, 3)}
    failed = follow(Boots(booting=booting, failures=2), [], now=200, last_at=190)
    assert failed.failures == 5
    assert follow(failed, [], now=260, last_at=200) == failed
    again = follow(failed, BOOTING, now=300, last_at=260)
    assert follow(again, instances(i1=Phase.IN_SERVICE), now=360, last_at=300).failures == 0
