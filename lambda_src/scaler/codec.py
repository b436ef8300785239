"""Encode the state as compressed JSON. What equals its default is left out: most projects are idle."""

from __future__ import annotations

import dataclasses
import gzip
import json
import zlib
from typing import TYPE_CHECKING, Any

from scaler import history
from scaler.boot import Boots
from scaler.buffer import Bursts
from scaler.errors import StateError
from scaler.model import Clock, Listing, Project, ProtectedRefs, State
from scaler.pipelines import Created, Live

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = 1


def encode(state: State) -> bytes:
    """Return the state as bytes."""
    document = {
        **_plain(state),
        "format": FORMAT,
        "projects": [_plain(project) for project in state.projects.values()],
        "instances": {key: _clock(clock) for key, clock in state.instances.items()},
        "history": history.encode(dict(state.history)),
        "boots": dataclasses.asdict(state.boots),
    }
    return gzip.compress(json.dumps(document, separators=(",", ":")).encode(), mtime=0)


def decode(data: bytes) -> State:
    """Return the state that the bytes hold.

    Raises:
        StateError: they hold none, or one of another version of this program.
    """
    try:
        return _state(json.loads(gzip.decompress(data)))
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StateError(f"the stored state cannot be understood: {error}") from error


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
        idle=tuple(fields.pop("idle", ())),
        told=tuple(fields.pop("told", ())),
        listing=Listing(**_tuples(fields.pop("listing", {}))),
        requests=tuple((int(second), int(number)) for second, number in fields.pop("requests", ())),
        hooks=tuple((int(second), int(number)) for second, number in fields.pop("hooks", ())),
        history=history.decode(fields.pop("history", "")),
        boots=Boots(**_tuples(fields.pop("boots", {}))),
        bursts=_bursts(fields.pop("bursts", {})),
        **fields,
    )


def _project(plain: Mapping[str, Any]) -> Project:
    protected = ProtectedRefs(**_tuples(plain.get("protected", {})))
    live = tuple(Live(*job) for job in plain.get("live", ()))
    created = tuple(_created(job) for job in plain.get("created", ()))
    return Project(**{**_tuples(plain), "protected": protected, "live": live, "created": created})


def _created(job: list[Any]) -> Created:
    later = Created(*job)
    return later if later.needs is None else later._replace(needs=tuple(later.needs))


def _bursts(plain: Mapping[str, Any]) -> Bursts:
    weights = tuple((int(number), float(weight)) for number, weight in plain.get("weights", ()))
    return Bursts(**{**plain, "weights": weights})


def _tuples(plain: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in plain.items()}
