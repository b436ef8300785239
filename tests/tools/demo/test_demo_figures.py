"""The demo's arithmetic and its report."""

from __future__ import annotations

from typing import Any

import pytest

from tools.demo import figures, report, timeline
from tools.demo.watch import Instances, Jobs, Sample, Show, Watch

QUIET = Sample(100.0, Jobs(0, 0, 0), Instances(0, 0, 0, 0))
BUSY = Sample(130.0, Jobs(200, 12, 1), Instances(50, 40, 10, 1))


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([], 0.5, 0.0), ([3.0], 0.95, 3.0), ([1.0, 3.0], 0.5, 2.0), ([5.0, 1.0, 3.0], 1.0, 5.0)],
    ids=["none", "one", "between two", "highest, unsorted"],
)
def test_percentiles_are_interpolated(values: list[float], share: float, expected: float) -> None:
    assert expected == figures.percentile(values, share)


def test_only_jobs_that_started_count_as_waits() -> None:
    jobs: list[dict[str, float | None]] = [
        {"queued_at": 1.0, "started_at": 4.0},
        {"queued_at": 1.0, "started_at": None},
    ]
    assert figures.queue_waits(jobs) == [3.0]


def test_an_unanswered_webhook_counts_as_refused() -> None:
    deliveries: list[dict[str, object]] = [{"status": 202}, {"status": 204}, {"status": None}, {"status": 502}]
    assert figures.answers(deliveries) == (2, 2)


def test_every_figure_has_a_meaning() -> None:
    assert set(figures.MEANING) == set(figures.Figures.__dataclass_fields__)


def test_the_page_begins_with_the_run_and_what_came_of_it() -> None:
    opening = report.opening([QUIET, BUSY], [(110.0, "200 <jobs>")], [("jobs", 200, "all & more")])
    assert "<li>200 &lt;jobs&gt; after 10 s</li>" in opening
    assert "<td>4.4&nbsp;s</td>" in report.table([("a", "4.4 s", "b")])
    assert "all &amp; more<small><code>jobs</code></small></td><td>200</td>" in opening
    assert "The refused webhook is the demo&#x27;s own request" in opening
    assert not any(word in opening for word in ("http", "src=", "href=", "url("))


def test_an_empty_run_says_so() -> None:
    assert "Nothing was seen." in report.opening([], [], [])


def test_the_timeline_is_there_for_broad_and_for_narrow_screens() -> None:
    page = timeline.timeline([QUIET, BUSY], [])
    assert (page.count('<svg class="broad"'), page.count('<svg class="narrow"')) == (1, 1)


def test_the_timeline_ends_soon_after_the_last_change() -> None:
    calm = [Sample(140.0 + second, QUIET.jobs, QUIET.instances) for second in range(100)]
    assert [sample.at for sample in timeline.until_rest([BUSY, *calm])] == [130.0, *(140.0 + n for n in range(6))]
    assert timeline.until_rest([BUSY]) == [BUSY]


def test_marks_that_are_close_stand_above_each_other() -> None:
    frame = timeline.Frame(1000, 300, 10, 0.0, 1000.0, {"jobs": 4, "instances": 4})
    drawn = timeline.numbered(frame, [(100.0, "a"), (101.0, "b"), (500.0, "c")])
    heights = [part.partition('y="')[2].partition('"')[0] for part in drawn.split("<text")[1:]]
    assert heights == ["34", "18", "34"]


@pytest.mark.parametrize(("top", "end"), [(0, 4), (4, 4), (5, 8), (58, 60)])
def test_axes_end_at_whole_steps(top: int, end: int) -> None:
    assert end == timeline.nice(top)


def test_watching_waits_for_a_sample_taken_afterwards() -> None:
    counts = iter(range(1000))
    with Watch(lambda: Jobs(next(counts), 0, 0), lambda: QUIET.instances, lambda: 1.0) as watch:
        assert watch.wait_for(lambda sample: sample.jobs.pending >= 1, 5, "jobs").jobs.pending == 1


def test_a_condition_that_never_holds_ends_with_what_was_waited_for() -> None:
    with (
        Watch(lambda: BUSY.jobs, lambda: BUSY.instances, lambda: 1.0) as watch,
        pytest.raises(TimeoutError, match=r"no instance left: not within 0 s"),
    ):
        watch.wait_for(lambda sample: sample.instances.total == 0, 0.3, "no instance left")


def test_a_failed_sample_is_left_out_and_counted() -> None:
    def broken() -> Jobs:
        raise OSError("gone")

    with Watch(broken, lambda: QUIET.instances, lambda: 1.0) as watch:
        while not watch.failures:
            pass
    assert watch.samples == []


def test_figures_are_read_with_their_units() -> None:
    values: dict[str, Any] = dict.fromkeys(figures.Figures.__dataclass_fields__, 4) | {"seconds_total": 235.544}

    worded = figures.worded(figures.Figures(**values))

    assert worded["seconds_total"] == "235.5 s"
    assert worded["jobs_finished"] == "4"


def test_in_a_pipe_the_same_sample_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    show = Show()
    for sample in (QUIET, QUIET, BUSY, QUIET):
        show.sample(sample)
    show.sample(QUIET, final=True)

    assert capsys.readouterr().out.splitlines() == [f"  {sample.line()}" for sample in (QUIET, BUSY, QUIET)]


def test_on_a_terminal_a_sample_does_not_wrap(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)

    Show().sample(BUSY, final=True)

    out = capsys.readouterr().out
    assert out.startswith("\r  jobs: 200 pending")
    assert len(out.strip("\r\n")) == 79
