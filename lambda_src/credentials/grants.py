"""Read the grants document, strictly and once. Pure.

`{"version": 1, "epoch": 1, "gitlab_ca_certificate": "", "grants": {"deploy": {…}}}`. Terraform refuses the same
mistakes when it plans; whoever writes the document in another way meets them here. One bad grant makes the whole
document bad: what is left of a half-read list of permissions is nothing that anybody has decided on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from credentials import authorize, policy
from credentials.canonical import canonical_json, fingerprint
from credentials.fields import Fields
from credentials.model import Caller, Grant, Mode, Share
from credentials.strict_json import StrictJsonError, parse_object

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_CLAIM = re.compile(r"[a-z][a-z0-9_]{0,63}")
# IAM: a role's name has up to 64 characters, its path up to 512. No wildcard is among them.
_ROLE = re.compile(r"arn:aws[a-z-]{0,12}:iam::[0-9]{12}:role/([A-Za-z0-9_+=,.@-]+/)*[A-Za-z0-9_+=,.@-]{1,64}")
_MAX_ARN = 20 + 512 + 64 + 20
_EXTERNAL_ID = re.compile(r"[A-Za-z0-9_+=,.@:/-]{2,1224}")
_MAX_TAGS = 50
# A "$" before a placeholder could make a policy variable of a claim.
_VARIABLE_AHEAD = re.compile(r"\$\{?\{\{")
# In JSON: names are the policy's structure, nothing is filled in there.
_IN_NAME = re.compile(r'\}\}[^"\\]*":')

_MIN_DURATION = 1800
# Role chaining ends after one hour; web identity is no chaining.
_MAX_DURATION = {Mode.ASSUME_ROLE: 3600, Mode.WEB_IDENTITY: 43200}

# What jobs that share a session have in common for certain. Anything finer would make one job's session tell of
# another job, or make sessions that nobody shares.
_PROJECT_CLAIMS = frozenset({"namespace_id", "namespace_path", "project_id", "project_path"})
_REF_CLAIMS = _PROJECT_CLAIMS | {"ref", "ref_type"}


# Of jobs' and of hosts' grants: Terraform writes all of them, null for what a grant has not.
_ATTRIBUTES = (
    "external_id",
    "kind",
    "match",
    "mode",
    "require_running_job",
    "session_policy",
    "session_tags",
    "share",
)


class GrantError(Exception):
    """The grants document is malformed; the message names the field."""


@dataclass(frozen=True)
class Grants:
    """The grants of a fleet.

    Args:
        epoch: everything cached is forgotten when it changes.
        gitlab_ca_pem: CA certificates to trust beside the system's, PEM; empty for none.
        by_name: the grants.
    """

    epoch: int
    gitlab_ca_pem: str
    by_name: Mapping[str, Grant]


def parse_grants(text: bytes | str) -> Grants:
    """Return the grants of a document.

    Raises:
        GrantError: the document is malformed.
    """
    try:
        fields = Fields(parse_object(text), "", GrantError)
    except StrictJsonError as error:
        raise GrantError(f"the grants document cannot be read: {error}") from error
    if fields.integer("version") != 1:
        raise fields.wrong("version", "must be 1")
    epoch = fields.integer("epoch", 1)
    ca_pem = fields.text("gitlab_ca_certificate", "")
    raw = fields.raw("grants")
    if not isinstance(raw, dict):
        raise fields.wrong("grants", "must be an object")
    fields.finish()
    return Grants(epoch, ca_pem, {name: _grant(name, values) for name, values in raw.items()})


def _grant(name: str, values: object) -> Grant:
    path = f"grants.{name[:64]}"
    if not NAME.fullmatch(name):
        raise GrantError(f"{path} must be named with lowercase letters, digits, - and _, 64 at most")
    fields = Fields(values, path, GrantError)
    caller = _caller(fields)
    grant = _job_grant(name, values, fields) if caller is Caller.GITLAB_JOB else _host_grant(name, values, fields)
    fields.leave_out(_ATTRIBUTES)
    fields.finish()
    return grant


def _caller(fields: Fields) -> Caller:
    value = fields.raw("callers")
    if value not in tuple(Caller):
        raise fields.wrong("callers", "must be gitlab_job or runner; a grant for both would be two")
    return Caller(value)


def _host_grant(name: str, values: object, fields: Fields) -> Grant:
    if fields.choice("kind", ("s3_cache",)) and fields.has("match"):
        raise fields.wrong("match", "does not apply to runner hosts: an invocation carries no claims")
    return Grant(
        name=name,
        version=fingerprint([name, values])[:16],
        role_arn=_role_arn(fields),
        caller=Caller.RUNNER,
        duration_seconds=_duration(fields, Mode.ASSUME_ROLE),
        is_s3_cache=True,
        external_id=_external_id(fields, Mode.ASSUME_ROLE),
        is_cached=fields.flag("cache", default=True),
    )


def _job_grant(name: str, values: object, fields: Fields) -> Grant:
    match = _match(fields)
    share = Share(fields.choice("share", tuple(Share), Share.REF))
    mode = Mode(fields.choice("mode", tuple(Mode), Mode.ASSUME_ROLE))
    constant = _constant_claims(share, match)
    return Grant(
        name=name,
        version=fingerprint([name, values])[:16],
        role_arn=_role_arn(fields),
        caller=Caller.GITLAB_JOB,
        match=match,
        share=share,
        mode=mode,
        duration_seconds=_duration(fields, mode),
        session_tags=_session_tags(fields, mode, constant),
        require_running_job=fields.flag("require_running_job", default=False),
        session_policy=_session_policy(fields, constant),
        external_id=_external_id(fields, mode),
        is_cached=fields.flag("cache", default=True),
    )


def _role_arn(fields: Fields) -> str:
    arn = fields.text("role_arn")
    if len(arn) > _MAX_ARN or not _ROLE.fullmatch(arn):
        raise fields.wrong("role_arn", "must be the ARN of one IAM role, without wildcards")
    return arn


def _duration(fields: Fields, mode: Mode) -> int:
    seconds = fields.integer("duration_seconds", 3600)
    if not _MIN_DURATION <= seconds <= _MAX_DURATION[mode]:
        raise fields.wrong("duration_seconds", f"must be {_MIN_DURATION} to {_MAX_DURATION[mode]} in mode {mode}")
    return seconds


def _external_id(fields: Fields, mode: Mode) -> str:
    if not fields.has("external_id"):
        return ""
    value = fields.text("external_id")
    if mode is Mode.WEB_IDENTITY or not _EXTERNAL_ID.fullmatch(value):
        raise fields.wrong("external_id", "must be 2 to 1224 characters that STS takes, in mode assume_role")
    return value


def _match(fields: Fields) -> tuple[tuple[str, frozenset[str]], ...]:
    listed = dict(fields.mapping("match"))
    if not {"project_id", "namespace_id"} & listed.keys():
        raise fields.wrong("match", "must pin project_id or namespace_id")
    listed.setdefault("ref_protected", "true")
    return tuple((name, _accepted(fields, name, values)) for name, values in sorted(listed.items()))


def _accepted(fields: Fields, name: str, values: object) -> frozenset[str]:
    if not _CLAIM.fullmatch(name):
        raise fields.wrong(f"match.{name[:64]}", "is no claim")
    alternatives = values if isinstance(values, list) else [values]
    accepted = [authorize.canonical_claim(name, value) for value in alternatives]
    texts = frozenset(text for text in accepted if text is not None)
    if not accepted or None in accepted:
        raise fields.wrong(f"match.{name}", "must be a value that the claim can have, or a list of such values")
    if any(sign in text for text in texts for sign in "*?"):
        raise fields.wrong(f"match.{name}", "must be exact: * and ? are not patterns here")
    return texts


def _constant_claims(share: Share, match: tuple[tuple[str, frozenset[str]], ...]) -> frozenset[str] | None:
    """Return the claims that are the same for all who share a session; None means all of them."""
    if share is Share.JOB:
        return None
    pinned = {name for name, accepted in match if len(accepted) == 1}
    return frozenset(pinned) | (_PROJECT_CLAIMS if share is Share.PROJECT else _REF_CLAIMS)


def _check_constant(fields: Fields, name: str, used: set[str], constant: frozenset[str] | None) -> None:
    if constant is not None and (finer := sorted(used - constant)):
        raise fields.wrong(
            name, f"uses {finer[0]}, which differs between jobs that share a session: pin it in match or share less"
        )


def _session_tags(fields: Fields, mode: Mode, constant: frozenset[str] | None) -> tuple[str, ...]:
    tags = fields.names("session_tags")
    if tags and mode is Mode.WEB_IDENTITY:
        raise fields.wrong("session_tags", "cannot be passed in mode web_identity: AWS takes them from the token")
    if len(tags) > _MAX_TAGS or not all(_CLAIM.fullmatch(tag) for tag in tags):
        raise fields.wrong("session_tags", f"must be at most {_MAX_TAGS} names of claims")
    _check_constant(fields, "session_tags", set(tags), constant)
    return tuple(sorted(tags))


def _session_policy(fields: Fields, constant: frozenset[str] | None) -> Mapping[str, Any] | None:
    if not fields.has("session_policy"):
        return None
    document = fields.mapping("session_policy")
    text = canonical_json(document)
    if len(text) > policy.MAX_POLICY:
        raise fields.wrong("session_policy", f"is longer than {policy.MAX_POLICY} characters")
    if closed := sorted(policy.closed_placeholders(document)):
        raise fields.wrong("session_policy", f"has {{{{{closed[0]}}}}} outside of Resource and Condition")
    if _VARIABLE_AHEAD.search(text):
        raise fields.wrong("session_policy", "has $ right before {{claim}}, which would make a policy variable of it")
    if _IN_NAME.search(text):
        raise fields.wrong("session_policy", "has a {{claim}} in a name, where none is filled in")
    if "{{" in policy.PLACEHOLDER.sub("", text):
        raise fields.wrong("session_policy", "has {{ that does not start a {{claim}}")
    _check_constant(fields, "session_policy", policy.placeholders(document), constant)
    return document
