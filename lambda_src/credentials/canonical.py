"""One spelling for equal data, and its fingerprint. Pure."""

from __future__ import annotations

import hashlib
import json


def canonical_json(data: object) -> str:
    """Return data as JSON with sorted names, without spaces, in ASCII."""
    return json.dumps(data, allow_nan=False, separators=(",", ":"), sort_keys=True)


def fingerprint(data: object) -> str:
    """Return the SHA-256 of data's canonical JSON as 64 hex digits."""
    return hashlib.sha256(canonical_json(data).encode()).hexdigest()
