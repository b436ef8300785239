from __future__ import annotations

import json
from dataclasses import replace
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
from tools.report.page import Words, render, said, times
from tools.report.panels import Metric, Panel
from tools.report.plot import Line, nice, plot, short

SPAN = Span(1_800_000_000.0, 1_800_003_600.0, 60)
WORDS = Words("Fleet ci")
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

    assert (path.count("M"), path.count("H")) == (1, 9)


def test_a_single_value_is_seen() -> None:
    (path,) = path_of(plot("Jobs", [Line("pending", ((SPAN.start, 4.0),))], SPAN))

    assert "a2 2" in path


@pytest.mark.parametrize(
    ("value", "text"), [(2, "2"), (0.12345, "0.123"), (0.00001, "under 0.001"), (0, "0"), (10151.4, "10,151")], ids=str
)
def test_the_legend_has_no_more_digits_than_one_reads(value: float, text: str) -> None:
    assert said(value) == text


def test_values_one_tick_apart_are_one_line_however_fine_the_periods_are() -> None:
    fine = Span(SPAN.start, SPAN.start + 300, 5)
    points = tuple((SPAN.start + 60 * n, float(n)) for n in range(5))

    (path,) = path_of(plot("Jobs", [Line("pending", points)], fine))

    assert (path.count("M"), path.count("H")) == (1, 4)


@pytest.mark.parametrize(("value", "pieces"), [(0.0, 1), (1.0, 2)], ids=["zero", "one"])
def test_a_zero_holds_between_two_looks_at_a_fleet_at_rest_and_nothing_else_does(value: float, pieces: int) -> None:
    points = ((SPAN.start, value), (SPAN.start + 360, 3.0))

    (path,) = path_of(plot("Jobs", [Line("pending", points)], SPAN))

    assert path.count("M") == pieces


def test_counts_are_bars_and_none_lasts_until_the_next() -> None:
    points = ((SPAN.start, 4.0), (SPAN.start + 600, 0.0))

    drawn = plot("Errors", [Line("errors", points, is_count=True)], SPAN)

    assert 'class="bars' in drawn
    assert path_of(drawn) == []


def test_a_panel_without_a_value_says_why_instead_of_drawing_zero() -> None:
    page = render(WORDS, [Panel("Jobs", (PENDING,), "Nobody looked."), Panel("Other", ())], {}, SPAN)

    assert "<svg" not in page
    assert "<strong>Jobs</strong>: Nobody looked." in page
    assert "<strong>Other</strong>: No value in this time." in page


def test_every_panel_says_what_it_means_when_there_is_nothing_to_draw() -> None:
    assert [panel.title for panel in panels.load("ci") if not panel.silent.endswith(".")] == []


@pytest.mark.parametrize(("minutes", "clock"), [(5, "00:05:00"), (45, ">00:45<")], ids=str)
def test_a_short_time_is_shown_with_seconds(minutes: int, clock: str) -> None:
    day = 1_799_971_200.0
    shown = Span(day, day + 60 * minutes, 5)

    assert clock in plot("Jobs", [Line("pending", ((day, 1.0),))], shown)


@pytest.mark.parametrize(("period", "words"), [(5, "every 5 s"), (60, "every 1 min"), (3360, "every 56 min")], ids=str)
def test_the_page_tells_how_far_apart_its_points_are(period: int, words: str) -> None:
    assert words in times(Span(SPAN.start, SPAN.end, period))


@pytest.mark.parametrize(("value", "text"), [(0.5, "0.5"), (2500, "2500"), (10000, "10k"), (12500, "12.5k")], ids=str)
def test_numbers_fit_beside_the_axis(value: float, text: str) -> None:
    assert short(value) == text


@pytest.mark.parametrize(
    ("top", "end"),
    [(0, 4), (3, 4), (5, 5), (7, 8), (11, 20), (99, 100), (101, 200), (1, 4), (0.24, 0.4), (0.01, 0.01)],
    ids=str,
)
def test_the_axis_ends_at_a_round_number_above_the_values(top: float, end: float) -> None:
    assert nice(top) == end


def test_the_page_escapes_what_it_shows() -> None:
    panel = Panel("<script>", (PENDING,))

    page = render(Words("<b>", "<i>"), [panel], {PENDING: ((SPAN.start, 1.0),)}, SPAN)

    assert "<script>" not in page
    assert "<b>" not in page
    assert "<i>" not in page


def test_the_page_needs_nothing_from_outside() -> None:
    page = render(WORDS, panels.load("ci"), {}, SPAN)

    assert "http" not in page.replace("http://www.w3.org", "")
    assert "prefers-color-scheme: dark" in page
    assert 'name="viewport"' in page


def test_the_legend_tells_the_last_and_the_highest_value() -> None:
    page = render(WORDS, [Panel("Jobs", (PENDING,))], {PENDING: ((SPAN.start, 7.0), (SPAN.start + 60, 2.0))}, SPAN)

    assert "pending: last 2, most 7" in page


def test_of_counts_the_legend_tells_the_sum() -> None:
    errors = replace(PENDING, stat="Sum", label="errors")

    page = render(WORDS, [Panel("x", (errors,))], {errors: ((SPAN.start, 7.0), (SPAN.start + 60, 2.0))}, SPAN)

    assert "errors: 9 in all, most 7" in page


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


@pytest.mark.parametrize(("hours", "period"), [(0.1, 5), (0.5, 5), (1, 10), (3, 60), (12, 120), (336, 3360)], ids=str)
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


def test_what_is_accepted_is_what_was_asked_less_what_was_refused_or_failed() -> None:
    accepted = Metric("AWS/Lambda", "All", (), "Sum", "accepted", less=("Refused", "Failed"))
    times = [datetime.fromtimestamp(SPAN.start, UTC), datetime.fromtimestamp(SPAN.start + 60, UTC)]
    client = stubbed(
        [
            {"Id": "m0", "Timestamps": times, "Values": [5.0, 4.0], "StatusCode": "Complete"},
            {"Id": "m1", "Timestamps": times[:1], "Values": [2.0], "StatusCode": "Complete"},
            {"Id": "m2", "Timestamps": [], "Values": [], "StatusCode": "Complete"},
        ]
    )

    assert read(client, [accepted], SPAN) == {accepted: ((SPAN.start, 3.0), (SPAN.start + 60, 4.0))}


def test_an_error_of_cloudwatch_is_one_sentence() -> None:
    client = boto3.client("cloudwatch", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    stub = Stubber(client)
    stub.add_client_error("get_metric_data", "AccessDenied", "no cloudwatch:GetMetricData")
    stub.activate()

    with pytest.raises(ReportError, match="cloudwatch:GetMetricData"):
        read(client, [PENDING], SPAN)


def test_a_fleet_that_cloudwatch_does_not_know_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="Fleet typo: CloudWatch holds no metric"):
        write("typo", stubbed([]), SPAN, tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_the_page_is_written(tmp_path: Path) -> None:
    at = [datetime.fromtimestamp(SPAN.start, UTC)]
    client = stubbed([{"Id": "m0", "Timestamps": at, "Values": [2.0], "StatusCode": "Complete"}])

    assert "Fleet ci" in write("ci", client, SPAN, tmp_path).read_text()


def test_without_a_fleet_and_a_stack_the_way_out_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--stack", "no-such-stack"]) == 2
    assert "run make up STACK=no-such-stack, or give FLEET=name" in capsys.readouterr().err


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

    assert {key for entry in entries for key in entry} <= {
        "title",
        "silent",
        "namespace",
        "credentials",
        "each",
        "metrics",
    }
    assert {key for entry in entries for metric in entry["metrics"] for key in metric} <= {
        "name",
        "label",
        "stat",
        "dimensions",
        "less",
    }


@pytest.mark.parametrize("hours", ["abc", "0", "337"])
def test_hours_that_are_none_are_named(hours: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--hours", hours])

    error = capsys.readouterr().err
    assert hours in error
    assert "hours" in error.rpartition("error:")[2]
    assert "_hours" not in error


def test_a_missing_region_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))

    assert main(["--fleet", "ci"]) == 2

    assert "You must specify a region: set AWS_REGION and credentials" in capsys.readouterr().err
