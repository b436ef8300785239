"""MiniStack's CloudWatch alarms, evaluated by our rules."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from tools.local.aws import alarms, emulator
from tools.local.aws.alarm_watch import Alarming

POLICY = ":scalingPolicy:"
EVERY_SECONDS = 0.5


@dataclass
class Monitor:
    """Keep every metric alarm's state right, and tell which of them have scaling policies to run."""

    _since: dict[str, float] = field(default_factory=dict)
    _values: dict[str, float] = field(default_factory=dict)
    _next: float = 0.0

    def alarming(self) -> list[Alarming]:
        """Evaluate every alarm if it is time, and return the scaling policies of those in ALARM."""
        cloudwatch = emulator.load("services.cloudwatch")
        owned = list(cloudwatch._alarms._data.items())  # noqa: SLF001 - MiniStack has no other door
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + EVERY_SECONDS
            for (account, region, _), alarm in owned:
                with emulator.scoped(account, region):
                    self.evaluate(alarm)
        return [each for (account, _, _), alarm in owned for each in self._policies(account, alarm)]

    def evaluate(self, alarm: dict[str, Any]) -> bool:
        """Set a metric alarm's state by its datapoints; False when it is of a kind that is MiniStack's own business."""
        rule = alarms.rule_of(alarm)
        if not alarm.get("MetricName") or rule.comparison not in alarms.COMPARISONS:
            return False
        found = alarms.evaluate(rule, datapoints(alarm, rule, time.time()), alarm["StateValue"])
        if found.value is not None:
            self._values[alarm["AlarmArn"]] = found.value
        if found.state != alarm["StateValue"]:
            self._change(alarm, found)
        return True

    def _change(self, alarm: dict[str, Any], found: alarms.Verdict) -> None:
        cloudwatch = emulator.load("services.cloudwatch")
        before, alarm["StateValue"] = alarm["StateValue"], found.state
        alarm["StateReason"], alarm["StateUpdatedTimestamp"] = found.reason, int(time.time())
        self._since[alarm["AlarmArn"]] = time.time()
        cloudwatch._record_history(alarm["AlarmName"], before, found.state, found.reason)  # noqa: SLF001 - as above
        cloudwatch._dispatch_alarm_actions(alarm, before, found.state, found.reason)  # noqa: SLF001 - as above
        cloudwatch._evaluate_parent_alarms(alarm)  # noqa: SLF001 - as above

    def _policies(self, account: str, alarm: dict[str, Any]) -> list[Alarming]:
        arn = alarm["AlarmArn"]
        if alarm["StateValue"] != alarms.ALARM or not alarm.get("ActionsEnabled", True) or arn not in self._values:
            return []
        breach = self._values[arn] - float(alarm["Threshold"])
        actions = [action for action in alarm.get("AlarmActions", []) if POLICY in action]
        return [Alarming(account, alarm["AlarmName"], each, breach, self._since.get(arn, 0.0)) for each in actions]


def datapoints(alarm: dict[str, Any], rule: alarms.Rule, now: float) -> list[float | None]:
    """Return the statistic of every looked-at period of an alarm's metric, of exactly its dimensions."""
    cloudwatch = emulator.load("services.cloudwatch")
    dimensions = {each["Name"]: each["Value"] for each in alarm.get("Dimensions", [])}
    key = (alarm["Namespace"], alarm["MetricName"], cloudwatch._dims_key(dimensions))  # noqa: SLF001 - as above
    points = list(cloudwatch._metrics.get(key) or [])  # noqa: SLF001 - as above
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"
    found: list[float | None] = []
    for start in alarms.window(rule, now):
        inside = [point for point in points if start <= point["Timestamp"] < start + rule.period_seconds]
        value = cloudwatch._stat_value(cloudwatch._calc_stats(inside), statistic, inside) if inside else None  # noqa: SLF001
        found.append(None if value is None else float(value))
    return found
