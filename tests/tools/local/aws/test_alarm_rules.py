"""How alarms decide, against CloudWatch's documentation."""

from __future__ import annotations

import pytest

from tools.local.aws.alarms import ALARM, INSUFFICIENT, OK, Rule, evaluate, rule_of, window

GOOD, BAD = 0.0, 5.0


def rule(periods: int = 3, needed: int | None = None, missing: str = "missing") -> Rule:
    return Rule(10, periods, needed or periods, 1.0, "GreaterThanOrEqualToThreshold", missing)


def points(pattern: str) -> list[float | None]:
    """Return datapoints written as CloudWatch's guide does: 0 good, X breaching, - missing; oldest first."""
    return [{"0": GOOD, "X": BAD, "-": None}[each] for each in pattern.replace(" ", "")]


@pytest.mark.parametrize(
    ("pattern", "missing", "expected"),
    [
        pytest.param("0 - X - X", "missing", OK, id="enough real ones: the missing do not matter"),
        pytest.param("X X X - -", "notBreaching", ALARM, id="three real breaching ones"),
        pytest.param("0 - - - -", "missing", "KEPT", id="one good one, too old: unchanged"),
        pytest.param("- - - - -", "missing", INSUFFICIENT, id="nothing at all"),
        pytest.param("- - - - -", "breaching", ALARM, id="nothing at all, breaching"),
        pytest.param("- - - - -", "notBreaching", OK, id="nothing at all, not breaching"),
        pytest.param("- - - - -", "ignore", "KEPT", id="nothing at all, ignored"),
        pytest.param("- - X - -", "missing", ALARM, id="old enough and nothing good since"),
        pytest.param("- - X - -", "notBreaching", OK, id="the missing count as good"),
        pytest.param("- - X - -", "breaching", ALARM, id="the missing count as breaching"),
        pytest.param("- - - - X", "missing", "KEPT", id="too young to alarm early"),
        pytest.param("- - - 0 X", "missing", OK, id="a good one among the few"),
    ],
)
def test_the_state_follows_from_the_datapoints(pattern: str, missing: str, expected: str) -> None:
    assert expected == evaluate(rule(missing=missing), points(pattern), "KEPT").state


@pytest.mark.parametrize(("pattern", "expected"), [("000X0", OK), ("00X0X", ALARM), ("X0X00", OK)])
def test_m_out_of_n_counts_breaches_anywhere_in_the_last_n(pattern: str, expected: str) -> None:
    assert expected == evaluate(rule(3, 2), points(pattern), OK).state


def test_one_breaching_period_is_enough_when_one_is_asked_for() -> None:
    verdict = evaluate(rule(1, missing="notBreaching"), points("--X"), OK)
    assert (verdict.state, verdict.value) == (ALARM, BAD)


@pytest.mark.parametrize(
    ("comparison", "value", "expected"),
    [
        ("GreaterThanThreshold", 1.0, OK),
        ("GreaterThanOrEqualToThreshold", 1.0, ALARM),
        ("LessThanThreshold", 1.0, OK),
        ("LessThanOrEqualToThreshold", 1.0, ALARM),
    ],
)
def test_each_comparison_treats_the_threshold_itself_as_it_says(comparison: str, value: float, expected: str) -> None:
    assert expected == evaluate(Rule(10, 1, 1, 1.0, comparison, "missing"), [value], OK).state


def test_only_complete_periods_are_looked_at() -> None:
    assert window(rule(1), 999.9) == [960.0, 970.0, 980.0]
    assert window(rule(1), 1000.0) == [970.0, 980.0, 990.0]


def test_a_rule_comes_from_the_alarm_with_aws_defaults() -> None:
    alarm = {"Period": 60, "EvaluationPeriods": 3, "Threshold": 2.0, "ComparisonOperator": "LessThanThreshold"}
    assert Rule(60, 3, 3, 2.0, "LessThanThreshold", "missing") == rule_of(alarm)
