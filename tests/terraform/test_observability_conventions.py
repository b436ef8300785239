"""Alarms, runbooks, panels and metrics belong together, in both directions. Each test fails when it matches nothing."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.terraform.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

MODULE = ROOT / "terraform"
RUNBOOKS = {
    path.stem: path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "docs" / "runbooks").glob("*.md"))
    if path.stem != "README"
}
NAME = re.compile(r'"([A-Z]\w+)"')
OWN = "GitLabRunnerFleet"
# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html and …/urls-monitoring.html,
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
OF_AWS = {
    "AWS/Lambda": {"Duration", "Errors", "Invocations", "Throttles", "Url4xxCount", "Url5xxCount", "UrlRequestCount"},
    "AWS/SQS": {"ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible", "NumberOfMessagesSent"},
}
ALARMS = (MODULE / "alarms.tf").read_text(encoding="utf-8")
FORM = ["What you see", "What it means", "Check", "Fix", "Undo"]
PANELS = json.loads((MODULE / "panels.json").read_text(encoding="utf-8"))


def alarms() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of every alarm; alarms of functions have the name of their runbook."""
    for group, block in re.findall(r"^  ([a-z_]+)_alarms = {\n(.*?)^  }", ALARMS, re.MULTILINE | re.DOTALL):
        if group != "operational":
            yield from re.findall(r"^    ([a-z-]+) = {\n(.*?)^    }", block, re.MULTILINE | re.DOTALL)
    for text in re.findall(r'"\$\{function\}-[a-z]+" => {\n(.*?)^      }', ALARMS, re.MULTILINE | re.DOTALL):
        yield re.findall(r'runbook += "([a-z-]+)"', text)[0], text


def block(text: str, start: str) -> str:
    """Return what is between the braces of a local of the module."""
    found = re.search(rf"^  {start} {{\n(.*?)^  }}", text, re.MULTILINE | re.DOTALL)
    assert found is not None, start
    return found[1]


def watched(alarm: str) -> list[str]:
    """Return the metrics that an alarm's text names."""
    return [name for line in re.findall(r"^ +metric += (.*)$", alarm, re.MULTILINE) for name in NAME.findall(line)]


def metrics_of_the_alarms() -> set[str]:
    observation = re.search(r"^  observation = (.*?)^  }$", ALARMS, re.MULTILINE | re.DOTALL)
    assert observation is not None
    return {name for _, alarm in alarms() for name in watched(alarm)} | set(watched(observation[1]))


def published() -> set[str]:
    """Return the metrics that code or a metric filter publishes."""
    scaler = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "lambda_src" / "scaler").glob("*.py"))
    vendor = (ROOT / "lambda_src" / "credentials" / "metrics.py").read_text(encoding="utf-8")
    filters = block((MODULE / "metric_filters.tf").read_text(encoding="utf-8"), "host_metrics =")
    sources = [
        re.findall(r'Figure\(\s*"(\w+)"', scaler),
        re.findall(r'^[A-Z_]+ = "([A-Z]\w+)"$', vendor, re.MULTILINE),
        re.findall(r"^    (\w+) +=", filters, re.MULTILINE),
    ]
    assert all(sources)
    return {name for source in sources for name in source} - {OWN}


def shown() -> set[tuple[str, str]]:
    """Return the namespace and the name of every metric in a panel."""
    return {(panel.get("namespace", OWN), metric["name"]) for panel in PANELS for metric in panel["metrics"]}


def test_every_alarm_has_a_runbook_and_every_runbook_an_alarm() -> None:
    named = {name for name, _ in alarms()}
    assert len(named) > len(FORM)
    assert named == set(RUNBOOKS)


@pytest.mark.parametrize("name", RUNBOOKS)
def test_a_runbook_has_the_form_of_all_runbooks(name: str) -> None:
    assert re.match(r"# Runbook: \S", RUNBOOKS[name])
    assert re.findall(r"^## (.*)$", RUNBOOKS[name], re.MULTILINE) == FORM
    assert "\n```shell\n" in RUNBOOKS[name], "there is something to check, and a test runs it"


@pytest.mark.parametrize("name", RUNBOOKS)
def test_a_runbook_names_its_alarms_metric(name: str) -> None:
    metrics = [metric for alarm, text in alarms() if alarm == name for metric in watched(text)]
    assert [metric for metric in metrics if f"`{metric}`" not in RUNBOOKS[name]] == []


@pytest.mark.parametrize("name", RUNBOOKS)
def test_a_runbooks_links_lead_to_runbooks_or_to_a_page_of_docs(name: str) -> None:
    links = re.findall(r"\]\((?!\.\./[a-z-]+\.md)([^)]+)\)", RUNBOOKS[name])
    assert [link for link in links if link.removesuffix(".md") not in {"README", *RUNBOOKS}] == []


def test_every_published_metric_is_in_a_panel_and_every_panel_shows_what_is_published() -> None:
    own = {name for namespace, name in shown() if namespace.startswith(OWN)}
    assert len(own) > len(FORM)
    assert published() == own


def test_what_the_panels_show_of_aws_is_there() -> None:
    of_aws = {(namespace, name) for namespace, name in shown() if not namespace.startswith(OWN)}
    assert of_aws
    assert [pair for pair in of_aws if pair[1] not in OF_AWS[pair[0]]] == []


def test_every_alarm_watches_a_metric_that_exists() -> None:
    of_aws = {name for names in OF_AWS.values() for name in names}
    assert len(metrics_of_the_alarms()) > len(FORM)
    assert metrics_of_the_alarms() - published() - of_aws == set()


def test_what_an_alarm_watches_is_in_a_panel() -> None:
    # Invocations are watched where an idle fleet is not observed, and tell nothing beside the other panels.
    assert metrics_of_the_alarms() - {name for _, name in shown()} == {"Invocations"}


def test_what_the_alarms_cost_is_documented() -> None:
    always = len(re.findall(r"^    [a-z-]+ = {", block(ALARMS, "fleet_alarms ="), re.MULTILINE)) + 3 * 2
    assert f"+{always * 0.1:.2f}: {always} alarms" in (ROOT / "docs" / "cost.md").read_text(encoding="utf-8")
