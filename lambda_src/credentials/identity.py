"""Name the subject of a session, in STS's alphabet and length. Pure.

A name is what people can read of the subject, cut to length, and 80 bits of a hash of all of it: neither cutting nor
replacing characters can give two subjects one name.
"""

from __future__ import annotations

import re
from base64 import b32encode
from hashlib import sha256
from typing import TYPE_CHECKING

from credentials.canonical import canonical_json
from credentials.errors import DeniedError
from credentials.model import Share, Subject

if TYPE_CHECKING:
    from collections.abc import Mapping

# STS: RoleSessionName and SourceIdentity have 2 to 64 characters of [\w+=,.@-].
MAX_NAME = 64
_HASH_CHARACTERS = 16
_FOREIGN = re.compile(r"[^A-Za-z0-9_+=,.@-]")

_SHARED_BY: Mapping[Share, tuple[str, ...]] = {
    Share.PROJECT: ("project_id",),
    Share.REF: ("project_id", "ref_type", "ref"),
    Share.JOB: ("project_id", "ref_type", "ref", "job_id"),
}


def job_subject(share: Share, claims: Mapping[str, object]) -> Subject:
    """Return the subject that a job shares its session with.

    Raises:
        DeniedError: the claims do not tell it.
    """
    parts = tuple(_claim(claims, name) for name in _SHARED_BY[share])
    shown = {Share.PROJECT: (), Share.REF: ("ref",), Share.JOB: ("ref", "job_id")}[share]
    readable = "@".join(_claim(claims, name) for name in ("project_path", *shown))
    return Subject((share.value, *parts), readable)


def host_subject(fleet: str) -> Subject:
    """Return the subject of all runner hosts: an invocation does not tell which one it is."""
    return Subject(("hosts", fleet), f"{fleet}@hosts")


def session_name(subject: Subject) -> str:
    """Return the name of a subject's sessions, for RoleSessionName and SourceIdentity."""
    digest = sha256(canonical_json([subject.parts, subject.readable]).encode()).digest()
    suffix = b32encode(digest).decode().lower()[:_HASH_CHARACTERS]
    readable = _FOREIGN.sub(".", subject.readable)[: MAX_NAME - _HASH_CHARACTERS - 1]
    return f"{readable}-{suffix}"


def _claim(claims: Mapping[str, object], name: str) -> str:
    value = claims.get(name)
    text = str(value) if type(value) is int else value
    if not isinstance(text, str) or not text:
        raise DeniedError(f"the id_token has no {name}, which the session is named by")
    return text
