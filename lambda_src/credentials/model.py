"""The words of this package: grants, sessions and credentials, all immutable."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

# A claim's name and the values that are accepted, as canonical text.
Match = tuple[tuple[str, frozenset[str]], ...]


class Caller(StrEnum):
    """Who may use a grant."""

    GITLAB_JOB = "gitlab_job"
    RUNNER = "runner"


class Mode(StrEnum):
    """How STS is asked."""

    ASSUME_ROLE = "assume_role"
    WEB_IDENTITY = "web_identity"


class Share(StrEnum):
    """Which jobs share a session."""

    JOB = "job"
    REF = "ref"
    PROJECT = "project"


@dataclass(frozen=True)
class Grant:
    """A role and who may have it.

    Args:
        name: what callers ask for.
        version: changes with every change of the grant.
        role_arn: the role.
        caller: who may use it.
        match: what the claims of a job must be, all of them.
        share: which jobs share a session.
        mode: how STS is asked.
        duration_seconds: how long sessions last.
        session_tags: claims that are passed on as session tags.
        require_running_job: GitLab is asked whether the job still runs.
        session_policy: the policy that narrows the role, its strings with `{{claim}}` where a claim goes.
        is_s3_cache: the policy is made for the fleet's cache instead.
        external_id: what the role's trust policy asks for, empty if nothing.
        is_cached: sessions are kept and shared.
    """

    name: str
    version: str
    role_arn: str
    caller: Caller
    match: Match = ()
    share: Share = Share.REF
    mode: Mode = Mode.ASSUME_ROLE
    duration_seconds: int = 3600
    session_tags: tuple[str, ...] = ()
    require_running_job: bool = False
    session_policy: Mapping[str, Any] | None = None
    is_s3_cache: bool = False
    external_id: str = ""
    is_cached: bool = True


@dataclass(frozen=True)
class CacheArea:
    """Where the fleet's distributed cache is; no bucket means that there is none."""

    bucket: str = ""
    prefix: str = ""
    kms_key_arn: str = ""


@dataclass(frozen=True)
class Subject:
    """Whom a session is for: as exact parts, and as text that a person recognises."""

    parts: tuple[str, ...]
    readable: str


@dataclass(frozen=True)
class Session:
    """What STS is asked for: everything that shapes the privilege."""

    mode: Mode
    role_arn: str
    name: str
    source_identity: str
    subject: tuple[str, ...]
    duration_seconds: int
    grant_version: str
    policy: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    external_id: str = ""


@dataclass(frozen=True)
class Credentials:
    """A session's credentials. What is secret does not show in a representation, so not in a traceback either."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    expires_at: int

    @property
    def expiration(self) -> str:
        """When they expire, in RFC 3339, in UTC."""
        return datetime.fromtimestamp(self.expires_at, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Order:
    """A session that somebody may have, and how fresh it must be.

    Args:
        key: equal for two orders only if the same session may serve both.
        session: what is asked for.
        floor_seconds: credentials must be valid for longer than this.
        is_cached: sessions are kept and shared.
        web_token: the job's id_token where STS wants it.
    """

    key: str
    session: Session
    floor_seconds: float
    is_cached: bool = True
    web_token: str = field(default="", repr=False)


Source = Literal["local", "shared", "joined", "sts"]


@dataclass(frozen=True)
class Served:
    """Credentials and where they came from: a cache, a call that another request had under way, or STS."""

    credentials: Credentials
    source: Source
