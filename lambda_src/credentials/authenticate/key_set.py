"""Read a JSON Web Key Set. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import RSAAlgorithm
from jwt.exceptions import PyJWTError

from credentials.strict_json import StrictJsonError, parse_object

if TYPE_CHECKING:
    from collections.abc import Mapping

MIN_KEY_BITS = 2048
_MAX_KEYS = 100


class KeySetError(Exception):
    """The key set cannot be had or read."""


def parse_keys(text: bytes) -> Mapping[str, RSAPublicKey]:
    """Return the RSA signing keys of a key set by their ids; keys of other kinds are left out.

    Raises:
        KeySetError: the document is malformed, or has no usable key, or two with one id.
    """
    try:
        listed = parse_object(text).get("keys")
    except StrictJsonError as error:
        raise KeySetError(f"the key set cannot be read: {error}") from error
    if not isinstance(listed, list) or len(listed) > _MAX_KEYS:
        raise KeySetError("the key set has no list of keys")
    usable = [entry for entry in listed if _is_for_signatures(entry)]
    keys = {entry["kid"]: _key(entry) for entry in usable}
    if len(keys) != len(usable):
        raise KeySetError("the key set has two keys with one id")
    if not keys:
        raise KeySetError("the key set has no RSA signing key")
    return keys


def _is_for_signatures(entry: object) -> bool:
    return (
        isinstance(entry, dict)
        and entry.get("kty") == "RSA"
        and entry.get("use", "sig") == "sig"
        and entry.get("alg", "RS256") == "RS256"
        and isinstance(entry.get("kid"), str)
    )


def _key(entry: dict[str, Any]) -> RSAPublicKey:
    try:
        # Only the public parts: whatever else stands in the entry is of no interest.
        key = RSAAlgorithm.from_jwk({"kty": "RSA", "n": entry.get("n", ""), "e": entry.get("e", "")})
    except (PyJWTError, ValueError, TypeError) as error:
        raise KeySetError(f"a key of the key set is malformed ({type(error).__name__})") from error
    if not isinstance(key, RSAPublicKey) or key.key_size < MIN_KEY_BITS:
        raise KeySetError(f"a key of the key set has fewer than {MIN_KEY_BITS} bits")
    return key
