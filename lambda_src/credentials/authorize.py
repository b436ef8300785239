"""Decide whether a grant allows a job or a host. Pure: no clock, no environment, no network, no log.

Nothing but a grant allows anything, and a grant allows only if every claim that it lists is there and has one of the
listed values. Values are compared as a whole; there are no patterns.

GitLab writes ids as text ("42") or as a number (runner_id) and flags as text ("true"). A grant may write either form;
both sides are brought to one canonical text by the kind of the claim, never by guessing from the value.

Merge requests from forks: `project_id` is the fork's there, so such a job gets what the fork's own grants allow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from credentials.model import Caller

if TYPE_CHECKING:
    from collections.abc import Mapping

    from credentials.model import Grant

# Flags are "true" or "false", true or false.
FLAG_CLAIMS = frozenset({"ref_protected", "environment_protected", "groups_direct_truncated"})
# 64-bit ids have up to 19 digits.
_MAX_DIGITS = 19


@dataclass(frozen=True)
class Verdict:
    """Whether it is allowed, and why (not), for the log."""

    allowed: bool
    reason: str


def authorize_job(grant: Grant | None, claims: Mapping[str, object]) -> Verdict:
    """Return whether a grant allows a job with these verified claims."""
    if grant is None:
        return Verdict(allowed=False, reason="there is no such grant")
    if grant.caller is not Caller.GITLAB_JOB:
        return Verdict(allowed=False, reason="the grant is not for jobs")
    # A grant that lists nothing would allow everybody; none is loaded, and none would be obeyed.
    if not grant.match:
        return Verdict(allowed=False, reason="the grant matches nothing")
    for name, accepted in grant.match:
        given = canonical_claim(name, claims.get(name))
        if given is None:
            return Verdict(allowed=False, reason=f"claim {name} is missing or malformed")
        if given not in accepted:
            return Verdict(allowed=False, reason=f"claim {name} is not what the grant asks for")
    return Verdict(allowed=True, reason="every claim matches")


def authorize_host(grant: Grant | None) -> Verdict:
    """Return whether a grant allows a runner host; hosts have no claims."""
    if grant is None:
        return Verdict(allowed=False, reason="there is no such grant")
    if grant.caller is not Caller.RUNNER:
        return Verdict(allowed=False, reason="the grant is not for runner hosts")
    return Verdict(allowed=True, reason="the grant is for runner hosts")


def canonical_claim(name: str, value: object) -> str | None:
    """Return a claim's value as the one text it is compared by, or None if it cannot be one."""
    if name in FLAG_CLAIMS:
        return _flag(value)
    if name.endswith("_id"):
        return _number(value)
    return value if isinstance(value, str) and value else None


def _flag(value: object) -> str | None:
    text = {True: "true", False: "false"}[value] if isinstance(value, bool) else value
    return text if isinstance(text, str) and text in {"true", "false"} else None


def _number(value: object) -> str | None:
    # bool is a subclass of int: true would pass for 1.
    text = str(value) if type(value) is int else value
    if not isinstance(text, str) or not (text.isascii() and text.isdigit()):
        return None
    return text if len(text) <= _MAX_DIGITS and (text == "0" or text[0] != "0") else None
