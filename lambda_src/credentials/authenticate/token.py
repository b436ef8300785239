"""Verify a GitLab id_token."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

from jwt import PyJWS
from jwt.exceptions import PyJWTError
from jwt.utils import base64url_decode

from credentials.authenticate.claims import check_claims
from credentials.errors import TokenError
from credentials.strict_json import StrictJsonError, parse_object

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from credentials.budget import Deadline

ALGORITHM = "RS256"
# GitLab's tokens have 1 to 3 KB, more with many groups. Function URLs take no larger headers.
MAX_TOKEN = 16 * 1024
_MAX_KID = 256
_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
# Headers that name a key, or change what is signed. We know our keys, and GitLab sends none of these.
_REFUSED_HEADERS = frozenset({"b64", "crit", "enc", "jku", "jwk", "x5c", "x5u", "zip"})


class Keys(Protocol):
    """Where GitLab's public keys come from."""

    def find(self, kid: str, deadline: Deadline) -> RSAPublicKey:
        """Return the key with an id.

        Raises:
            TokenError: GitLab has no such key.
            UnavailableError: the keys cannot be had now.
        """
        ...


class TokenVerifier:
    """Verifies id_tokens of one GitLab for one audience.

    Args:
        issuer: GitLab's address, as it stands in `iss`.
        audience: what must stand in `aud`.
        keys: GitLab's public keys.
        clock: wall-clock seconds.
    """

    def __init__(self, issuer: str, audience: str, keys: Keys, clock: Callable[[], float]) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys
        self._clock = clock
        self._jws = PyJWS(algorithms=[ALGORITHM], options={"enforce_minimum_key_length": True})

    def verify(self, token: str, deadline: Deadline) -> Mapping[str, Any]:
        """Return the claims of a token.

        Raises:
            TokenError: it is not a valid token; nothing of it may be used.
            UnavailableError: GitLab's keys cannot be had now.
        """
        kid = _kid(token)
        key = self._keys.find(kid, deadline)
        try:
            payload: bytes = self._jws.decode(token, key, algorithms=[ALGORITHM])
            claims = parse_object(payload)
        except (PyJWTError, StrictJsonError) as error:
            # The type only: a message of the parser could hold parts of the token.
            raise TokenError(f"the token does not verify ({type(error).__name__})") from None
        check_claims(claims, issuer=self._issuer, audience=self._audience, now=self._clock())
        return claims


def _kid(token: str) -> str:
    if len(token) > MAX_TOKEN:
        raise TokenError("the token is too long")
    form = _COMPACT.fullmatch(token)
    if form is None:
        raise TokenError("the token is not of the form header.payload.signature")
    header = _header(form[1])
    if header.get("alg") != ALGORITHM:
        raise TokenError(f"alg is not {ALGORITHM}")
    if refused := sorted(_REFUSED_HEADERS & header.keys()):
        raise TokenError(f"the header has {refused[0]}")
    kid = header.get("kid")
    if not isinstance(kid, str) or not 0 < len(kid) <= _MAX_KID:
        raise TokenError("kid is missing or malformed")
    return kid


def _header(segment: str) -> dict[str, Any]:
    try:
        return parse_object(base64url_decode(segment))
    except ValueError as error:
        raise TokenError(f"the header does not read ({type(error).__name__})") from None
