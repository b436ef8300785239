"""One log line for each answer: who got which credentials, or why not. Never a secret or a token.

The access key id is no secret; it is what CloudTrail writes, so it leads from an action in AWS to the job.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from credentials.errors import VendError
    from credentials.model import Served, Session

log = logging.getLogger(__name__)

_CLAIMS = (
    "sub",
    "project_id",
    "project_path",
    "namespace_id",
    "ref",
    "ref_type",
    "ref_protected",
    "pipeline_id",
    "pipeline_source",
    "job_id",
    "job_project_id",
    "user_id",
    "user_login",
    "environment",
    "runner_id",
    "sha",
    "jti",
)
_MAX_TEXT = 256


def vended(door: str, grant: str, session: Session, served: Served, claims: Mapping[str, object]) -> None:
    """Note that somebody got credentials."""
    log.info(
        "credentials vended",
        extra={
            "door": door,
            "grant": grant,
            "claims": shown(claims),
            "role_arn": session.role_arn,
            "session_name": session.name,
            "access_key_id": served.credentials.access_key_id,
            "expiration": served.credentials.expiration,
            "source": served.source,
            "cache": "miss" if served.source == "sts" else "hit",
        },
    )


def refused(door: str, grant: str, error: VendError, claims: Mapping[str, object]) -> None:
    """Note that somebody got none."""
    log.warning(
        "credentials refused",
        extra={
            "door": door,
            "grant": grant[:_MAX_TEXT],
            "claims": shown(claims),
            "status": error.status,
            "code": error.code,
            "reason": error.reason,
        },
    )


def shown(claims: Mapping[str, object]) -> dict[str, str | int]:
    """Return the verified claims that tell who somebody is, cut to a reasonable length."""
    found = {name: claims[name] for name in _CLAIMS if name in claims}
    return {name: v if type(v) is int else str(v)[:_MAX_TEXT] for name, v in found.items()}
