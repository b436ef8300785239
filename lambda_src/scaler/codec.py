"""Encode the state as compressed JSON. What equals its default is left out: most projects are idle."""

from __future__ import annotations

import dataclasses
import gzip
import json
import zlib
from typing import TYPE_CHECKING, Any

from scaler import coming, history
from scaler.boot import Boots
from scaler.buffer import Bursts
from scaler.coming import Unfinished
from scaler.errors import StateError
from scaler.model import FORGOTTEN, Clock, Listing, Project, ProtectedRefs, State
from scaler.pipelines import Created, Live

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FORMAT = 1
# DynamoDB refuses an item of more than 400 KB, and with it all that the state tells the next invocation.
MAX_BYTES = 350_000
_KNOWN: Mapping[type[Any], frozenset[str]] = {
    record: frozenset(field.name for field in dataclasses.fields(record))
    for record in (State, Project, Listing, ProtectedRefs, Boots, Bursts)
}


def encode(state: State) -> bytes:
    """Return the state as bytes, without what is least worth keeping if it has no room."""
    data = _encoded(state)
    for less in (_without_hook_ids, _without_foresight, _without_absences, _without_history):
        if len(data) <= MAX_BYTES:
            break
        state = less(state)
        data = _encoded(state)
    return data


def _encoded(state: State) -> bytes:
    document = {
        **_plain(state),
        "format": FORMAT,
        "projects": [_plain(project) for project in state.projects.values()],
        "instances": {key: _clock(clock) for key, clock in state.instances.items()},
        "history": history.encode(dict(state.history)),
        "absences": coming.encode(state.absences),
        "boots": dataclasses.asdict(state.boots),
    }
    return gzip.compress(json.dumps(document, separators=(",", ":")).encode(), mtime=0)


def decode(data: bytes) -> State:
    """Return the state that the bytes hold, without the fields that only a later version of this program knows.

    Raises:
        StateError: they hold none, or one in another format.
    """
    try:
        return _state(json.loads(gzip.decompress(data)))
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StateError(f"the stored state cannot be understood: {error}") from error


def _without_hook_ids(state: State) -> State:
    return _with_each(state, {"hook_ids": ()})


def _without_foresight(state: State) -> State:
    return _with_each(state, FORGOTTEN)


def _without_absences(state: State) -> State:
    return dataclasses.replace(state, absences={})


def _without_history(state: State) -> State:
    return dataclasses.replace(state, history={})


def _with_each(state: State, fields: Mapping[str, Any]) -> State:
    projects = {key: dataclasses.replace(project, **fields) for key, project in state.projects.items()}
    return dataclasses.replace(state, projects=projects)


def _clock(clock: Clock) -> list[float]:
    return [clock.since, clock.is_busy, clock.jobs, clock.taken]


def _plain(record: State | Project | Listing | ProtectedRefs | Boots | Bursts) -> dict[str, Any]:
    """Return the fields that differ from their defaults; times are rounded to milliseconds."""
    plain: dict[str, Any] = {}
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        if value != field.default:
            plain[field.name] = _value(value)
    return plain


def _value(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, Listing | ProtectedRefs | Bursts):
        return _plain(value)
    return None if isinstance(value, dict | Boots) else value


def _state(document: Mapping[str, Any]) -> State:
    fields = dict(document)
    if fields.pop("format") != FORMAT:
        raise StateError("the stored state is of another version")
    projects = [_project(plain) for plain in fields.pop("projects")]
    clocks = {
        key: Clock(float(since), bool(busy), *map(int, counts))
        for key, (since, busy, *counts) in fields.pop("instances").items()
    }
    return State(
        projects={project.id: project for project in projects},
        instances=clocks,
        listing=Listing(**_fields(Listing, fields.pop("listing", {}))),
        requests=tuple((int(second), int(number)) for second, number in fields.pop("requests", ())),
        hooks=tuple((int(second), int(number)) for second, number in fields.pop("hooks", ())),
        said=tuple((str(words), float(at)) for words, at in fields.pop("said", ())),
        terminating=tuple((str(key), float(since)) for key, since in fields.pop("terminating", ())),
        history=history.decode(fields.pop("history", "")),
        absences=coming.decode(fields.pop("absences", "")),
        boots=Boots(**_fields(Boots, fields.pop("boots", {}))),
        bursts=_bursts(fields.pop("bursts", {})),
        **_fields(State, fields),
    )


def _project(plain: Mapping[str, Any]) -> Project:
    protected = ProtectedRefs(**_fields(ProtectedRefs, plain.get("protected", {})))
    live = tuple(Live(*job) for job in plain.get("live", ()))
    created = tuple(_created(job) for job in plain.get("created", ()))
    # An earlier version called it `left`.
    unfinished = _unfinished(*plain.get("unfinished", plain.get("left", ())))
    read = {"protected": protected, "live": live, "created": created, "unfinished": unfinished}
    return Project(**{**_fields(Project, plain), **read})


def _created(job: list[Any]) -> Created:
    later = Created(*job)
    return later if later.needs is None else later._replace(needs=tuple(later.needs))


def _unfinished(at: float = 0.0, jobs: Iterable[list[int]] = ()) -> Unfinished:
    return Unfinished(at, tuple((pipeline, name) for pipeline, name in jobs))


def _bursts(plain: Mapping[str, Any]) -> Bursts:
    weights = tuple((int(number), float(weight)) for number, weight in plain.get("weights", ()))
    return Bursts(**{**_fields(Bursts, plain), "weights": weights})


def _fields(record: type[Any], plain: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that the record has; a list is a tuple."""
    known = _KNOWN[record]
    return {key: tuple(value) if isinstance(value, list) else value for key, value in plain.items() if key in known}
