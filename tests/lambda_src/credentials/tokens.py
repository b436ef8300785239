"""Makes id_tokens as GitLab does, and as an attacker would."""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import json
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.lambda_src.credentials.fakes import NOW

ISSUER = "https://gitlab.example.com"
AUDIENCE = "https://credentials.example.com"
KID = "gitlab-key-1"


def private_key(name: str = KID, bits: int = 2048) -> rsa.RSAPrivateKey:
    return _generated(name, bits)


@functools.cache
def _generated(name: str, bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def public_pem(name: str = KID) -> bytes:
    return (
        private_key(name)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value: int) -> str:
    return b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def jwk(name: str = KID, bits: int = 2048, **changes: Any) -> dict[str, Any]:
    numbers = private_key(name, bits).public_key().public_numbers()
    return {
        "kty": "RSA",
        "kid": name,
        "use": "sig",
        "alg": "RS256",
        "n": number(numbers.n),
        "e": number(numbers.e),
        **changes,
    }


def key_set(*keys: dict[str, Any]) -> bytes:
    return json.dumps({"keys": list(keys or (jwk(),))}).encode()


def claims(**changes: Any) -> dict[str, Any]:
    """Return GitLab's claims with changes; None removes one."""
    made = {
        "namespace_id": "72",
        "namespace_path": "my-group",
        "project_id": "20",
        "project_path": "my-group/my-project",
        "user_id": "1",
        "user_login": "sample-user",
        "user_email": "sample-user@example.com",
        "pipeline_id": "574",
        "pipeline_source": "push",
        "job_id": "302",
        "ref": "main",
        "ref_type": "branch",
        "ref_path": "refs/heads/main",
        "ref_protected": "true",
        "environment": "production",
        "environment_protected": "true",
        "runner_id": 5,
        "runner_environment": "self-hosted",
        "sha": "714a629c0b401fdce83e847fc9589983fc6f46bc",
        "jti": "235b3a54-b797-45c7-ae9a-f72d7bc6ef5b",
        "iss": ISSUER,
        "iat": NOW - 10,
        "nbf": NOW - 15,
        "exp": NOW + 3590,
        "sub": "project_path:my-group/my-project:ref_type:branch:ref:main",
        "aud": AUDIENCE,
        **changes,
    }
    return {name: value for name, value in made.items() if value is not None}


def sign(header: bytes, payload: bytes, name: str = KID) -> str:
    signed = f"{b64(header)}.{b64(payload)}"
    signature = private_key(name).sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{b64(signature)}"


def token(key: str = KID, header: dict[str, Any] | None = None, **changes: Any) -> str:
    """Return a token: the claims with changes, signed with a key."""
    head = {"kid": KID, "typ": "JWT", "alg": "RS256", **(header or {})}
    head = {name: value for name, value in head.items() if value is not None}
    return sign(json.dumps(head).encode(), json.dumps(claims(**changes)).encode(), key)


def hs256_with_public_key() -> str:
    head = b64(json.dumps({"kid": KID, "typ": "JWT", "alg": "HS256"}).encode())
    signed = f"{head}.{b64(json.dumps(claims()).encode())}"
    return f"{signed}.{b64(hmac.new(public_pem(), signed.encode(), hashlib.sha256).digest())}"


def unsigned(alg: str = "none", signature: str = "") -> str:
    head = b64(json.dumps({"kid": KID, "typ": "JWT", "alg": alg}).encode())
    return f"{head}.{b64(json.dumps(claims()).encode())}.{signature}"
