"""Decide what a verified webhook means for the fleet. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from webhook.request import RequestError

if TYPE_CHECKING:
    from webhook.request import Request

# A job starts to wait, stops waiting, or ends. The rest changes neither the jobs that wait nor the instances that
# are busy: created, manual, scheduled, preparing, waiting_for_resource, waiting_for_callback and skipped jobs are
# not offered to runners (each passes through pending first), and a canceling job keeps its instance until canceled.
STATUSES_THAT_MATTER = frozenset({"pending", "running", "success", "failed", "canceled"})

# GitLab's ids are 64-bit.
_MAX_ID = 2**63 - 1


@dataclass(frozen=True)
class JobEvent:
    """A job of a project has changed in a way that may need more or fewer instances."""

    project_id: int
    job_id: int
    status: str


def parse_job_event(request: Request) -> JobEvent | None:
    """Return the job event of a verified request, or None if it is an event that does not matter.

    Raises:
        RequestError: 400, the body is not what GitLab sends.
    """
    document = _document(request.body)
    if request.headers.get("x-gitlab-event") != "Job Hook":
        return None
    if _text(document, "object_kind") != "build":
        return None
    status = _text(document, "build_status")
    event = JobEvent(_positive(document, "project_id"), _positive(document, "build_id"), status)
    return event if status in STATUSES_THAT_MATTER else None


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError, too
        raise RequestError(400, "the body is not JSON") from error
    if not isinstance(document, dict):
        raise RequestError(400, "the body is not a JSON object")
    return document


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _text(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str):
        raise RequestError(400, f"{name} is not text")
    return value


def _positive(document: dict[str, Any], name: str) -> int:
    value = document.get(name)
    # bool is a subclass of int: true would pass for project 1.
    if type(value) is not int or not 1 <= value <= _MAX_ID:
        raise RequestError(400, f"{name} is not a positive whole number")
    return value
