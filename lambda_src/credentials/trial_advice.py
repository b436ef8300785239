"""What to do about a grant that STS refuses. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from credentials.model import Session

_ACTION = re.compile(r"not authorized to perform: (sts:[A-Za-z]+)")
_TAKER = re.compile(r"(arn:aws[a-z-]*):sts::([0-9]{12}):assumed-role/([^/\s]+)/")
_CALLER = re.compile(r"^User: \S* ?is ")
_VENDOR = "the credential vendor's role (output credentials_role_arn)"
_MAX_TEXT = 500

_FAULTS = (
    ("DurationSeconds", "raise the role's maximum session duration, or lower the grant's duration_seconds"),
    ("MalformedPolicyDocument", "correct the grant's session_policy: STS cannot read it"),
    ("PackedPolicyTooLarge", "shorten the grant's session_policy, or list fewer session_tags"),
    ("RegionDisabled", "activate STS for this region in the role's account: IAM, Account settings"),
)


def shown(code: str, message: str) -> str:
    """Return what is useful of an answer of STS: the code and the message, without the session that asked."""
    return f"{code}: {_CALLER.sub('', message)}"[:_MAX_TEXT]


def on_denial(session: Session, message: str) -> str:
    """Return what lets the vendor take a role that STS denies it."""
    taker = vendor_role(message)
    found = _ACTION.search(message)
    action = found[1] if found else "sts:AssumeRole"
    if "explicit deny" in message:
        return f"a policy denies {action} to {taker} explicitly: the message names its kind"
    if "no identity-based policy" in message:
        return f"{taker} has no right to {action} on the role: apply the fleet's Terraform again"
    if action == "sts:TagSession":
        return f"the role's trust policy must allow sts:TagSession to {taker}: the grant has session_tags"
    if action == "sts:SetSourceIdentity":
        return f"the role's trust policy must allow sts:SetSourceIdentity to {taker}: every session says whom it is for"
    return f"if the role exists, its trust policy must allow {_actions(session)} to {taker}{_conditions(session)}"


def on_fault(code: str, message: str) -> str:
    """Return what makes STS take the parameters that it refuses."""
    said = f"{code} {message}"
    return next((advice for sign, advice in _FAULTS if sign in said), "correct what the message names in the grant")


def vendor_role(message: str) -> str:
    """Return the ARN of the role that was refused, as far as the message tells it."""
    found = _TAKER.search(message)
    return f"{found[1]}:iam::{found[2]}:role/{found[3]}" if found else _VENDOR


def _actions(session: Session) -> str:
    needed = ["sts:AssumeRole", "sts:SetSourceIdentity"]
    return ", ".join([*needed, "sts:TagSession"] if session.tags else needed)


def _conditions(session: Session) -> str:
    if session.external_id:
        return "; its sts:ExternalId must be the grant's external_id"
    return "; if it asks for an sts:ExternalId, set the grant's external_id"
