"""Every operational alarm goes to ALARM and back, by its own definition, on the metrics that it watches."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.support import eventually, job_hook
from tests.terraform.test_observability_conventions import OWN, alarms, published

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.e2e.support import Live

pytestmark = pytest.mark.e2e

RUNBOOK = " Runbook: docs/runbooks/"
FUNCTIONS = ("credentials", "scaler", "schedule", "termination", "webhook")
NAMES = sorted(
    name
    for runbook, _ in alarms()
    for name in (
        [f"{function}-{runbook.removeprefix('function-')}" for function in FUNCTIONS]
        if runbook.startswith("function-")
        else [runbook]
    )
)
# What DescribeAlarms answers and PutMetricAlarm takes.
DEFINITION = (
    "ComparisonOperator",
    "DatapointsToAlarm",
    "EvaluationPeriods",
    "MetricName",
    "Namespace",
    "Period",
    "Statistic",
    "Threshold",
    "TreatMissingData",
)
PATIENCE_SECONDS = 15


class Copy:
    """An alarm with the definition of a real one, on metrics that nobody else publishes."""

    def __init__(self, live: Live, alarm: Mapping[str, Any]) -> None:
        self.cloudwatch = live.aws("cloudwatch")
        self.name = f"test-{alarm['AlarmName']}"
        self.definition = {key: alarm[key] for key in DEFINITION if alarm.get(key) is not None}
        self.definition["Namespace"] = f"{alarm['Namespace']}/test"
        self.dimensions = alarm.get("Dimensions", [])
        self.below = alarm["ComparisonOperator"] == "LessThanThreshold"

    def put(self) -> None:
        """Make the alarm."""
        self.cloudwatch.put_metric_alarm(AlarmName=self.name, Dimensions=self.dimensions, **self.definition)

    def publish(self, is_bad: bool, periods: range) -> None:
        """Publish a value for periods, counted back from the one in hand."""
        change = -1.0 if self.below else 0.0
        value = self.definition["Threshold"] + (change if is_bad else 1.0 if self.below else -1.0)
        period = self.definition["Period"]
        now = time.time() // period * period
        data = [
            {
                "Dimensions": self.dimensions,
                "MetricName": self.definition["MetricName"],
                "Timestamp": now - number * period,
                "Value": value,
            }
            for number in periods
        ]
        self.cloudwatch.put_metric_data(Namespace=self.definition["Namespace"], MetricData=data)


@pytest.fixture(scope="module")
def operational(live: Live) -> dict[str, dict[str, Any]]:
    """The alarms that tell somebody, by their names without the fleet's."""
    prefix = f"{live.addresses['fleet']}-"
    pages = live.aws("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=prefix)
    found = [alarm for page in pages for alarm in page["MetricAlarms"] if RUNBOOK in alarm["AlarmDescription"]]
    return {alarm["AlarmName"].removeprefix(prefix): alarm for alarm in found}


@pytest.fixture(scope="module")
def driven(live: Live, operational: dict[str, dict[str, Any]]) -> dict[str, list[str]]:
    """The states that each alarm went through: bad values first, good ones then, all alarms side by side."""
    copies = {name: Copy(live, alarm) for name, alarm in operational.items()}
    seen: dict[str, list[str]] = {name: [] for name in copies}
    try:
        for copy in copies.values():
            copy.put()
            # Silence is what the one alarm is about; of the others, the newest two periods are left for what follows.
            if copy.definition["TreatMissingData"] != "breaching":
                copy.publish(True, range(2, copy.definition["EvaluationPeriods"] + 2))
        follow(live, copies, seen, "ALARM")
        for copy in copies.values():
            copy.publish(False, range(1, 2))
        follow(live, copies, seen, "OK")
    finally:
        live.aws("cloudwatch").delete_alarms(AlarmNames=[copy.name for copy in copies.values()])
    return seen


def follow(live: Live, copies: dict[str, Copy], seen: dict[str, list[str]], wanted: str) -> None:
    """Note the state of each alarm once all are in it, or when they had time enough."""

    def states() -> dict[str, str]:
        pages = live.aws("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix="test-")
        return {alarm["AlarmName"]: str(alarm["StateValue"]) for page in pages for alarm in page["MetricAlarms"]}

    deadline = time.monotonic() + PATIENCE_SECONDS
    while set(states().values()) != {wanted} and time.monotonic() < deadline:
        time.sleep(0.3)
    found = states()
    for name, copy in copies.items():
        seen[name].append(found[copy.name])


def test_every_alarm_of_the_module_is_on_the_stack(operational: dict[str, dict[str, Any]]) -> None:
    assert len(NAMES) > len(FUNCTIONS)
    assert sorted(operational) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_an_alarm_goes_off_and_is_over(driven: dict[str, list[str]], name: str) -> None:
    assert driven[name] == ["ALARM", "OK"]


@pytest.fixture(scope="module")
def observed(live: Live) -> int:
    """A project that the scaler has been told of by a webhook; it has published all that it knows."""
    project = live.new_project()
    ask(live, project)
    live.tick("sweep")

    def has_published() -> bool:
        metrics = live.aws("cloudwatch").list_metrics(Namespace=OWN)["Metrics"]
        return {"PendingJobs", "ReactionSeconds"} <= {each["MetricName"] for each in metrics}

    eventually(has_published, "a reaction to a webhook, and a complete observation")
    return project


def ask(live: Live, project: int) -> None:
    """Let the scaler look at a project."""
    body = job_hook(project)
    assert live.post(body, live.signed(body))[0] == 202


def places(metrics: list[dict[str, Any]]) -> set[tuple[str, frozenset[tuple[str, str]]]]:
    """Return the namespaces and dimensions of metrics."""
    return {
        (each["Namespace"], frozenset((pair["Name"], pair["Value"]) for pair in each["Dimensions"])) for each in metrics
    }


def test_an_alarm_watches_a_metric_where_it_is_published(
    live: Live, observed: int, operational: dict[str, dict[str, Any]]
) -> None:
    own = [alarm for alarm in operational.values() if alarm["Namespace"].startswith(OWN)]
    of_logs = [
        {"Dimensions": [], "MetricName": change["metricName"], "Namespace": change["metricNamespace"]}
        for found in live.aws("logs").describe_metric_filters(filterNamePrefix=live.addresses["fleet"])["metricFilters"]
        for change in found["metricTransformations"]
    ]
    of_code = live.aws("cloudwatch").list_metrics(Namespace=OWN)["Metrics"]
    assert {"PendingJobs", "SnapshotSeconds"} <= {each["MetricName"] for each in of_code}
    # The metrics of faults are published there, too, while there is a fault.
    assert places(of_code) == {(OWN, frozenset({("Fleet", live.addresses["fleet"])}))}
    assert of_logs
    assert len(own) > len(of_logs)
    assert places(own) <= places(of_code) | places(of_logs)
    assert {alarm["MetricName"] for alarm in own} <= published()


@pytest.fixture
def quick(live: Live, operational: dict[str, dict[str, Any]]) -> Iterator[str]:
    """The alarm about GitLab on the metric of the stack itself, which only does not wait for minutes."""
    alarm = operational["gitlab-unreadable"]
    definition = {key: alarm[key] for key in DEFINITION if alarm.get(key) is not None}
    definition |= {"EvaluationPeriods": 1, "Period": 10}
    definition.pop("DatapointsToAlarm", None)
    name = f"quick-{alarm['AlarmName']}"
    live.aws("cloudwatch").put_metric_alarm(AlarmName=name, Dimensions=alarm["Dimensions"], **definition)
    yield name
    live.aws("cloudwatch").delete_alarms(AlarmNames=[name])


def test_a_gitlab_that_refuses_the_token_is_an_alarm_until_it_does_not(live: Live, observed: int, quick: str) -> None:
    def state() -> str:
        return str(live.aws("cloudwatch").describe_alarms(AlarmNames=[quick])["MetricAlarms"][0]["StateValue"])

    def is_asked_and(wanted: str) -> bool:
        # An answer in the same ten seconds as an error does not end the alarm: there have to be some afterwards.
        ask(live, observed)
        time.sleep(1)
        return state() == wanted

    live.gitlab("PUT", "faults", {"name": "unauthorized"})
    try:
        eventually(lambda: is_asked_and("ALARM"), "the alarm about GitLab", 60)
    finally:
        live.gitlab("DELETE", "faults")
    eventually(lambda: is_asked_and("OK"), "its end", 60)
