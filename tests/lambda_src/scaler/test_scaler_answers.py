"""What GitLab answers is understood strictly or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from scaler import answers
from scaler.errors import MalformedError
from scaler.silent import Manager
from tests.lambda_src.scaler.fakes import START


def test_a_project_with_ci_turned_off_is_recognised() -> None:
    assert answers.is_without_jobs({"builds_access_level": "disabled"})
    assert answers.is_without_jobs({"jobs_enabled": False})
    assert not answers.is_without_jobs({"builds_access_level": "private", "jobs_enabled": True})


JOB = {
    "id": 1,
    "status": "pending",
    "created_at": "2026-11-22T03:00:00.000Z",
    "queued_duration": 10.0,
    "tag_list": [],
    "ref": "main",
    "tag": False,
    "runner": None,
    "runner_manager": None,
}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"id": "1"}, "id is not a number", id="id"),
        pytest.param({"id": True}, "id is not a number", id="id is a truth value"),
        pytest.param({"status": None}, "status is not a text", id="status"),
        pytest.param({"tag_list": None}, "tag_list is not a list", id="tags missing"),
        pytest.param({"tag_list": [1]}, "tag_list is not a list", id="tags not texts"),
        pytest.param({"created_at": "soon", "queued_duration": None}, "created_at is not a time", id="time"),
        pytest.param({"created_at": None, "queued_duration": None}, "created_at is not a text", id="no time"),
        pytest.param({"runner": [1]}, "an entry is not an object", id="runner"),
        pytest.param({"runner": {"id": None, "name": "x"}}, "id is not a number", id="runner's id"),
        pytest.param({"runner_manager": {"id": 1}}, "system_id is not a text", id="manager"),
    ],
)
def test_a_malformed_job_is_not_guessed_at(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(MalformedError, match=words):
        answers.job({**JOB, **changes}, START)


def test_a_job_that_is_no_object_is_malformed() -> None:
    with pytest.raises(MalformedError):
        answers.job("job", START)


def test_a_job_waits_since_it_was_queued_or_else_since_it_was_created() -> None:
    queued = answers.job(JOB, START)
    created = answers.job({**JOB, "queued_duration": None}, START)
    assert queued is not None
    assert created is not None
    assert (queued.queued_at, created.queued_at) == (START - 10, 1795316400.0)


def test_jobs_in_other_states_are_left_out() -> None:
    assert answers.job({**JOB, "status": "canceling"}, START) is None


@pytest.mark.parametrize(
    ("link", "found", "following"),
    [
        pytest.param("http://other/api?page=2&x=a&x=b", 100, {"page": ["2"], "x": ["a", "b"]}, id="the link"),
        pytest.param(None, 99, None, id="the last page"),
        pytest.param(None, 100, {"per_page": ["100"], "page": ["2"]}, id="a full page without link"),
    ],
)
def test_the_next_page(link: str | None, found: int, following: dict[str, list[str]] | None) -> None:
    query = {"per_page": ["100"], "pagination": ["keyset"], "cursor": ["x"]}
    assert answers.next_query(link, query, found, 100) == following


@pytest.mark.parametrize("link", ["http://gitlab/api?page=1", "http://gitlab/api"])
def test_a_page_that_follows_itself_is_malformed(link: str) -> None:
    with pytest.raises(MalformedError, match="the same page"):
        answers.next_query(link, {"page": ["1"]}, 100, 100)


MANAGER = {"system_id": "r_1", "job_execution_status": "idle", "contacted_at": "2026-11-22T03:00:00.000Z"}
SENT = "Sun, 22 Nov 2026 03:10:00 GMT"


@pytest.mark.parametrize(
    ("change", "date", "seconds"),
    [
        pytest.param({}, SENT, 600.0, id="by GitLab's own clock"),
        pytest.param({}, "Sun, 22 Nov 2026 02:59:59 GMT", 0.0, id="heard of since the header was written"),
        pytest.param({"contacted_at": None, "created_at": "2026-11-22T03:05:00Z"}, SENT, 300.0, id="never in contact"),
        pytest.param({"contacted_at": None}, SENT, None, id="no time at all"),
        pytest.param({"contacted_at": "yesterday"}, SENT, None, id="no time"),
        pytest.param({"contacted_at": 7}, SENT, None, id="a number"),
        pytest.param({}, "", None, id="no date"),
        pytest.param({}, "today", None, id="another date"),
    ],
)
def test_a_silence_that_is_not_certain_is_not_known(change: dict[str, Any], date: str, seconds: float | None) -> None:
    assert answers.manager({**MANAGER, **change}, answers.sent_at(date)) == Manager("r_1", False, seconds)


@pytest.mark.parametrize("field", ["system_id", "job_execution_status"])
def test_a_manager_that_may_run_jobs_is_not_taken_for_idle(field: str) -> None:
    with pytest.raises(MalformedError, match=field):
        answers.manager({**MANAGER, field: None}, 0.0)
