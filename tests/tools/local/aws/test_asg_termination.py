"""Termination policies, and the custom one's question."""

from __future__ import annotations

import pytest

from tests.tools.local.aws.fakes import FUNCTION, TERMINATING, World, bare_group
from tools.local.aws.autoscaling.model import Instance, Market, State, Template
from tools.local.aws.autoscaling.termination import choose, predefined

NOW = 10_000.0


def instance(
    name: str, zone: str = "a", launched: float = 0.0, version: str = "1", market: str = "on-demand"
) -> Instance:
    template = Template("lt-1", "runner", version, "t3.micro", Market(market))
    return Instance(name, zone, "t3.micro", Market(market), template, launched, State.IN_SERVICE, 0.0)


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        pytest.param(["OldestInstance"], "old", id="oldest"),
        pytest.param(["NewestInstance"], "new", id="newest"),
        pytest.param(["OldestLaunchTemplate"], "stale", id="oldest template"),
        pytest.param(["ClosestToNextInstanceHour"], "hour", id="closest to the next hour"),
        pytest.param(["Default"], "stale", id="default: the oldest template first"),
        pytest.param([FUNCTION, "NewestInstance"], "new", id="after the custom one"),
    ],
)
def test_a_policy_picks_its_instance(policies: list[str], expected: str) -> None:
    candidates = [
        instance("old", launched=0, version="2"),
        instance("new", launched=9_000, version="2"),
        instance("stale", launched=5_000, version="1"),
        instance("hour", launched=NOW - 3_590, version="2"),
    ]
    group = bare_group(candidates, TerminationPolicies=policies)
    assert [expected] == [each.instance_id for each in choose(group, candidates, 1, NOW)]


def test_the_fullest_zone_loses_first_whatever_the_policy() -> None:
    candidates = [instance("old", "a", 0), instance("x", "b", 50), instance("y", "b", 60)]
    group = bare_group(candidates, TerminationPolicies=["OldestInstance"])
    assert [each.instance_id for each in choose(group, candidates, 2, NOW)] == ["x", "old"]


def test_the_default_policy_restores_the_purchase_mix_first() -> None:
    candidates = [instance("base"), instance("extra"), instance("spot", market="spot")]
    mixed = {"InstancesDistribution": {"OnDemandBaseCapacity": 1, "OnDemandPercentageAboveBaseCapacity": 0}}
    group = bare_group(candidates, MixedInstancesPolicy=mixed)
    assert Market.ON_DEMAND is choose(group, candidates, 1, NOW)[0].market


def test_no_policy_named_means_the_default() -> None:
    assert predefined(["Default"]) == predefined([]) == predefined([FUNCTION])


def test_scale_in_takes_unprotected_instances_in_service_only(world: World) -> None:
    first, second = world.serving(2, TerminationPolicies=["OldestInstance"])
    world.call("SetInstanceProtection", InstanceIds=[first], ProtectedFromScaleIn=True)
    world.desire(1)
    world.wait(2)
    assert [first] == world.ids()
    assert world.state(second) == "gone"


def test_a_fully_protected_group_keeps_its_instances_and_says_so(world: World) -> None:
    kept = world.serving(1, NewInstancesProtectedFromScaleIn=True)
    world.desire(0)
    world.wait(60)
    assert kept == world.ids()
    assert "protected" in world.activities()[0]["StatusMessage"]


def test_the_custom_policy_is_asked_in_the_documented_form(world: World) -> None:
    ids = world.serving(3, TerminationPolicies=[FUNCTION])
    world.desire(1)
    (question,) = world.scaling.consultations()
    asked = question.payload
    assert question.function_arn == FUNCTION
    assert (asked["AutoScalingGroupName"], asked["Cause"]) == ("fleet", "SCALE_IN")
    assert sum(entry["Capacity"] for entry in asked["CapacityToTerminate"]) == 2
    assert {each["InstanceId"] for each in asked["Instances"]} < set(ids)
    assert {"AvailabilityZone", "InstanceId", "InstanceType", "InstanceMarketOption"} == set(asked["Instances"][0])


def test_nothing_goes_before_the_custom_policy_has_answered_and_it_is_asked_once(world: World) -> None:
    world.serving(2, TerminationPolicies=[FUNCTION])
    world.desire(0)
    assert len(world.scaling.consultations()) == 1
    world.wait(600)
    assert world.scaling.consultations() == []
    assert world.states() == ["InService"] * 2


def test_only_what_the_custom_policy_names_goes_and_it_is_asked_again_shortly(world: World) -> None:
    ids = world.serving(3, TerminationPolicies=[FUNCTION])
    world.desire(1)
    world.scaling.advise(world.scaling.consultations()[0], [ids[0], "i-unknown"])
    assert world.scaling.consultations() == []
    world.wait(5)
    assert ids[1:] == world.ids()
    assert len(world.scaling.consultations()) == 1


def test_of_more_ids_than_needed_the_next_policy_chooses(world: World) -> None:
    ids = world.serving(3, TerminationPolicies=[FUNCTION, "NewestInstance"])
    world.desire(2)
    world.scaling.advise(world.scaling.consultations()[0], ids)
    world.wait(2)
    assert ids[:2] == world.ids()


@pytest.mark.parametrize("answer", [[], "the function did not answer within 2 seconds"], ids=["nobody", "failure"])
def test_a_refusal_or_a_failure_removes_nobody_and_the_question_comes_back(
    world: World, answer: list[str] | str
) -> None:
    ids = world.serving(2, TerminationPolicies=[FUNCTION])
    world.desire(0)
    world.scaling.advise(world.scaling.consultations()[0], answer)
    world.wait(4)
    assert ids == world.ids()
    assert world.scaling.consultations() == []
    world.wait(1)
    assert len(world.scaling.consultations()) == 1


def test_a_protected_instance_does_not_go_though_the_function_names_it(world: World) -> None:
    ids = world.serving(2, TerminationPolicies=[FUNCTION])
    world.desire(0)
    question = world.scaling.consultations()[0]
    world.call("SetInstanceProtection", InstanceIds=[ids[0]], ProtectedFromScaleIn=True)
    world.scaling.advise(question, ids)
    world.wait(2)
    assert [ids[0]] == world.ids()


def test_an_answer_that_comes_after_the_need_is_gone_does_nothing(world: World) -> None:
    ids = world.serving(2, TerminationPolicies=[FUNCTION])
    world.desire(1)
    question = world.scaling.consultations()[0]
    world.desire(2)
    world.scaling.advise(question, ids)
    assert ids == world.ids()


def test_chosen_instances_still_pass_the_terminating_hook(world: World) -> None:
    (only,) = world.serving(1, TerminationPolicies=[FUNCTION])
    world.hook(TERMINATING)
    world.desire(0)
    world.scaling.advise(world.scaling.consultations()[0], [only])
    assert world.state(only) == "Terminating:Wait"
