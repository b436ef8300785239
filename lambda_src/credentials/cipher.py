"""Encrypt and decrypt with KMS, bound to a context."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.aws import service_errors
from credentials import aws_error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_kms import KMSClient

# KMS encrypts at most this much by itself. Credentials have 1 to 2 KB.
MAX_PLAINTEXT = 4096


class CipherError(Exception):
    """KMS cannot be reached, or does not decrypt."""


class CiphertextError(CipherError):
    """The ciphertext is not what this key has made with this context: the item is old, foreign or was changed."""


# Not "AccessDenied": the function's role lets it decrypt, so that would be a fault of the deployment.
_FOREIGN = frozenset({"IncorrectKeyException", "InvalidCiphertextException"})


class KmsCipher:
    """A symmetric KMS key.

    Args:
        client: returns a KMS client.
        key_id: the key's ARN; ciphertext of another key is refused.
    """

    def __init__(self, client: Callable[[], KMSClient], key_id: str) -> None:
        self._client = client
        self._key_id = key_id

    def prepare(self) -> None:
        """Make the client, which takes long in a new container."""
        self._client()

    def encrypt(self, plaintext: bytes, context: Mapping[str, str]) -> bytes:
        """Return the ciphertext, which decrypts only with the same context.

        Raises:
            CipherError: KMS does not encrypt it.
        """
        if len(plaintext) > MAX_PLAINTEXT:
            raise CipherError(f"{len(plaintext)} bytes are more than KMS encrypts")
        try:
            answer = self._client().encrypt(KeyId=self._key_id, Plaintext=plaintext, EncryptionContext=context)
            return answer["CiphertextBlob"]
        except service_errors() as error:
            raise CipherError(f"KMS does not encrypt: {error}") from error

    def decrypt(self, ciphertext: bytes, context: Mapping[str, str]) -> bytes:
        """Return the plaintext.

        Raises:
            CiphertextError: it is not ours.
            CipherError: KMS does not decrypt it now.
        """
        try:
            answer = self._client().decrypt(KeyId=self._key_id, CiphertextBlob=ciphertext, EncryptionContext=context)
            return answer["Plaintext"]
        except service_errors() as error:
            kind = CiphertextError if aws_error.code(error) in _FOREIGN else CipherError
            raise kind(f"KMS does not decrypt: {error}") from error
