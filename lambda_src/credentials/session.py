"""Turn a grant and its caller into the session that STS is asked for. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from credentials import identity, policy
from credentials.errors import DeniedError
from credentials.model import Session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from credentials.model import CacheArea, Grant, Subject

# STS: a tag's value has at most this many characters of [\p{L}\p{Z}\p{N}_.:/=+\-@]; only the ASCII ones are passed on.
_MAX_TAG = 256
_TAG = re.compile(rf"[A-Za-z0-9 _.:/=+@-]{{1,{_MAX_TAG}}}")


def job_session(grant: Grant, claims: Mapping[str, object]) -> Session:
    """Return the session of a job that the grant allows.

    Raises:
        DeniedError: the claims do not tell the subject, or may not go into a tag or a policy.
    """
    subject = identity.job_subject(grant.share, claims)
    text = "" if grant.session_policy is None else policy.encoded(policy.filled(grant.session_policy, claims))
    tags = tuple((name, _tag(name, claims.get(name))) for name in grant.session_tags)
    return _session(grant, subject, text, tags)


def host_session(grant: Grant, fleet: str, partition: str, area: CacheArea, wanted: tuple[str, str]) -> Session:
    """Return the session of a runner host.

    Args:
        grant: a grant for runner hosts.
        fleet: the fleet's name.
        partition: the AWS partition.
        area: where the cache is.
        wanted: the object's key and "upload" or "download"; both empty for the fleet's part of the cache.

    Raises:
        RequestError: the object is not the fleet's.
        DeniedError: there is no cache.
    """
    if not area.bucket:
        raise DeniedError("the fleet has no cache bucket: set cache.bucket")
    text = policy.encoded(policy.s3_cache_policy(partition, area, *wanted))
    return _session(grant, identity.host_subject(fleet), text, ())


def _session(grant: Grant, subject: Subject, text: str, tags: tuple[tuple[str, str], ...]) -> Session:
    name = identity.session_name(subject)
    return Session(
        mode=grant.mode,
        role_arn=grant.role_arn,
        name=name,
        source_identity=name,
        subject=subject.parts,
        duration_seconds=grant.duration_seconds,
        grant_version=grant.version,
        policy=text,
        tags=tags,
        external_id=grant.external_id,
    )


def _tag(name: str, value: object) -> str:
    text = str(value) if type(value) is int else value
    if not isinstance(text, str) or not _TAG.fullmatch(text):
        raise DeniedError(f"claim {name} is missing or cannot be a session tag")
    return text
