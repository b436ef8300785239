"""Read what AWS says about a call that failed. Pure."""

from __future__ import annotations

from typing import Any


def _response(error: Exception) -> dict[str, Any]:
    # Timeouts of botocore have a response, too: None.
    response = getattr(error, "response", None)
    return response if isinstance(response, dict) else {}


def code(error: Exception) -> str:
    """Return AWS's error code, or the error's class if AWS did not answer."""
    return str(_response(error).get("Error", {}).get("Code", type(error).__name__))


def message(error: Exception) -> str:
    """Return AWS's message, empty if AWS did not answer."""
    return str(_response(error).get("Error", {}).get("Message", ""))


def status(error: Exception) -> int:
    """Return the HTTP status, 0 if AWS did not answer."""
    return int(_response(error).get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
