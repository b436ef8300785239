"""A dashboard as it was applied, drawn."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from tools.report.cloudwatch import ReportError
from tools.report.dashboard import Dashboard, alarm_section, alarm_states, parse, read_dashboard
from tools.report.panels import Metric, Panel

JOBS = Panel("Jobs", (), "Nobody looked.")


def widget(y: int, x: int, title: str, *metrics: list[Any]) -> dict[str, Any]:
    return {"properties": {"metrics": metrics, "period": 60, "title": title}, "type": "metric", "x": x, "y": y}


def body(*widgets: dict[str, Any]) -> str:
    return json.dumps({"widgets": widgets})


def client_with(method: str, answer: dict[str, Any]) -> Any:
    client = boto3.client("cloudwatch", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    stub = Stubber(client)
    stub.add_response(method, answer)
    stub.activate()
    return client


def test_widgets_are_panels_from_top_to_bottom_and_from_left_to_right() -> None:
    text = body(widget(6, 0, "third"), widget(0, 8, "second"), widget(0, 0, "first"))

    assert [panel.title for panel in parse("ci", text, {}).panels] == ["first", "second", "third"]


def test_a_widget_keeps_its_metrics_as_they_were_applied() -> None:
    metric = ["GitLabRunnerFleet", "PendingJobs", "Fleet", "ci", {"label": "pending", "stat": "Maximum"}]

    found = parse("ci", body(widget(0, 0, "Jobs", metric)), {"Jobs": JOBS})

    expected = Metric("GitLabRunnerFleet", "PendingJobs", (("Fleet", "ci"),), "Maximum", "pending", 60)
    assert found == Dashboard((), (Panel("Jobs", (expected,), "Nobody looked."),))


def test_what_is_drawn_as_a_difference_is_one_and_what_is_hidden_is_not_drawn() -> None:
    entries: list[list[Any]] = [
        [{"expression": "m0 - FILL(m1, 0)", "id": "e0", "label": "accepted"}],
        ["N", "All", {"id": "m0", "label": "all", "stat": "Sum", "visible": False}],
        ["N", "Refused", {"id": "m1", "label": "refused", "stat": "Sum", "visible": True}],
    ]

    (panel,) = parse("ci", body(widget(0, 0, "Webhook", *entries)), {}).panels

    assert [(m.name, m.label, m.less) for m in panel.metrics] == [
        ("All", "accepted", ("Refused",)),
        ("Refused", "refused", ()),
    ]


def test_an_expression_that_cannot_be_drawn_is_an_error_and_not_left_out() -> None:
    with pytest.raises(ReportError, match="the expression RATE"):
        parse("ci", body(widget(0, 0, "x", [{"expression": "RATE(m0)", "id": "e0", "label": "x"}])), {})


def test_a_metric_without_dimensions_has_none() -> None:
    found = parse("ci", body(widget(0, 0, "Hosts", ["N", "SpotInterruptions", {"label": "s", "stat": "Sum"}])), {})

    assert found.panels[0].metrics[0].dimensions == ()


def test_a_widget_that_cannot_be_drawn_is_an_error_and_not_left_out() -> None:
    text = {"properties": {"markdown": "x"}, "type": "text", "x": 0, "y": 0}

    with pytest.raises(ReportError, match="a widget of the type text"):
        parse("ci", body(text), {})


def test_a_dashboard_that_is_not_there_names_its_input() -> None:
    client = boto3.client("cloudwatch", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    stub = Stubber(client)
    stub.add_client_error("get_dashboard", "ResourceNotFound", "no such dashboard", http_status_code=404)
    stub.activate()

    with pytest.raises(ReportError, match=r"no dashboard ci-us-east-1: observability\.dashboard = true"):
        read_dashboard(client, "ci-us-east-1", [])


def test_alarms_are_read_by_the_names_of_their_arns() -> None:
    arn = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:ci-job-waiting"
    text = body({"properties": {"alarms": [arn]}, "type": "alarm", "x": 0, "y": 0})

    assert parse("ci", text, {}).alarms == ("ci-job-waiting",)


def test_an_alarm_that_is_gone_is_told() -> None:
    client = client_with("describe_alarms", {"MetricAlarms": [{"AlarmName": "a", "StateValue": "OK"}]})

    assert alarm_states(client, ["a", "b"]) == {"a": "OK", "b": "gone"}


def test_alarms_that_ring_come_first() -> None:
    page = alarm_section({"calm": "OK", "silent": "INSUFFICIENT_DATA", "rings": "ALARM"})

    assert page.index("rings: in alarm") < page.index("silent: no data yet") < page.index("calm: OK")
