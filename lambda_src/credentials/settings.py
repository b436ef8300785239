"""What the credential vendor is told by its environment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from common.settings import Environment, SettingsError
from credentials.model import CacheArea

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_PARTITIONS = (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"))
# Nothing that could be more than itself in a policy.
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"[A-Za-z0-9!_.'()=-]+(/[A-Za-z0-9!_.'()=-]+)*")


@dataclass(frozen=True)
class Settings:
    """Settings of the credential vendor.

    Args:
        fleet: the fleet's name.
        log_level: the least level that is logged.
        region: where the function runs; the variable is the runtime's, and the one that boto3 reads.
        grants_bucket: S3 bucket of the grants document.
        grants_key: its object key.
        audience: what id_tokens must be made for.
        gitlab_url: GitLab's address, which is the issuer of id_tokens.
        gitlab_connection_max_age_seconds: no connection to GitLab is used for longer.
        gitlab_token_parameter: SSM parameter of the token that reads jobs; empty = no grant may need it.
        shared_cache: whether sessions are shared between containers.
        table: DynamoDB table of the shared cache; empty without it.
        kms_key_id: KMS key of the shared cache; empty without it.
        cache_area: the fleet's distributed cache.
    """

    fleet: str
    log_level: str
    region: str
    grants_bucket: str
    grants_key: str
    audience: str
    gitlab_url: str
    gitlab_connection_max_age_seconds: int
    gitlab_token_parameter: str
    shared_cache: bool
    table: str
    kms_key_id: str
    cache_area: CacheArea

    @property
    def partition(self) -> str:
        """The AWS partition of the region."""
        return next((name for start, name in _PARTITIONS if self.region.startswith(start)), "aws")

    @classmethod
    def parse(cls, variables: Mapping[str, str]) -> Settings:
        """Read the settings from environment variables.

        Raises:
            SettingsError: a variable is missing or malformed.
        """
        environment = Environment(variables)
        shared_cache = environment.flag("SHARED_CACHE")
        needed = environment.text if shared_cache else environment.optional
        return cls(
            fleet=environment.text("FLEET"),
            log_level=environment.choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR")),
            region=environment.text("AWS_DEFAULT_REGION"),
            grants_bucket=environment.text("GRANTS_BUCKET"),
            grants_key=environment.text("GRANTS_KEY"),
            audience=environment.text("AUDIENCE"),
            gitlab_url=_gitlab_url(environment.text("GITLAB_URL")),
            gitlab_connection_max_age_seconds=environment.integer("GITLAB_CONNECTION_MAX_AGE_SECONDS", minimum=1),
            gitlab_token_parameter=environment.optional("GITLAB_TOKEN_PARAMETER"),
            shared_cache=shared_cache,
            table=needed("TABLE"),
            kms_key_id=needed("KMS_KEY_ID"),
            cache_area=_cache_area(environment),
        )


def _gitlab_url(text: str) -> str:
    url = text.rstrip("/")
    parts = urlsplit(url)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not is_safe or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise SettingsError(
            f"environment variable GITLAB_URL must be an https address without user and query, not {text!r}; "
            "http only to loopback"
        )
    return url


def _cache_area(environment: Environment) -> CacheArea:
    area = CacheArea(
        bucket=environment.optional("CACHE_BUCKET"),
        prefix=environment.optional("CACHE_PREFIX").strip("/"),
        kms_key_arn=environment.optional("CACHE_KMS_KEY_ARN"),
    )
    if area.bucket and not _BUCKET.fullmatch(area.bucket):
        raise SettingsError(f"environment variable CACHE_BUCKET is no bucket name: {area.bucket!r}")
    if area.bucket and not _PREFIX.fullmatch(area.prefix):
        raise SettingsError(
            f"environment variable CACHE_PREFIX must be the fleet's own prefix in the bucket, not {area.prefix!r}"
        )
    return area
