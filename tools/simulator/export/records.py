"""A job as it is exported: times, and numbers and hashes instead of names."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

FINISHED = ("success", "failed", "canceled")


@dataclass(frozen=True)
class Record:
    """A job that ran. Times are epoch seconds.

    Attributes:
        name: hash of the job's name; the same in every pipeline of the project.
        stage: hash of the stage's name.
        pending_at: when it became pending.
    """

    id: int
    project: int
    pipeline: int
    name: str
    stage: str
    tags: tuple[str, ...]
    created_at: float
    pending_at: float
    started_at: float
    finished_at: float
    is_success: bool
    may_fail: bool


def from_api(job: Mapping[str, Any], project: int, salt: str) -> Record | None:
    """Return what is exported of a job of GitLab's API; None if it never ran."""
    started, finished = job.get("started_at"), job.get("finished_at")
    if job.get("status") not in FINISHED or not started or not finished:
        return None
    started_at = _epoch(started)
    return Record(
        id=int(job["id"]),
        project=project,
        pipeline=int(job["pipeline"]["id"]),
        name=_hashed(salt, f"{project} {job['name']}"),
        stage=_hashed(salt, f"{project} {job['stage']}"),
        tags=tuple(sorted(_hashed(salt, tag) for tag in job.get("tag_list") or ())),
        created_at=_epoch(job["created_at"]),
        pending_at=started_at - float(job.get("queued_duration") or 0.0),
        started_at=started_at,
        finished_at=max(started_at, _epoch(finished)),
        is_success=job["status"] == "success",
        may_fail=bool(job.get("allow_failure")),
    )


def to_json(record: Record) -> dict[str, Any]:
    """Return a record for the progress file."""
    return asdict(record)


def from_json(document: Mapping[str, Any]) -> Record:
    """Return the record that the progress file holds."""
    return Record(**{**document, "tags": tuple(document["tags"])})


def _epoch(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _hashed(salt: str, text: str) -> str:
    return hashlib.sha256(f"{salt} {text}".encode()).hexdigest()[:10]
