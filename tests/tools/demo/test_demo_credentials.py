"""What the demo makes of the vendor's logs, and containers that die."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tools.demo import report
from tools.demo.containers import Answer, Order, answers
from tools.demo.credentials import Burst, Chapter, summary, table
from tools.demo.emf import PREFIX, counters, seed_metrics
from tools.demo.sdk import Identity

if TYPE_CHECKING:
    from pathlib import Path


def metrics(**values: object) -> str:
    return json.dumps({"_aws": {"Timestamp": 1}, "Fleet": "fleet", **values})


LINES = [
    metrics(AssumeRoleCacheMisses=1, AssumeRoleCachedCredentials=1, AssumeRoleDurationSeconds=[0.25]),
    metrics(AssumeRoleCacheMisses=[1.0], AssumeRoleCachedCredentials=[2.0], AssumeRoleDurationSeconds=[0.5]),
    metrics(AssumeRoleCacheHits=1, AssumeRoleCachedCredentials=1),
]
BURST = Burst(
    "1 container",
    400,
    400,
    2,
    {"AssumeRoleCacheHits": 398},
    3.0,
    0.1,
    {f"{PREFIX}cache_hits_total": 398, f"{PREFIX}cache_misses_total": 2},
)


def test_gitlab_runners_metrics_are_sums_and_the_size_is_that_of_the_fullest_container() -> None:
    assert seed_metrics(LINES) == {
        f"{PREFIX}cache_hits_total": 1,
        f"{PREFIX}cache_misses_total": 2,
        f"{PREFIX}failures_total": 0,
        f"{PREFIX}cached_credentials": 2,
        f"{PREFIX}duration_seconds_count": 2,
        f"{PREFIX}duration_seconds_sum": 0.75,
        f"{PREFIX}wait_seconds_count": 0,
        f"{PREFIX}wait_seconds_sum": 0,
    }


def test_without_a_line_nothing_was_counted() -> None:
    assert set(seed_metrics(["START"]).values()) == {0}


def test_the_chapter_is_in_the_report_and_in_the_result() -> None:
    chapter = Chapter(Identity("arn:aws:sts::1:assumed-role/<deploy>/a", "container-role", "1.2.3"), (BURST,))
    page = report.opening([], [], [], chapter)
    assert f"without <code>{PREFIX}</code>" in page
    assert "<code>cache_hits_total</code></td><td>398</td>" in page
    assert "assumed-role/&lt;deploy&gt;/a" in page
    document = json.loads(json.dumps(chapter.document()))
    assert document["sdk"]["provider"] == "container-role"
    assert (document["bursts"][0]["hits"], document["bursts"][0]["sts_calls"]) == (398, 2)
    assert "boto3 1.2.3 with a job's two variables" in chapter.text()


def test_counters_are_summed_over_invocations_and_other_lines_are_left_alone() -> None:
    lines = ["START RequestId", metrics(AssumeRoleCacheHits=1), '{"door": "jobs"}', metrics(AssumeRoleCacheHits=2)]
    assert counters(lines)["AssumeRoleCacheHits"] == 3


def test_durations_are_no_counters() -> None:
    assert counters([metrics(AssumeRoleWaitSeconds=[0.1, 0.2], Service="credentials", Empty=[])]) == {}


def test_a_counter_may_be_a_number_or_a_list_of_them() -> None:
    assert counters([metrics(AssumeRoleCacheHits=1), metrics(AssumeRoleCacheHits=[1.0])]) == {"AssumeRoleCacheHits": 2}


def test_a_burst_counts_who_got_credentials_and_why_others_did_not() -> None:
    given = [Answer(is_vended=True, access_key_id="A", seconds=0.1)]
    given += [Answer(is_vended=False, access_key_id="", seconds=0.5, trouble="503")] * 2
    burst = summary("x", given, 1, [metrics(AssumeRoleCacheHits=1)], 2.0)
    assert (burst.requests, burst.vended, burst.hits, burst.slowest_seconds) == (3, 1, 1, 0.5)
    assert burst.troubles == ("503",)


def test_a_machine_too_slow_for_the_budgets_shows_in_the_vendors_own_metrics() -> None:
    calm = Burst("x", 1, 1, 1, {"AssumeRoleCacheMisses": 1}, 1, 1)
    starved = Burst("x", 1, 1, 1, {"SharedCacheErrors": 1}, 1, 1)
    assert (calm.is_starved, starved.is_starved) == (False, True)


def test_the_table_has_a_line_for_each_burst_and_leaves_the_metrics_to_the_page() -> None:
    text = table([BURST, BURST])
    assert "1 container: 400 requests, 400 vended, 2 STS calls, 398 hits; done in 3.0 s" in text
    assert len(text.splitlines()) == 2
    assert PREFIX not in text


def test_a_container_that_died_is_told_and_not_forgotten(tmp_path: Path) -> None:
    order = Order(1, 0.0, "arn", [{}], str(tmp_path))
    [answer] = answers(order, 0)
    assert (answer.is_vended, answer.trouble) == (False, "the container died")
