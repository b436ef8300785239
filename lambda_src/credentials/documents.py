"""The documents that credentials and refusals are handed out in. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from credentials.errors import VendError
    from credentials.model import Credentials

# Neither a proxy nor a browser may keep an answer.
_HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store"}


def container_credentials(credentials: Credentials) -> dict[str, Any]:
    """Return the answer of a container credentials endpoint, for a function URL."""
    document = {
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "Token": credentials.session_token,
        "Expiration": credentials.expiration,
    }
    return {"statusCode": 200, "headers": _HEADERS, "body": json.dumps(document)}


def http_error(error: VendError) -> dict[str, Any]:
    """Return the answer that says why there are no credentials, in the form that SDKs show."""
    headers = dict(_HEADERS)
    if error.retry_after_seconds:
        headers["Retry-After"] = str(error.retry_after_seconds)
    if error.status == 401:  # noqa: PLR2004
        headers["WWW-Authenticate"] = "Bearer"
    if error.status == 405:  # noqa: PLR2004
        headers["Allow"] = "GET"
    body = json.dumps({"Code": error.code, "Message": str(error)})
    return {"statusCode": error.status, "headers": headers, "body": body}


def process_credentials(credentials: Credentials) -> dict[str, Any]:
    """Return the document that a `credential_process` prints."""
    return {
        "Version": 1,
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "SessionToken": credentials.session_token,
        "Expiration": credentials.expiration,
    }
