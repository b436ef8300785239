"""The pages in a real browser; skipped where there is no Chromium."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.tools.report.browser import EXECUTABLE, NAMES, Tab, tab
from tools.demo import report
from tools.demo.credentials import Burst, Chapter
from tools.demo.emf import PREFIX
from tools.demo.sdk import Identity
from tools.demo.watch import Instances, Jobs, Sample
from tools.report import panels
from tools.report.cloudwatch import Span
from tools.report.dashboard import alarm_section
from tools.report.page import Words, render, times

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(EXECUTABLE is None, reason=f"no browser: none of {', '.join(NAMES)} is on PATH")

PHONE, DESK = 390, 1280
START = 1_800_000_000.0
SPAN = Span(START, START + 240, 5)
NEAR_BLACK, NEAR_WHITE = 60, 200
METRICS = {f"{PREFIX}{name}": 398.25 for name in ("cache_hits_total", "wait_seconds_count", "duration_seconds_sum")}
BURSTS = tuple(Burst(f"door 2, {n} processes in 33 s", 400, 400, 2, {}, 3.0, 0.1, METRICS) for n in (1, 8, 200, 2))
IDENTITY = Identity("arn:aws:sts::000000000000:assumed-role/fleet-deploy/acme.shop@main-bgecmfclxvcrmzjt", "role", "1")


@pytest.fixture(scope="module")
def browser() -> Iterator[Tab]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile, tab(Path(profile)) as opened:
        yield opened


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with everything that a page can have, and long words in it."""
    shown = panels.load("a-fleet-with-quite-a-long-name")
    values = {
        metric: tuple((START + 5 * n, float((n * n) % 2000)) for n in range(48))
        for panel in shown[:-3]
        for metric in panel.metrics
    }
    samples = [Sample(START + n, Jobs(n % 200, 12, 1), Instances(50, 40, 10, 1)) for n in range(240)]
    figures = [("burst_to_full_capacity_seconds", 3.392, "from the first webhook to the capacity that all jobs need")]
    marks = [(START + 30, "200 jobs"), (START + 33, "full capacity"), (START + 200, "only busy instances are left")]
    opening = report.opening(samples, marks, figures * 3, Chapter(IDENTITY, BURSTS))
    opening += alarm_section({f"a-fleet-with-quite-a-long-name-{n}": "OK" for n in range(20)})
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(render(Words("A fleet with a long name", times(SPAN), opening), shown, values, SPAN), "utf-8")
    return path


@pytest.mark.parametrize("width", [PHONE, DESK], ids=str)
def test_a_page_loads_without_complaint_and_without_a_request(browser: Tab, page: Path, width: int) -> None:
    browser.show(page, width)

    assert browser.complaints() == []
    assert browser.requests() == []
    assert browser.value("document.querySelectorAll('svg').length") > len(panels.load("x")) - 4


def test_complaints_and_requests_would_be_seen(browser: Tab, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text('<!doctype html><img src="none.png"><script>missing()</script>', encoding="utf-8")

    browser.show(path, DESK)

    assert browser.complaints()
    assert [address.rpartition("/")[2] for address in browser.requests()] == ["none.png"]


@pytest.mark.parametrize("width", [320, PHONE, 768, DESK], ids=str)
def test_nothing_scrolls_sideways(browser: Tab, page: Path, width: int) -> None:
    browser.show(page, width)

    assert browser.value("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("is_dark", "back", "text"), [(False, 255, 0), (True, 0, 255)], ids=["day", "night"])
def test_text_stands_out_by_day_and_at_night(browser: Tab, page: Path, *, is_dark: bool, back: int, text: int) -> None:
    browser.show(page, DESK, is_dark=is_dark)

    red = "Number(getComputedStyle(document.body).{}.match(/\\d+/)[0])"
    assert browser.value(red.format("backgroundColor")) == pytest.approx(back, abs=NEAR_BLACK)
    assert browser.value(red.format("color")) == pytest.approx(text, abs=NEAR_BLACK)


def test_the_words_of_a_plot_can_be_read_on_a_phone(browser: Tab, page: Path) -> None:
    browser.show(page, PHONE)

    heights = browser.value(
        "[...document.querySelectorAll('svg text')].map(each => each.getBoundingClientRect().height).filter(Boolean)"
    )
    assert len(heights) > 20
    assert min(heights) >= 11


def test_of_the_two_timelines_one_is_seen(browser: Tab, page: Path) -> None:
    for width, kind in ((PHONE, "narrow"), (DESK, "broad")):
        browser.show(page, width)
        shown = "[...document.querySelectorAll('svg.narrow, svg.broad')].filter(each => each.checkVisibility())"
        assert browser.value(f"{shown}.map(each => each.getAttribute('class')).join()") == kind
