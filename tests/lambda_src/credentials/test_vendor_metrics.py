from __future__ import annotations

import json
from typing import TYPE_CHECKING

from credentials import audit, metrics
from credentials.errors import TokenError
from credentials.metrics import Metrics
from credentials.model import Credentials, Order, Served
from tests.lambda_src.credentials import tokens
from tests.lambda_src.credentials.fakes import NOW, Clock, Lines, refusal
from tests.lambda_src.credentials.test_authorize_properties import SESSION

if TYPE_CHECKING:
    import pytest

    from tests.lambda_src.credentials.world import Aws, Container


def test_counts_start_anew_with_each_line() -> None:
    lines = Lines()
    gauge = Metrics("blue", lines, Clock())
    gauge.count(metrics.HITS)
    gauge.count(metrics.HITS)
    gauge.observe(metrics.DURATION, 0.25)
    gauge.flush(**{metrics.CACHED: 3})
    gauge.flush()
    (line,) = map(json.loads, lines.lines)
    assert (line["AssumeRoleCacheHits"], line["AssumeRoleDurationSeconds"]) == ([2], [0.25])
    assert line["AssumeRoleCachedCredentials"] == [3]
    assert line["_aws"]["Timestamp"] == NOW * 1000


def test_a_line_is_of_the_fleet_and_of_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE"):
        monkeypatch.setenv(name, "foreign")
    lines = Lines()
    gauge = Metrics("blue", lines, Clock())
    gauge.count(metrics.HITS)
    gauge.flush()
    (directive,) = json.loads(lines.lines[0])["_aws"]["CloudWatchMetrics"]
    metric = {"Name": "AssumeRoleCacheHits", "Unit": "Count"}
    assert directive == {"Namespace": "GitLabRunnerFleet", "Dimensions": [["Fleet"]], "Metrics": [metric]}
    assert lines.figures()["Fleet"] == "blue"
    assert "foreign" not in lines.lines[0]


def test_a_line_has_less_values_of_a_metric_than_the_format_takes(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    gauge = Metrics("blue", lines, Clock())
    for _ in range(150):
        gauge.observe(metrics.WAIT, 1)
    gauge.flush()
    assert len(lines.figures()["AssumeRoleWaitSeconds"]) == 99
    assert capsys.readouterr().out == ""


def test_denials_hits_misses_and_failures_are_counted(container: Container, aws: Aws) -> None:
    container.job()
    container.job()
    container.job(project_id="99")
    container.job("a.b.c")
    aws.sts.failures = [refusal("MalformedPolicyDocument")]
    container.job(ref="other")
    figures = container.flush()
    assert {
        name: value for name, value in figures.items() if name.startswith(("AssumeRoleC", "AssumeRoleF", "Cred"))
    } == {
        "AssumeRoleCacheHits": 1,
        "AssumeRoleCacheMisses": 2,
        "AssumeRoleFailures": 1,
        "CredentialDenials": 3,
    }
    assert len(figures["AssumeRoleDurationSeconds"]) == len(figures["AssumeRoleWaitSeconds"]) == 2


def test_the_words_of_this_package_do_not_show_secrets() -> None:
    held = Credentials("ASIA", "canary-a", "canary-b", NOW)
    order = Order("k", SESSION, 960, web_token="canary-c")
    assert "canary" not in repr(held) + repr(order) + repr(Served(held, "sts"))


def test_the_audit_line_tells_who_and_is_bounded() -> None:
    shown = audit.shown(
        {**tokens.claims(), "ref": "x" * 1000, "runner_id": 5, "user_email": "e", "project_path": ["a"]}
    )
    assert (shown["project_id"], shown["runner_id"], len(str(shown["ref"]))) == ("20", 5, 256)
    assert "user_email" not in shown
    assert shown["project_path"] == "['a']"


def test_a_refusal_is_written_with_its_reason(caplog: pytest.LogCaptureFixture) -> None:
    audit.refused("jobs", "deploy", TokenError("the token has expired"), {})
    (record,) = caplog.records
    assert (record.__dict__["reason"], record.__dict__["status"]) == ("the token has expired", 401)
