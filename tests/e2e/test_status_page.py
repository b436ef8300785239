"""The status page and the dashboard, as they are on the stack that was applied."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.support import eventually
from tools.demo.status import status
from tools.report import panels
from tools.report.__main__ import span, write, write_dashboard
from tools.report.dashboard import read_dashboard

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.support import Live

pytestmark = pytest.mark.e2e

# The title of a panel that is drawn, and not among those with nothing to draw.
SEEN = "<h2>Observation (seconds)</h2>"


def test_the_dashboard_that_is_applied_has_the_panels_of_the_report(live: Live) -> None:
    fleet = str(live.addresses["fleet"])
    shown = panels.load(fleet)

    found = read_dashboard(live.aws("cloudwatch"), f"{fleet}-{live.addresses['region']}", shown)

    assert [(panel.title, panel.silent) for panel in shown] == [(panel.title, panel.silent) for panel in found.panels]
    expected, applied = (
        [(m.namespace, m.name, m.dimensions, m.stat, m.label, m.less) for panel in each for m in panel.metrics]
        for each in (shown, found.panels)
    )
    assert expected == applied
    assert f"{fleet}-job-waiting" in found.alarms


@pytest.fixture(scope="module")
def observed(live: Live) -> None:
    """Let the scaler look once, at a moment long ago that no sweep of the schedule's own has."""
    payload = json.dumps({"kind": "sweep", "scheduled_at": "2001-01-02T00:00:00Z"})
    live.aws("lambda").invoke(FunctionName=f"{live.addresses['fleet']}-schedule", Payload=payload)


@pytest.mark.usefixtures("observed")
def test_the_pages_show_what_the_fleet_has_done(live: Live, tmp_path: Path) -> None:
    fleet, client = str(live.addresses["fleet"]), live.aws("cloudwatch")

    def shown() -> bool:
        pages = [make(fleet, client, span(time.time() + 60, 1), tmp_path) for make in (write, write_dashboard)]
        return all(SEEN in page.read_text("utf-8") for page in pages)

    eventually(shown, "pages with the scaler's observation")
    assert '<li class="ok">' in (tmp_path / f"{fleet}-dashboard.html").read_text("utf-8").partition("Alarms")[2]


@pytest.mark.usefixtures("observed")
def test_the_demos_page_shows_its_run_and_what_the_fleet_has_done(live: Live) -> None:
    def page() -> str:
        return status(live.addresses, time.time() - 3600, time.time()).page("Demo", "<section>the run</section>")

    eventually(lambda: SEEN in page(), "a page with the scaler's observation")
    assert "<section>the run</section>" in page()
