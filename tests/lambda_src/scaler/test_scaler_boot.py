from __future__ import annotations

from dataclasses import replace

import pytest

from scaler.boot import DEFAULT_SECONDS, MAX_SECONDS, MIN_SECONDS, SAMPLES, Boots, Look, boot_seconds, follow
from scaler.capacity import Instance, Phase
from tests.lambda_src.scaler.fakes import instance_id


def instances(**phases: Phase) -> list[Instance]:
    return [Instance(instance_id(int(name.removeprefix("i"))), phase) for name, phase in phases.items()]


FIRST = instance_id(1)
BOOTING = instances(i1=Phase.BOOTING)
SERVING = instances(i1=Phase.IN_SERVICE)
GOING = instances(i1=Phase.TERMINATING)


def test_the_boot_time_is_the_median_of_what_was_measured() -> None:
    assert boot_seconds(Boots((40.0, 700.0, 50.0))) == 50
    assert boot_seconds(Boots((40.0, 700.0))) == DEFAULT_SECONDS
    assert boot_seconds(Boots((1.0,) * 5)) == MIN_SECONDS
    assert boot_seconds(Boots((5000.0,) * 5)) == MAX_SECONDS


def test_an_instance_boots_from_the_look_that_asked_for_it_until_it_serves() -> None:
    asked = follow(Boots(), BOOTING, Look(at=102, last_at=100))
    still = follow(asked, BOOTING, Look(at=150, last_at=102))
    assert still.booting == {FIRST: 100}
    served = follow(still, SERVING, Look(at=170, last_at=150))
    assert served == Boots(seconds=(60.0,))


def test_the_first_look_of_all_measures_from_itself() -> None:
    assert follow(Boots(), BOOTING, Look(at=102, last_at=0)).booting == {FIRST: 102}


def test_only_the_newest_measurements_count() -> None:
    many = Boots(tuple(float(number) for number in range(SAMPLES)), booting={FIRST: 100.0})
    served = follow(many, SERVING, Look(at=170, last_at=150))
    assert len(served.seconds) == SAMPLES
    assert served.seconds[-1] == 60


@pytest.mark.parametrize("seconds", [45, 120, 210])
@pytest.mark.parametrize("is_seen_booting", [True, False], ids=["seen booting", "never seen booting"])
def test_the_boot_time_is_measured_when_the_first_job_makes_the_scaler_look(
    seconds: float, is_seen_booting: bool
) -> None:
    boots = Boots()
    for at in (1000.0, 3000.0, 5000.0):
        last_at = at
        if is_seen_booting:
            boots = follow(boots, BOOTING, Look(at=at + 5, last_at=at, hook_at=at + 5, asked=1))
            last_at = at + 5
        served_at = at + seconds + 1
        look = Look(served_at, last_at, hook_at=served_at, busy=frozenset({FIRST}), asked=0 if is_seen_booting else 1)
        boots = follow(boots, SERVING, look)
        boots = follow(boots, [], Look(served_at + 600, served_at, served=frozenset({FIRST})))
    assert boot_seconds(boots) == pytest.approx(seconds, abs=2)


@pytest.mark.parametrize(
    "look",
    [
        pytest.param(Look(160, 100, hook_at=160, busy=frozenset({FIRST})), id="nobody had asked for it"),
        pytest.param(Look(160, 100, asked=1), id="it is idle"),
        pytest.param(Look(160, 0, hook_at=160, busy=frozenset({FIRST}), asked=1), id="the first look of all"),
        pytest.param(
            Look(160, 100, hook_at=160, busy=frozenset({FIRST}), asked=1, served=frozenset({FIRST})),
            id="it served before",
        ),
    ],
)
def test_of_an_instance_that_was_not_seen_to_boot_nothing_uncertain_is_learnt(look: Look) -> None:
    assert follow(Boots(), SERVING, look) == Boots()


def test_a_hook_of_another_job_long_ago_does_not_shorten_what_is_measured() -> None:
    look = Look(220, 160, hook_at=20, busy=frozenset({FIRST}))
    assert follow(Boots(booting={FIRST: 100.0}), SERVING, look).seconds == (90,)


@pytest.mark.parametrize("after", [[], GOING], ids=["gone", "terminating"])
def test_an_instance_that_never_serves_is_a_failure(after: list[Instance]) -> None:
    failed = follow(Boots((60.0,), {FIRST: 100.0}), after, Look(at=200, last_at=190))
    assert failed == Boots((60.0,), failures=1, failed_at=200)


def test_failures_in_a_row_are_counted_until_one_instance_serves() -> None:
    booting = {instance_id(number): 100.0 for number in (1, 2, 3)}
    failed = follow(Boots(booting=booting, failures=2), [], Look(at=200, last_at=190))
    assert failed.failures == 5
    assert follow(failed, [], Look(at=260, last_at=200)) == failed
    again = follow(failed, BOOTING, Look(at=300, last_at=260))
    assert follow(again, SERVING, Look(at=360, last_at=300)).failures == 0


SHORT_LIVED = Look(at=220, last_at=160, is_short_lived=True)


@pytest.mark.parametrize("after", [[], GOING], ids=["gone", "terminating"])
def test_an_instance_that_may_have_had_its_job_between_two_looks_is_no_failure(after: list[Instance]) -> None:
    before = Boots((100.0,) * 3, {FIRST: 100.0}, failures=2, failed_at=50)
    assert follow(before, after, SHORT_LIVED) == Boots((100.0,) * 3, failures=2, failed_at=50)


@pytest.mark.parametrize(
    ("look", "since"),
    [
        pytest.param(replace(SHORT_LIVED, is_short_lived=False), 100, id="instances stay"),
        pytest.param(replace(SHORT_LIVED, last_at=215), 100, id="the last look was a moment ago"),
        pytest.param(SHORT_LIVED, 180, id="too early to have served"),
        pytest.param(replace(SHORT_LIVED, at=560, last_at=500), 100, id="it had been booting for too long"),
    ],
)
def test_an_instance_that_cannot_have_had_a_job_is_a_failure(look: Look, since: float) -> None:
    before = Boots((100.0,) * 3, {FIRST: since})
    assert follow(before, [], look).failures == 1


def test_instances_that_go_because_less_is_desired_are_no_failures() -> None:
    before = Boots(booting={instance_id(number): 100.0 for number in (1, 2, 3)})
    assert follow(before, GOING, Look(at=130, last_at=120, lowered=3)).failures == 0
    assert follow(before, GOING, Look(at=130, last_at=120, lowered=1)).failures == 2


def test_instances_may_go_some_time_after_less_was_desired() -> None:
    before = Boots(booting={instance_id(number): 100.0 for number in (1, 2)})
    lowered = follow(before, instances(i1=Phase.BOOTING, i2=Phase.BOOTING), Look(at=130, last_at=120, lowered=1))
    gone = follow(lowered, instances(i1=Phase.BOOTING), Look(at=140, last_at=130))
    assert gone.failures == 0
    assert follow(gone, [], Look(at=150, last_at=140)).failures == 1
    assert follow(lowered, SERVING, Look(at=140, last_at=130)).excused == 0
