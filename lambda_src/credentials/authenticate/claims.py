"""Check the claims of a token whose signature is right. Pure: the time is an argument.

PyJWT's own checks read the clock, take text for numbers, and cannot see that a name appears twice; so it verifies the
signature, and the claims are checked here, on what the strict parser made of the very bytes that were signed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from credentials.errors import TokenError

if TYPE_CHECKING:
    from collections.abc import Mapping

# How far GitLab's clock and ours may differ.
SKEW_SECONDS = 60
# Dates up to the year 9999.
_MAX_TIME = 253_402_300_799


def check_claims(claims: Mapping[str, object], *, issuer: str, audience: str, now: float) -> None:
    """Refuse claims that are not from the issuer, not for the audience, or not of this time.

    Raises:
        TokenError: the first thing that is wrong.
    """
    if claims.get("iss") != issuer:
        raise TokenError("iss is not the configured GitLab")
    if not _is_for(audience, claims.get("aud")):
        raise TokenError("aud is not the configured audience")
    if now >= _time(claims, "exp") + SKEW_SECONDS:
        raise TokenError("the token has expired")
    for name in ("nbf", "iat"):
        if now < _time(claims, name) - SKEW_SECONDS:
            raise TokenError(f"{name} is in the future")


def _is_for(audience: str, given: object) -> bool:
    if isinstance(given, list):
        return all(isinstance(one, str) for one in given) and audience in given
    return isinstance(given, str) and given == audience


def _time(claims: Mapping[str, object], name: str) -> int:
    value = claims.get(name)
    # bool is a subclass of int: true would pass for 1.
    if type(value) is not int or not 0 <= value <= _MAX_TIME:
        raise TokenError(f"{name} is missing or not a time")
    return value
