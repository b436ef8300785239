"""How CloudWatch decides an alarm's state, pure.

Source: Amazon CloudWatch User Guide, "Alarm evaluation" and "Configuring how CloudWatch alarms treat missing data".
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ALARM, OK, INSUFFICIENT = "ALARM", "OK", "INSUFFICIENT_DATA"
EXTRA_PERIODS = 2
FILLINGS = ("breaching", "notBreaching")
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}


@dataclass(frozen=True)
class Rule:
    """What of an alarm decides its state."""

    period_seconds: int
    evaluation_periods: int
    datapoints_to_alarm: int
    threshold: float
    comparison: str
    missing: str


@dataclass(frozen=True)
class Verdict:
    """A state, why, and the newest datapoint if there is one."""

    state: str
    reason: str
    value: float | None


def rule_of(alarm: dict[str, Any]) -> Rule:
    """Return the rule of an alarm as PutMetricAlarm took it."""
    periods = int(alarm.get("EvaluationPeriods") or 1)
    return Rule(
        period_seconds=int(alarm.get("Period") or 60),
        evaluation_periods=periods,
        datapoints_to_alarm=int(alarm.get("DatapointsToAlarm") or periods),
        threshold=float(alarm.get("Threshold") or 0),
        comparison=str(alarm.get("ComparisonOperator")),
        missing=str(alarm.get("TreatMissingData") or "missing"),
    )


def window(rule: Rule, now: float) -> list[float]:
    """Return the starts of the complete periods that are looked at, oldest first."""
    newest = math.floor(now / rule.period_seconds) - 1
    count = rule.evaluation_periods + EXTRA_PERIODS
    return [float((newest - age) * rule.period_seconds) for age in range(count - 1, -1, -1)]


def evaluate(rule: Rule, datapoints: Sequence[float | None], state: str) -> Verdict:
    """Return the state that follows from the datapoints of the looked-at periods, oldest first, None for missing.

    With enough real datapoints the newest of them decide, however missing ones are treated. With fewer, missing ones
    count as breaching or not breaching where that is asked for; else the state stays as it is, unless the oldest of
    the real datapoints breaches, is old enough, and all that followed breach too.
    """
    compare = COMPARISONS[rule.comparison]
    real = [value for value in datapoints if value is not None]
    newest = real[-1] if real else None
    if len(real) < rule.evaluation_periods and rule.missing not in FILLINGS:
        return evaluate_sparse(rule, datapoints, state)
    deciding = real[-rule.evaluation_periods :]
    filled = rule.evaluation_periods - len(deciding) if rule.missing == "breaching" else 0
    return verdict(filled + sum(compare(value, rule.threshold) for value in deciding), rule, newest)


def evaluate_sparse(rule: Rule, datapoints: Sequence[float | None], state: str) -> Verdict:
    """Return the state when datapoints are missing that nothing stands in for."""
    real = [value for value in datapoints if value is not None]
    if not real and rule.missing == "missing":
        return Verdict(INSUFFICIENT, "Insufficient Data: no datapoints were received", None)
    recent = list(datapoints)[-rule.evaluation_periods :]
    compare = COMPARISONS[rule.comparison]
    breaches = {
        rule.evaluation_periods - place: compare(value, rule.threshold)
        for place, value in enumerate(recent)
        if value is not None
    }
    newest = real[-1] if real else None
    if breaches and not all(breaches.values()):
        return verdict(sum(breaches.values()), rule, newest)
    if breaches and max(breaches) >= rule.datapoints_to_alarm:
        return Verdict(ALARM, f"Threshold Crossed: every datapoint since {max(breaches)} periods was breaching", newest)
    return Verdict(state, "Unchanged: too few datapoints", newest)


def verdict(breaching: int, rule: Rule, newest: float | None) -> Verdict:
    """Return the verdict on a number of breaching datapoints in CloudWatch's words."""
    reason = (
        f"Threshold Crossed: {breaching} out of the last {rule.evaluation_periods} datapoints were breaching "
        f"({rule.comparison} {rule.threshold}), at least {rule.datapoints_to_alarm} are needed for ALARM."
    )
    return Verdict(ALARM if breaching >= rule.datapoints_to_alarm else OK, reason, newest)


def tidy(alarm: dict[str, Any]) -> None:
    """Bring an alarm of MiniStack's JSON into the model's shape: no nulls, and times as times."""
    for name in [name for name, value in alarm.items() if value is None]:
        del alarm[name]
    for name in [name for name in alarm if name.endswith("Timestamp")]:
        alarm[name] = dt.datetime.fromtimestamp(float(alarm[name]), tz=dt.UTC)
