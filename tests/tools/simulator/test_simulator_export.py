from __future__ import annotations

import http.client
import json
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tools.local.gitlab.app import GitLab
from tools.local.gitlab.server import Server
from tools.simulator.cli import main
from tools.simulator.engine import simulate
from tools.simulator.export.convert import workload
from tools.simulator.export.progress import Progress, ProgressError
from tools.simulator.export.read import ExportError, GitLabPages, Page, read
from tools.simulator.export.records import Record, from_api
from tools.simulator.policies.reactive import Reactive
from tools.simulator.setup import Setup
from tools.simulator.table_file import read_csv
from tools.simulator.workload import When

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = 1_800_000_000.0
SECRETS = ("deploy to production", "review", "secret-tag", "main")


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


def api_job(number: int, **fields: Any) -> dict[str, Any]:
    started = NOW - 1000 - number
    return {
        "id": 1000 - number,
        "status": "success",
        "name": SECRETS[0],
        "stage": SECRETS[1],
        "tag_list": [SECRETS[2]],
        "ref": SECRETS[3],
        "pipeline": {"id": 7},
        "created_at": iso(started - 30),
        "started_at": iso(started),
        "finished_at": iso(started + 60),
        "queued_duration": 10.0,
        "allow_failure": False,
    } | fields


class ListedPages:
    """Pages in memory; the one named `broken` cannot be read."""

    def __init__(self, *pages: list[dict[str, Any]], broken: int = -1) -> None:
        self.pages = pages
        self.broken = broken
        self.asked: list[int] = []

    def page(self, project: str, address: str) -> Page:
        number = int(address or 0)
        self.asked.append(number)
        if number == self.broken:
            raise ExportError(f"project {project}: page {number}")
        return Page(self.pages[number], str(number + 1) if number + 1 < len(self.pages) else "")


def progress(tmp_path: Path, since: float = 0.0, **query: Any) -> Progress:
    return Progress.open(tmp_path / "x.part", {"projects": ["p"]} | query, since)


def quiet(_: str) -> None:
    """Hear of the progress."""


def test_an_export_that_was_interrupted_goes_on_where_it_was(tmp_path: Path) -> None:
    pages = ([api_job(0)], [api_job(1)], [api_job(2)])
    with pytest.raises(ExportError):
        read(ListedPages(*pages, broken=2), ["p"], progress(tmp_path), quiet, NOW)

    source, going_on = ListedPages(*pages), progress(tmp_path)
    read(source, ["p"], going_on, quiet, NOW)

    assert source.asked == [2]
    assert [record.id for record in going_on.records] == [1000, 999, 998]
    assert len({record.name for record in going_on.records}) == 1


def test_a_line_that_was_cut_off_is_read_again(tmp_path: Path) -> None:
    read(ListedPages([api_job(0)], [api_job(1)]), ["p"], progress(tmp_path), quiet, NOW)
    path = tmp_path / "x.part"
    path.write_text(path.read_text()[:-20])

    source, going_on = ListedPages([api_job(0)], [api_job(1)]), progress(tmp_path)
    read(source, ["p"], going_on, quiet, NOW)

    assert source.asked == [1]
    assert len(going_on.records) == 2


def test_the_progress_of_another_export_is_refused(tmp_path: Path) -> None:
    progress(tmp_path)

    with pytest.raises(ProgressError, match="remove it"):
        progress(tmp_path, projects=["q"])


def test_reading_ends_with_the_first_page_of_older_jobs(tmp_path: Path) -> None:
    source = ListedPages([api_job(0)], [api_job(5000)], [api_job(6000)])
    known = progress(tmp_path, since=NOW - 2000)

    read(source, ["p"], known, quiet, NOW)

    assert source.asked == [0, 1]
    assert [record.id for record in known.records] == [1000]


def test_only_the_progress_file_is_closed_to_others_and_it_holds_no_names(tmp_path: Path) -> None:
    read(ListedPages([api_job(0)]), ["p"], progress(tmp_path), quiet, NOW)
    path = tmp_path / "x.part"

    assert path.stat().st_mode & 0o077 == 0
    assert not any(secret in path.read_text() for secret in SECRETS)


@pytest.mark.parametrize("fields", [{"status": "running"}, {"started_at": None}, {"finished_at": None}])
def test_a_job_that_did_not_run_is_left_out(fields: dict[str, Any]) -> None:
    assert from_api(api_job(0, **fields), 0, "salt") is None


def record(number: int, stage: str, pending: float, end: float, **fields: Any) -> Record:
    values: dict[str, Any] = {
        "id": number,
        "project": 0,
        "pipeline": 1,
        "name": f"job {number}",
        "stage": stage,
        "tags": (),
        "created_at": 0.0,
        "pending_at": pending,
        "started_at": pending + 5,
        "finished_at": end,
        "is_success": True,
        "may_fail": False,
    }
    return Record(**(values | fields))


def test_stages_needs_holds_and_retries_are_inferred_from_times() -> None:
    jobs = workload(
        "x",
        [
            record(1, "build", 0, 50),
            record(2, "build", 0, 100, name="same", is_success=False),
            record(3, "test", 51, 70),  # while the stage before still runs: it needs job 1
            record(4, "test", 200, 220),  # right after the stage before
            record(5, "deploy", 900, 950),  # much later: somebody started it
            record(6, "build", 101, 200, name="same"),  # the second run
        ],
    ).jobs

    assert [job.needs for job in jobs] == [None, None, (0,), None, None, (1,)]
    assert [job.stage for job in jobs] == [0, 0, 1, 1, 2, 0]
    assert (jobs[4].when, jobs[4].held_until) == (When.DELAYED, 900)
    assert (jobs[1].fails, jobs[1].may_fail) == (True, True)


def test_an_exported_pipeline_is_simulated_as_it_was() -> None:
    exported = workload("x", [record(1, "build", 0, 55), record(2, "test", 56, 100), record(3, "test", 57, 80)])

    result = simulate(exported, Reactive(), Setup())

    assert result.finished == 3
    assert result.busy_seconds == pytest.approx(50 + 39 + 18)


@pytest.fixture
def server() -> Iterator[Server]:
    started = Server(GitLab(), 0, None)
    thread = threading.Thread(target=started.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield started
    finally:
        started.stop()
        thread.join()


def control(server: Server, path: str, body: object) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)
    try:
        connection.request("POST", f"/_control/{path}", json.dumps(body))
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    assert answer.status < 300, content
    return json.loads(content) if content else None


def test_finished_jobs_of_a_gitlab_become_a_workload_without_names(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = control(server, "projects", {"count": 2})["ids"]
    jobs: list[int] = []
    for project in ids:
        order = {"project_id": project, "count": 60, "duration_seconds": None, "name": "canary-name", "stage": "canary"}
        jobs += control(server, "jobs", order)["ids"]
    for job in jobs[:-1]:
        control(server, f"jobs/{job}/start", {})
        control(server, f"jobs/{job}/finish", {})
    monkeypatch.setenv("GITLAB_TOKEN", server.gitlab.token)
    path = tmp_path / "trace.csv"

    code = main(["export", *map(str, ids), "--url", server.endpoint, "--file", str(path)])

    text = path.read_text()
    assert code == 0
    assert len(read_csv(path).jobs) == 119
    assert "canary" not in text
    assert "project 2 of 2" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("project", ["404", "nobody/nothing"])
def test_a_project_that_cannot_be_read_is_named(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], project: str
) -> None:
    monkeypatch.setenv("GITLAB_TOKEN", server.gitlab.token)

    code = main(["export", project, "--url", server.endpoint, "--file", str(tmp_path / "trace.csv")])

    assert code == 2
    assert f"project {project}: 404" in capsys.readouterr().err


def test_a_token_that_is_not_accepted_says_what_it_needs(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITLAB_TOKEN", "expired")

    code = main(["export", "1", "--url", server.endpoint, "--file", str(tmp_path / "trace.csv")])

    assert code == 2
    assert "project 1: 401 Unauthorized: GITLAB_TOKEN must be a valid token" in capsys.readouterr().err


class Refusing:
    """A GitLab where nothing listens, as python-gitlab finds it."""

    url = "http://gitlab"

    def http_request(self, *_: Any, **__: Any) -> Any:
        inner = ConnectionRefusedError(111, "Connection refused")
        raise OSError(OSError(f"Max retries exceeded: {inner}"))


def test_a_gitlab_that_cannot_be_reached_is_one_sentence() -> None:
    client: Any = Refusing()

    with pytest.raises(ExportError) as caught:
        GitLabPages(client).page("1", "")

    assert str(caught.value) == "http://gitlab cannot be reached, check URL: [Errno 111] Connection refused"


def test_an_export_that_has_read_nothing_may_be_corrected(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITLAB_TOKEN", server.gitlab.token)

    main(["export", "404", "--url", server.endpoint, "--file", str(tmp_path / "trace.csv")])

    assert list(tmp_path.iterdir()) == []
