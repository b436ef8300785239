"""The RSA keys that sign id_tokens: made when first needed, published as a key set, replaced on demand."""

from __future__ import annotations

import base64
import hashlib
import hmac
import importlib.util
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tools.local.gitlab.errors import ControlError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from tools.local.gitlab.messages import Json

BITS = 2048
EXPONENT = 65537
SIGNERS = ("current", "previous", "foreign", "public", "none")
"""Who signs: the published key, the one before the last rotation, one that was never published, HMAC with the public
key as its secret, or nobody."""


@dataclass
class SigningKeys:
    """The keys of one stand-in; they survive a reset of its records, as its tokens do."""

    _made: dict[str, RSAPrivateKey] = field(default_factory=dict)

    def key(self, signer: str) -> RSAPrivateKey:
        """Return the private key of a signer.

        Raises:
            ControlError: keys cannot be made here, or there was no rotation yet.
        """
        if signer == "previous" and signer not in self._made:
            raise ControlError("there is no previous key before POST /_control/keys/rotate", 409)
        if signer not in self._made:
            self._made[signer] = new_key()
        return self._made[signer]

    def rotate(self) -> None:
        """Sign with a new key from now on; the old one is not published any more."""
        self._made["previous"] = self.key("current")
        self._made["current"] = new_key()

    def key_set(self) -> Json:
        """Return the published keys."""
        numbers = self.key("current").public_key().public_numbers()
        named = {"kty": "RSA", "e": encoded_number(numbers.e), "n": encoded_number(numbers.n)}
        return {"keys": [{**named, "alg": "RS256", "kid": self.key_id("current"), "use": "sig"}]}

    def key_id(self, signer: str) -> str:
        """Return the id of a signer's key: a digest of its modulus."""
        number = self.key(signer).public_key().public_numbers().n
        return encoded(hashlib.sha256(encoded_number(number).encode()).digest())

    def token(self, header: Json, claims: Json, signer: str) -> str:
        """Return a JSON Web Token."""
        signed = f"{encoded_json(header)}.{encoded_json(claims)}"
        return f"{signed}.{encoded(self.signature(signed.encode(), signer))}"

    def signature(self, content: bytes, signer: str) -> bytes:
        """Return a signer's signature."""
        if signer == "none":
            return b""
        # Imported here: the stand-in runs with the standard library alone as long as nobody wants an id_token.
        from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric import padding  # noqa: PLC0415

        if signer == "public":
            form = serialization.PublicFormat.SubjectPublicKeyInfo
            secret = self.key("current").public_key().public_bytes(serialization.Encoding.PEM, form)
            return hmac.new(secret, content, hashlib.sha256).digest()
        return self.key(signer).sign(content, padding.PKCS1v15(), hashes.SHA256())


def new_key() -> RSAPrivateKey:
    """Return a new RSA key.

    Raises:
        ControlError: the distribution cryptography is missing.
    """
    if importlib.util.find_spec("cryptography") is None:
        raise ControlError("id_tokens need the Python distribution cryptography: pip install cryptography", 501)
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415 - see above

    return rsa.generate_private_key(public_exponent=EXPONENT, key_size=BITS)


def encoded(content: bytes) -> str:
    """Return base64url without padding (RFC 7515)."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def encoded_number(number: int) -> str:
    """Return a number as RFC 7518 has it in keys."""
    return encoded(number.to_bytes((number.bit_length() + 7) // 8))


def encoded_json(content: Json) -> str:
    """Return a JSON object in base64url."""
    return encoded(json.dumps(content, separators=(",", ":")).encode())
