"""What trying a grant asks STS for: the session that a caller would get, without any right. Pure.

Role, tags, source identity, external id and the form of the session's name are a real session's, so STS answers as it
would answer a job. Claims that `match` does not pin are made up: a trust policy that asks for certain values of those
refuses the trial and not the job.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from credentials import policy
from credentials.authorize import FLAG_CLAIMS
from credentials.model import Caller
from credentials.session import host_session, job_session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from credentials.model import Grant, Session
    from credentials.vend import Place

# STS's shortest. A grant's own duration needs no trial: every role allows an hour, and no grant asks for more of one.
SECONDS = 900
MADE_UP = "grants-check"
_SUBJECT = ("job_id", "project_id", "project_path", "ref", "ref_type")
_DENY_ALL = {"Effect": "Deny", "Action": "*", "Resource": "*"}


def trial_session(grant: Grant, place: Place) -> Session:
    """Return the session that a trial of a grant asks for.

    Raises:
        VendError: no caller could get a session, whatever STS says.
    """
    if grant.caller is Caller.RUNNER:
        real = host_session(grant, place.fleet, place.partition, place.cache_area, ("", ""))
    else:
        real = job_session(grant, claims(grant))
    return replace(real, duration_seconds=SECONDS, policy=powerless(real.policy))


def claims(grant: Grant) -> Mapping[str, str]:
    """Return claims that a grant accepts, made up where `match` leaves them open."""
    named = {*_SUBJECT, *grant.session_tags, *policy.placeholders(grant.session_policy)}
    return {name: _made_up(name) for name in named} | {name: min(accepted) for name, accepted in grant.match}


def _made_up(name: str) -> str:
    if name.endswith("_id"):
        return "0"
    return "false" if name in FLAG_CLAIMS else MADE_UP


def powerless(text: str) -> str:
    """Return a session policy that denies everything, with the given one's statements so that STS reads those, too."""
    given: dict[str, Any] = json.loads(text) if text else {"Version": "2012-10-17"}
    statements = given.get("Statement", [])
    listed = statements if isinstance(statements, list) else [statements]
    both = json.dumps({**given, "Statement": [*listed, _DENY_ALL]}, separators=(",", ":"))
    # The given one may have all the characters that STS takes.
    return both if len(both) <= policy.MAX_POLICY else powerless("")
