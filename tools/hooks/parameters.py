"""The webhook's secrets in SSM Parameter Store, where the functions read them, and their rotation.

A parameter holds one value, or two while it is being rotated: the one in use, then the next, one a line.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from tools.hooks.model import HooksError, Secrets

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

# The functions hold a parameter for at most a minute.
FUNCTION_MEMORY_SECONDS = 70
KEY_BYTES = 32


@dataclass(frozen=True)
class Parameter:
    """A SecureString parameter that holds a webhook's secret.

    Args:
        client: an SSM client.
        name: the parameter's name.
        is_signing_token: whether it is a signing token (`whsec_…`) rather than a plain token.
    """

    client: SSMClient
    name: str
    is_signing_token: bool

    def values(self) -> list[str]:
        """Return the value in use and, while it is being rotated, the next.

        Raises:
            HooksError: the parameter cannot be read, or holds something else.
        """
        try:
            text = self.client.get_parameter(Name=self.name, WithDecryption=True)["Parameter"]["Value"]
        except (BotoCoreError, ClientError) as error:
            raise HooksError(f"SSM parameter {self.name} cannot be read: {error}") from error
        values = text.split()
        if any(_is_signing_token(value) != self.is_signing_token for value in values):
            raise HooksError(f"SSM parameter {self.name} {self._wrong_kind()}")
        if not 1 <= len(values) <= 2:  # noqa: PLR2004 - the one in use, and the next
            raise HooksError(f"SSM parameter {self.name} holds {len(values)} values; leave the one that is in use")
        return values

    def _wrong_kind(self) -> str:
        if self.is_signing_token:
            return "holds no signing token, which is whsec_ and 32 bytes in base64; is it SECRET_PARAMETER's?"
        return "holds a signing token (whsec_…): name it in SIGNING_TOKEN_PARAMETER"

    def put(self, *values: str) -> None:
        """Write the values.

        Raises:
            HooksError: the parameter cannot be written.
        """
        try:
            self.client.put_parameter(Name=self.name, Value="\n".join(values), Type="SecureString", Overwrite=True)
        except (BotoCoreError, ClientError) as error:
            raise HooksError(f"SSM parameter {self.name} cannot be written: {error}") from error

    def new_value(self) -> str:
        """Return a new random value of the parameter's kind."""
        if self.is_signing_token:
            return f"whsec_{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"
        return secrets.token_urlsafe(32)

    def as_secrets(self, value: str) -> Secrets:
        """Return a value as what a webhook is given."""
        return Secrets(signing_token=value) if self.is_signing_token else Secrets(token=value)


def _is_signing_token(value: str) -> bool:
    prefix, _, key = value.partition("_")
    try:
        return prefix == "whsec" and len(base64.b64decode(key, validate=True)) == KEY_BYTES
    except ValueError:
        return False


def parameters(token: str, signing_token: str) -> list[Parameter]:
    """Return the parameters of those names; "" = there is none of that kind.

    Raises:
        HooksError: there is no region or no credentials.
    """
    try:
        client: SSMClient = boto3.client("ssm")
    except BotoCoreError as error:
        raise HooksError(f"SSM cannot be asked: {error}; set AWS_REGION") from error
    named = ((token, False), (signing_token, True))
    return [Parameter(client, name, is_signing_token=kind) for name, kind in named if name]


def in_use(given: list[Parameter]) -> Secrets:
    """Return the secrets that a new webhook is given: the ones in use.

    Raises:
        HooksError: a parameter cannot be read, or holds the other kind of secret.
    """
    values = {parameter.is_signing_token: parameter.values()[0] for parameter in given}
    return Secrets(token=values.get(False, ""), signing_token=values.get(True, ""))
