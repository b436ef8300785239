"""Build session policies as data, and encode them as JSON in one place. Pure.

What a caller or a token says gets into a policy only as a part of a string, and only if IAM reads it as itself: `*` and
`?` would be wildcards, `${` a policy variable.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from credentials.errors import DeniedError, RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from credentials.model import CacheArea

# STS: an inline session policy has at most this many characters.
MAX_POLICY = 2048
# S3: an object's key has at most this many bytes.
_MAX_KEY_BYTES = 1024

PLACEHOLDER = re.compile(r"\{\{([a-z][a-z0-9_]*)\}\}")
_NOT_LITERAL = ("*", "?", "${")
# What is left of a placeholder when half of it comes from the policy and half from a claim.
_BRACES = ("{{", "}}")
# Where a policy may name what a job has: what is allowed, to whom and how stays the grant's word.
_OPEN_ELEMENTS = ("Resource", "NotResource", "Condition")


def is_literal(value: str) -> bool:
    """Return whether IAM reads a text in a policy as itself, whatever stands before and after it."""
    # A "$" at the end and a "{" at the start could meet their other half in the text around.
    has_edge = value.endswith("$") or value.startswith("{")
    return value.isprintable() and not has_edge and not any(sign in value for sign in (*_NOT_LITERAL, *_BRACES))


def s3_cache_policy(partition: str, area: CacheArea, object_key: str, operation: str) -> dict[str, Any]:
    """Return the least policy for one object of the cache, or for the fleet's part of it.

    Args:
        partition: the AWS partition.
        area: where the cache is.
        object_key: the whole key of the object; empty for everything under the prefix.
        operation: "upload", "download", or "" for both, which is for the prefix only.

    Raises:
        RequestError: the object is not the fleet's, or its key is not literal.
    """
    if object_key:
        _check_object(area, object_key)
    s3_actions = {"upload": ["s3:PutObject"], "download": ["s3:GetObject"], "": ["s3:GetObject", "s3:PutObject"]}
    resource = f"arn:{partition}:s3:::{area.bucket}/{object_key or f'{area.prefix}/*'}"
    statements = [_allow("CacheObjects", s3_actions[operation], resource)]
    if area.kms_key_arn:
        # Reading needs Decrypt; writing needs a data key, and Decrypt for the parts of a large object.
        key_actions = ["kms:Decrypt"] if operation == "download" else ["kms:Decrypt", "kms:GenerateDataKey"]
        statements.append(_allow("CacheKey", key_actions, area.kms_key_arn))
    return {"Version": "2012-10-17", "Statement": statements}


def _allow(sid: str, actions: list[str], resource: str) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}


def _check_object(area: CacheArea, object_key: str) -> None:
    if not is_literal(object_key):
        raise RequestError("parameters.object must not have *, ?, ${ or control characters")
    if len(object_key.encode()) > _MAX_KEY_BYTES:
        raise RequestError(f"parameters.object is longer than {_MAX_KEY_BYTES} bytes")
    # S3 takes "..", "." and empty parts as they are, but tools in between may not.
    parts = object_key.split("/")
    is_inside = object_key.startswith(f"{area.prefix}/") and not {"", ".", ".."} & set(parts)
    if not is_inside:
        raise RequestError(f"parameters.object must be a key under {area.prefix}/")


def placeholders(policy: object) -> set[str]:
    """Return the claims that a policy names as `{{claim}}`."""
    found: set[str] = set()

    def collect(text: str) -> str:
        found.update(PLACEHOLDER.findall(text))
        return text

    _map_strings(policy, collect)
    return found


def closed_placeholders(policy: Mapping[str, Any]) -> set[str]:
    """Return the claims that a policy names where none may stand: outside of Resource and Condition."""
    statements = policy.get("Statement", [])
    listed = statements if isinstance(statements, list) else [statements]
    closed = [{k: v for k, v in s.items() if k not in _OPEN_ELEMENTS} for s in listed if isinstance(s, dict)]
    return placeholders([{k: v for k, v in policy.items() if k != "Statement"}, closed])


def filled(policy: Mapping[str, Any], claims: Mapping[str, object]) -> dict[str, Any]:
    """Return a policy with each `{{claim}}` replaced, string by string.

    Raises:
        DeniedError: a claim is missing, or IAM would not read it as itself.
    """

    def fill(text: str) -> str:
        return PLACEHOLDER.sub(lambda found: _value(claims, found[1]), text)

    result: dict[str, Any] = _map_strings(policy, fill)
    return result


def _value(claims: Mapping[str, object], name: str) -> str:
    value = claims.get(name)
    text = str(value) if type(value) is int else value
    if not isinstance(text, str) or not text:
        raise DeniedError(f"the id_token has no {name}, which the session policy needs")
    if not is_literal(text):
        raise DeniedError(f"claim {name} has *, ?, ${{ or control characters and goes into a policy")
    return text


def _map_strings(value: Any, change: Callable[[str], str]) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_map_strings(element, change) for element in value]
    if isinstance(value, dict):
        # Names are the policy's structure: never changed.
        return {name: _map_strings(element, change) for name, element in value.items()}
    return value


def encoded(policy: Mapping[str, Any]) -> str:
    """Return a policy as the JSON that STS gets.

    Raises:
        DeniedError: it is longer than STS takes.
    """
    text = json.dumps(policy, separators=(",", ":"))
    if len(text) > MAX_POLICY:
        raise DeniedError(f"the session policy has {len(text)} characters, STS takes {MAX_POLICY}")
    return text
