from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import boto3
import pytest
from botocore.stub import Stubber

from tools.report import panels
from tools.report.__main__ import main, span, write
from tools.report.cloudwatch import ReportError, Span, read
from tools.report.page import render
from tools.report.panels import Metric, Panel
from tools.report.plot import Line, nice, plot

SPAN = Span(1_800_000_000.0, 1_800_003_600.0, 60)
PENDING = Metric("GitLabRunnerFleet", "PendingJobs", (("Fleet", "ci"),), "Maximum", "pending")


def path_of(svg: str) -> list[str]:
    lines = [element for element in ET.fromstring(svg).iter("path") if "line" in element.get("class", "")]  # noqa: S314 - ours
    return [element.get("d", "") for element in lines]


def test_a_gap_in_the_data_is_a_gap_in_the_line() -> None:
    points = ((SPAN.start, 1.0), (SPAN.start + 60, 2.0), (SPAN.start + 1000, 3.0))

    (path,) = path_of(plot("Jobs", [Line("pending", points)], SPAN))

    assert path.count("M") == 2


def test_values_one_period_apart_are_one_line() -> None:
    points = tuple((SPAN.start + 60 * n, float(n)) for n in range(10))

    (path,) = path_of(plot("Jobs", [Line("pending", points)], SPAN))

    assert (path.count("M"), path.count("L")) == (1, 9)


def test_a_single_value_is_seen() -> None:
    (path,) = path_of(plot("Jobs", [Line("pending", ((SPAN.start, 4.0),))], SPAN))

    assert "L" in path


def test_no_data_says_so_instead_of_drawing_zero() -> None:
    assert plot("Jobs", [], SPAN) == '<p class="none">no data in this span</p>'


@pytest.mark.parametrize(
    ("top", "end"), [(0, 4), (3, 4), (5, 5), (7, 8), (11, 20), (99, 100), (101, 200), (0.2, 4)], ids=str
)
def test_the_axis_ends_at_a_round_number_above_the_values(top: float, end: float) -> None:
    assert nice(top) == end


def test_the_page_escapes_what_it_shows() -> None:
    panel = Panel("<script>", (PENDING,))

    page = render("<b>", [panel], {PENDING: ((SPAN.start, 1.0),)}, SPAN)

    assert "<script>" not in page
    assert "<b>" not in page


def test_the_page_needs_nothing_from_outside() -> None:
    page = render("ci", panels.load("ci"), {}, SPAN)

    assert "http" not in page.replace("http://www.w3.org", "")
    assert "prefers-color-scheme: dark" in page
    assert 'name="viewport"' in page


def test_the_legend_tells_the_last_and_the_highest_value() -> None:
    page = render("ci", [Panel("Jobs", (PENDING,))], {PENDING: ((SPAN.start, 7.0), (SPAN.start + 60, 2.0))}, SPAN)

    assert "pending: last 2, most 7" in page


def test_every_metric_of_the_scaler_is_in_a_panel() -> None:
    source = (Path(__file__).parents[3] / "lambda_src" / "scaler" / "metrics.py").read_text()
    published = {part.split('"')[1] for part in source.split("Figure(")[1:] if part.startswith('"')}

    shown = {metric.name for panel in panels.load("ci") for metric in panel.metrics}

    assert published
    assert published <= shown


def test_a_panel_of_all_functions_has_a_line_for_each() -> None:
    (errors,) = [panel for panel in panels.load("ci") if panel.title == "Functions: errors"]

    assert [metric.dimensions for metric in errors.metrics][:2] == [
        (("FunctionName", "ci-webhook"),),
        (("FunctionName", "ci-schedule"),),
    ]


@pytest.mark.parametrize(("hours", "period"), [(0.5, 10), (1, 10), (3, 60), (12, 120), (336, 3360)], ids=str)
def test_a_plot_has_as_many_points_as_can_be_seen(hours: float, period: int) -> None:
    assert span(SPAN.end, hours).period_seconds == period


def stubbed(results: list[dict[str, Any]]) -> Any:
    client = boto3.client("cloudwatch", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    stub = Stubber(client)
    stub.add_response("get_metric_data", {"MetricDataResults": results})
    stub.activate()
    return client


def test_values_come_back_oldest_first() -> None:
    times = [datetime.fromtimestamp(SPAN.start + 60, UTC), datetime.fromtimestamp(SPAN.start, UTC)]
    client = stubbed([{"Id": "m0", "Timestamps": times, "Values": [2.0, 1.0], "StatusCode": "Complete"}])

    assert read(client, [PENDING], SPAN) == {PENDING: ((SPAN.start, 1.0), (SPAN.start + 60, 2.0))}


def test_an_error_of_cloudwatch_is_one_sentence() -> None:
    client = boto3.client("cloudwatch", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    stub = Stubber(client)
    stub.add_client_error("get_metric_data", "AccessDenied", "no cloudwatch:GetMetricData")
    stub.activate()

    with pytest.raises(ReportError, match="cloudwatch:GetMetricData"):
        read(client, [PENDING], SPAN)


def test_a_fleet_that_cloudwatch_does_not_know_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="no metric of a fleet typo"):
        write("typo", stubbed([]), SPAN, tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_the_page_is_written(tmp_path: Path) -> None:
    at = [datetime.fromtimestamp(SPAN.start, UTC)]
    client = stubbed([{"Id": "m0", "Timestamps": at, "Values": [2.0], "StatusCode": "Complete"}])

    assert "Fleet ci" in write("ci", client, SPAN, tmp_path).read_text()


def test_without_a_fleet_and_a_stack_the_way_out_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--outputs", str(tmp_path / "none.json")]) == 2
    assert "FLEET=" in capsys.readouterr().err


def test_what_is_made_of_a_fleets_log_is_in_a_namespace_of_the_fleet() -> None:
    (hosts,) = [panel for panel in panels.load("ci") if panel.title == "Hosts"]

    assert {(metric.namespace, metric.dimensions) for metric in hosts.metrics} == {("GitLabRunnerFleet/ci", ())}


def test_only_the_scalers_metrics_are_asked_for_in_less_than_a_minute() -> None:
    finest = {metric.name: metric.finest_seconds for panel in panels.load("ci") for metric in panel.metrics}

    assert (finest["PendingJobs"], finest["AssumeRoleCacheHits"], finest["Errors"], finest["SpotInterruptions"]) == (
        1,
        60,
        60,
        60,
    )


def test_the_panels_are_valid_for_terraform() -> None:
    entries = json.loads(panels.SOURCE.read_text())

    assert {key for entry in entries for key in entry} <= {"title", "namespace", "credentials", "each", "metrics"}
    assert {key for entry in entries for metric in entry["metrics"] for key in metric} <= {
        "name",
        "label",
        "stat",
        "dimensions",
    }
