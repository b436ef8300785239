"""Decide whether a request comes from our GitLab. Pure: secrets and time are arguments.

A signing token wins over a secret token when both are configured: a request that is not signed is then refused,
however good its X-Gitlab-Token is. The source address is checked in addition, never instead.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from standardwebhooks import Webhook

if TYPE_CHECKING:
    from webhook.request import Request

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Standard Webhooks: older and newer timestamps are refused, so a recorded request is of use for a short time only.
TOLERANCE_SECONDS = 300
# Standard Webhooks: keys have 24 to 64 bytes. A shorter one is a placeholder or a typing error.
MIN_KEY_BYTES = 24
TOKEN_PREFIX = "whsec_"  # noqa: S105 - what every token starts with

# The dot separates the signed parts, so an id must not have one: else the same bytes could be read in two ways.
_ID = re.compile(r"[\x21-\x2d\x2f-\x7e]{1,255}")
# Plain seconds as GitLab writes them, in one spelling only: it is the spelling that is signed.
_TIMESTAMP = re.compile(r"[1-9][0-9]{0,11}")


class SigningTokenError(Exception):
    """A configured signing token cannot be used; the message never holds it."""


@dataclass(frozen=True)
class Rules:
    """What a request is checked against; of secrets and tokens, several may be valid while they are rotated.

    Args:
        secrets: values accepted as X-Gitlab-Token; not looked at when there are signing tokens.
        signing_tokens: Standard Webhooks tokens, `whsec_` and base64.
        networks: where requests may come from; empty means anywhere.
    """

    secrets: tuple[str, ...] = ()
    signing_tokens: tuple[str, ...] = ()
    networks: tuple[Network, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """Whether a request is genuine, and why (not), in words for the log."""

    accepted: bool
    reason: str


def verify(request: Request, rules: Rules, now: float) -> Verdict:
    """Return whether a request is genuine; rules without any secret accept nothing.

    Args:
        request: the request as it arrived.
        rules: what it is checked against.
        now: epoch seconds.

    Raises:
        SigningTokenError: a configured signing token is malformed.
    """
    if rules.networks and not _is_inside(request.source_ip, rules.networks):
        return Verdict(accepted=False, reason="the source address is not in the CIDR list")
    if rules.signing_tokens:
        return _verify_signature(request, rules.signing_tokens, now)
    return _verify_secret(request.headers.get("x-gitlab-token", ""), rules.secrets)


def _is_inside(source_ip: str, networks: tuple[Network, ...]) -> bool:
    try:
        address = ipaddress.ip_address(source_ip)
    except ValueError:
        return False
    # ::ffff:192.0.2.1 is the IPv4 address 192.0.2.1 as an IPv6 socket shows it.
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in networks)


def _verify_secret(given: str, secrets: tuple[str, ...]) -> Verdict:
    if not given:
        return Verdict(accepted=False, reason="there is no X-Gitlab-Token")
    if any(_equal(given, secret) for secret in secrets):
        return Verdict(accepted=True, reason="the secret token is right")
    return Verdict(accepted=False, reason="the secret token is wrong")


def _verify_signature(request: Request, tokens: tuple[str, ...], now: float) -> Verdict:
    message_id = request.headers.get("webhook-id", "")
    timestamp = request.headers.get("webhook-timestamp", "")
    if not _ID.fullmatch(message_id):
        return Verdict(accepted=False, reason="webhook-id is missing or malformed")
    if not _TIMESTAMP.fullmatch(timestamp):
        return Verdict(accepted=False, reason="webhook-timestamp is missing or malformed")
    if abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        return Verdict(accepted=False, reason="webhook-timestamp is too far from now")
    try:
        body = request.body.decode()
    except UnicodeDecodeError:
        return Verdict(accepted=False, reason="the body is not UTF-8, so it cannot have been signed")
    given = request.headers.get("webhook-signature", "").split(" ")
    expected = [_sign(token, message_id, int(timestamp), body) for token in tokens]
    if any(_equal(candidate, signature) for candidate in given for signature in expected):
        return Verdict(accepted=True, reason="the signature is right")
    return Verdict(accepted=False, reason="no signature is right")


def _sign(token: str, message_id: str, timestamp: int, body: str) -> str:
    # Webhook.verify would read the clock, and take several spellings of timestamp and signature for one.
    return Webhook(_key(token)).sign(message_id, datetime.fromtimestamp(timestamp, tz=UTC), body)


def _key(token: str) -> bytes:
    try:
        key = base64.b64decode(token.removeprefix(TOKEN_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not token.startswith(TOKEN_PREFIX) or len(key) < MIN_KEY_BYTES:
        raise SigningTokenError(f"a signing token must be {TOKEN_PREFIX} and base64 of at least {MIN_KEY_BYTES} bytes")
    return key


def _equal(given: str, expected: str) -> bool:
    """Compare in constant time, as bytes: compare_digest refuses text that is not ASCII."""
    return hmac.compare_digest(given.encode(errors="surrogatepass"), expected.encode(errors="surrogatepass"))
