"""Turn GitLab's JSON into our own records, strictly: what is not as documented is not understood. Pure."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from scaler.errors import MalformedError
from scaler.model import Job
from scaler.silent import Manager

Query = dict[str, list[str]]

_STATUSES = frozenset({"pending", "running"})


def job(item: Any, now: float) -> Job | None:  # noqa: ANN401
    """Return a job of a job list, None if it neither waits nor runs.

    Raises:
        MalformedError: a field is missing or of another type.
    """
    fields = _object(item)
    status = _text(fields, "status")
    if status not in _STATUSES:
        return None
    runner, manager = fields.get("runner") or {}, fields.get("runner_manager") or {}
    return Job(
        id=number(fields, "id"),
        is_running=status == "running",
        queued_at=_queued_at(fields, now),
        tags=frozenset(_texts(fields, "tag_list")),
        ref=str(fields.get("ref") or ""),
        is_tag=fields.get("tag") is True,
        runner_id=str(number(_object(runner), "id")) if runner else "",
        system_id=_text(_object(manager), "system_id") if manager else "",
        name=str(fields.get("name") or ""),
        stage=str(fields.get("stage") or ""),
        pipeline_id=_pipeline_id(fields),
        started_at=_started_at(fields),
    )


def is_without_jobs(item: Any) -> bool:  # noqa: ANN401
    """Return whether a project has CI/CD turned off: GitLab then refuses to list its jobs."""
    fields = _object(item)
    return fields.get("builds_access_level") == "disabled" or fields.get("jobs_enabled") is False


def number(fields: Any, name: str) -> int:  # noqa: ANN401
    """Return a field that must be a whole number."""
    value = _object(fields).get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise MalformedError(f"GitLab's answer is malformed: {name} is not a number")
    return value


def name(item: Any) -> str:  # noqa: ANN401
    """Return the name of a protected branch or tag."""
    return _text(_object(item), "name")


def manager(item: Any, now: float | None) -> Manager:  # noqa: ANN401
    """Return a runner manager; one that has never been in contact is silent since it was made known.

    Args:
        item: GitLab's answer about it.
        now: GitLab's own time, because clocks differ; None = not known.
    """
    fields = _object(item)
    heard = fields.get("contacted_at") or fields.get("created_at")
    silent = None
    if now is not None and isinstance(heard, str):
        silent = _seconds_since(heard, now)
    return Manager(_text(fields, "system_id"), _text(fields, "job_execution_status") == "active", silent)


def sent_at(date: str) -> float | None:
    """Return the time of an answer's Date header, None if it has none."""
    try:
        return parsedate_to_datetime(date).timestamp()
    except ValueError:
        return None


def items(document: Any) -> list[Any]:  # noqa: ANN401
    """Return a document that must be a list."""
    if not isinstance(document, list):
        raise MalformedError("GitLab's answer is malformed: it is not a list")
    return document


def next_query(link: str | None, query: Query, found: int, page_size: int) -> Query | None:
    """Return the query of the next page, None after the last one.

    A proxy may lose the Link header. So a full page without one is followed by the page after it, by number; if it
    was the last one indeed, that page is empty.

    Args:
        link: the address of the next page, as the Link header has it.
        query: the query of this page.
        found: how many entries it has.
        page_size: how many it can have.

    Raises:
        MalformedError: the next page is this one.
    """
    if link:
        # Only the query is used: what the header says must not decide whom the token is sent to.
        following = parse_qs(urlsplit(link).query)
        if following in ({}, query):
            raise MalformedError("GitLab's answer is malformed: the next page is the same page")
        return following
    if found < page_size:
        return None
    kept = {key: value for key, value in query.items() if key not in {"pagination", "cursor", "id_after", "id_before"}}
    return {**kept, "page": [str(int(query.get("page", ["1"])[0]) + 1)]}


def _queued_at(fields: dict[str, Any], now: float) -> float:
    waited = fields.get("queued_duration")
    if isinstance(waited, int | float) and fields["status"] == "pending":
        return now - waited
    try:
        return datetime.fromisoformat(_text(fields, "created_at")).timestamp()
    except ValueError as error:
        raise MalformedError("GitLab's answer is malformed: created_at is not a time") from error


def _pipeline_id(fields: dict[str, Any]) -> int:
    """Return the pipeline's id, 0 if there is none: looking ahead does without, and counting jobs must not fail."""
    pipeline = fields.get("pipeline")
    found = pipeline.get("id") if isinstance(pipeline, dict) else None
    return found if isinstance(found, int) else 0


def _started_at(fields: dict[str, Any]) -> float:
    try:
        return datetime.fromisoformat(str(fields.get("started_at"))).timestamp()
    except ValueError:
        return 0.0


def _seconds_since(time: str, now: float) -> float | None:
    try:
        return max(0.0, now - datetime.fromisoformat(time).timestamp())
    except ValueError:
        return None


def _object(item: Any) -> dict[str, Any]:  # noqa: ANN401
    if not isinstance(item, dict):
        raise MalformedError("GitLab's answer is malformed: an entry is not an object")
    return item


def _text(fields: dict[str, Any], key: str) -> str:
    value = fields.get(key)
    if not isinstance(value, str):
        raise MalformedError(f"GitLab's answer is malformed: {key} is not a text")
    return value


def _texts(fields: dict[str, Any], key: str) -> list[str]:
    values = fields.get(key)
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise MalformedError(f"GitLab's answer is malformed: {key} is not a list of texts")
    return values
