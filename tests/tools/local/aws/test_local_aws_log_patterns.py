"""Filter patterns find what CloudWatch Logs' would, by themselves and in the running server."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tools.local.aws.log_patterns import matches

if TYPE_CHECKING:
    from tests.tools.local.aws.stack import Stack

LINE = '{"level": "ERROR", "message": "GitLab cannot be reached", "status": 503}'


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        pytest.param("", True, id="nothing finds all"),
        pytest.param("ERROR", True, id="a word"),
        pytest.param("error", False, id="another case"),
        pytest.param("ERROR reached", True, id="both words"),
        pytest.param("ERROR missing", False, id="one of both words"),
        pytest.param('"cannot be reached"', True, id="a phrase"),
        pytest.param('"reached be cannot"', False, id="its words in another order"),
        pytest.param('?missing ?"be reached"', True, id="one of several"),
        pytest.param("?missing ?neither", False, id="none of several"),
        pytest.param("?missing ERROR", True, id="question marks beside a word"),
        pytest.param("ERROR -GitLab", False, id="without a word that is there"),
        pytest.param("ERROR -missing", True, id="without one that is not"),
        pytest.param('"\\"status\\": 503"', True, id="quotes within a phrase"),
        pytest.param(r"%status.: 50\d%", True, id="a regular expression"),
        pytest.param(r"%status.: 40\d%", False, id="one that does not match"),
    ],
)
def test_a_pattern_finds_a_line(pattern: str, expected: bool) -> None:
    assert expected == matches(pattern, LINE)


@pytest.mark.e2e
def test_lines_are_found_by_one_of_several_phrases(stack: Stack) -> None:
    """Correction: log_patterns_are_cloudwatchs."""
    logs = stack.client("logs")
    logs.create_log_group(logGroupName="/patterns")
    logs.create_log_stream(logGroupName="/patterns", logStreamName="one")
    now = int(time.time() * 1000)
    lines = ["it timed out", "out it timed", LINE]
    events = [{"message": line, "timestamp": now + number} for number, line in enumerate(lines)]
    logs.put_log_events(logEvents=events, logGroupName="/patterns", logStreamName="one")
    found = logs.filter_log_events(filterPattern='?"timed out" ?ERROR', logGroupName="/patterns")["events"]
    assert [event["message"] for event in found] == ["it timed out", LINE]
