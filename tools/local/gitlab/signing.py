"""Webhook signatures as GitLab makes them: the Standard Webhooks specification, version v1."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from tools.local.gitlab.errors import ControlError

PREFIX = "whsec_"
KEY_BYTES = 32


def decode_signing_token(token: str) -> bytes:
    """Return the key in a signing token.

    Raises:
        ControlError: it is not whsec_ and the base64 of 32 bytes.
    """
    try:
        key = base64.b64decode(token.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not token.startswith(PREFIX) or len(key) != KEY_BYTES:
        raise ControlError(f"signing_token must be {PREFIX} followed by the base64 of {KEY_BYTES} bytes")
    return key


def sign(token: str, webhook_id: str, timestamp: int, body: bytes) -> str:
    """Return the value of webhook-signature for a body sent at a time (epoch seconds)."""
    content = f"{webhook_id}.{timestamp}.".encode() + body
    digest = hmac.new(decode_signing_token(token), content, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
