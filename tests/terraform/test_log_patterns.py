"""What the metric filters look for is what hosts and functions really write."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from terraform.runner_host import drain
from tests.lambda_src.scaler.worlds import idle_world
from tests.terraform.conftest import ROOT
from tests.terraform.runner_host.drain.world import Host, host, is_completed

if TYPE_CHECKING:
    from collections.abc import Callable

FILTERS = (ROOT / "terraform" / "metric_filters.tf").read_text(encoding="utf-8")
QUERIES = (ROOT / "terraform" / "log_queries.tf").read_text(encoding="utf-8")
HOUR = 3600.0
# How the log agent ships a line of the journal (journalctl --output=short-iso).
PREFIX = "2026-11-22T03:00:00+0000 ip-10-0-0-1 gitlab-runner-drain[731]: "
# Between % and %, CloudWatch Logs takes letters, digits, these signs and operators; | is between alternatives.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
SUPPORTED = re.compile(r"[A-Za-z0-9_#=@/;,\-^$?\[\]{}|\\*+.]+")


def patterns() -> dict[str, str]:
    """Return the regular expression of each metric."""
    block = re.search(r"^  host_metrics = {\n(.*?)^  }", FILTERS, re.MULTILINE | re.DOTALL)
    assert block is not None
    return dict(re.findall(r'^    (\w+) += "%(.*)%"$', block[1], re.MULTILINE))


def logged(each: Host, until: Callable[[Host], bool] | float, **replaced: object) -> list[str]:
    """Return what the drain service writes until something holds, or so many seconds, as it is shipped."""
    lines: list[str] = []
    world = each.world()

    def say(line: str) -> None:
        lines.append(PREFIX + line.rstrip("\n"))
        world.say(line)

    service = drain.Drain(each.settings, drain.World(**{**vars(world), "say": say, **replaced}))
    each.serve(until, service)
    return lines


def counted(lines: list[str]) -> dict[str, int]:
    """Return how many lines each metric counts, without those that count none."""
    matches = {name: sum(bool(re.search(regex, line)) for line in lines) for name, regex in patterns().items()}
    return {name: count for name, count in matches.items() if count}


def test_the_patterns_are_such_as_cloudwatch_takes() -> None:
    assert {"LifecycleTimeouts", "MetadataFailures", "SpotInterruptions"} == set(patterns())
    assert [regex for regex in patterns().values() if not SUPPORTED.fullmatch(regex)] == []


def test_a_quiet_drain_counts_nothing() -> None:
    each = host()
    each.waiting = [(each.now, 60.0)]
    each.terminate(each.now + 10)
    assert counted(logged(each, is_completed)) == {}


def test_a_spot_notice_is_counted_once() -> None:
    each = host()
    each.spot_at = each.now + 30
    assert counted(logged(each, 100.0)) == {"SpotInterruptions": 1}


def test_a_job_that_outlasts_the_time_for_its_end_is_a_lifecycle_timeout() -> None:
    each = host(market="on-demand")
    each.waiting = [(each.now, HOUR)]
    each.terminate(each.now + 10)
    assert counted(logged(each, is_completed)) == {"LifecycleTimeouts": 1}


@pytest.mark.parametrize("answer", ["AccessDenied", "ValidationError: no such hook", "Unable to locate credentials"])
def test_an_action_that_cannot_be_completed_is_a_lifecycle_timeout(answer: str) -> None:
    each = host(market="on-demand")
    each.terminate(each.now + 10)
    real = each.run

    def run(command: list[str], seconds: float) -> tuple[int, str]:
        refuses = "complete-lifecycle-action" in command
        return (254, f"An error occurred ({answer})") if refuses else real(command, seconds)

    lines = logged(each, 60.0, run=run)
    assert counted(lines) == {"LifecycleTimeouts": 1}


def test_a_metadata_service_that_does_not_answer_is_counted() -> None:
    each = host(trouble=lambda what: "fail" if what == "imds" else "")
    assert set(counted(logged(each, 60.0))) == {"MetadataFailures"}


def test_a_runner_without_credentials_of_its_host_is_counted() -> None:
    line = 'level=error msg="error while generating S3 pre-signed URL" error="no EC2 IMDS role found, operation error"'
    assert counted([line]) == {"MetadataFailures": 1}


def test_an_instance_that_the_scaler_sees_to_be_stuck_is_a_lifecycle_timeout(caplog: pytest.LogCaptureFixture) -> None:
    (words,) = re.findall(r'^  pattern += "\\"(.*)\\""$', FILTERS, re.MULTILINE)
    world = idle_world()
    world.minute()
    # It goes, and does not come to its end.
    for _ in range(90):
        world.minute(sweeps=False)
    assert [record for record in caplog.records if words in record.getMessage()]
    assert 'name      = "LifecycleTimeouts"' in FILTERS


def test_the_queries_know_the_words_of_the_functions() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "lambda_src").rglob("*.py"))
    words = re.findall(r'(?:message = |message like |in \[|, )"([a-z][a-z ,]+)"', QUERIES)
    assert {"credentials refused", "webhook refused", "webhook cannot be handled"} <= set(words)
    assert [word for word in words if " " in word and word not in sources] == []
