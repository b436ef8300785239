"""What the webhook and the schedule function are told by their environment."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from common.settings import Environment, SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from webhook.verify import Network


@dataclass(frozen=True)
class ScheduleSettings:
    """Settings of the function that the schedule invokes."""

    fleet: str
    log_level: str
    queue_url: str

    @classmethod
    def parse(cls, variables: Mapping[str, str]) -> ScheduleSettings:
        """Read the settings from environment variables.

        Raises:
            SettingsError: a variable is missing or malformed.
        """
        environment = Environment(variables)
        return cls(environment.text("FLEET"), log_level(environment), environment.text("QUEUE_URL"))


@dataclass(frozen=True)
class WebhookSettings:
    """Settings of the function behind the webhook's URL; a parameter name may be empty, but not both."""

    fleet: str
    log_level: str
    queue_url: str
    secret_parameter: str
    signing_token_parameter: str
    networks: tuple[Network, ...]

    @classmethod
    def parse(cls, variables: Mapping[str, str]) -> WebhookSettings:
        """Read the settings from environment variables.

        Raises:
            SettingsError: a variable is missing or malformed, or there is no secret to verify requests with.
        """
        environment = Environment(variables)
        settings = cls(
            fleet=environment.text("FLEET"),
            log_level=log_level(environment),
            queue_url=environment.text("QUEUE_URL"),
            secret_parameter=environment.optional("WEBHOOK_SECRET_PARAMETER"),
            signing_token_parameter=environment.optional("WEBHOOK_SIGNING_TOKEN_PARAMETER"),
            networks=tuple(_network(word) for word in environment.words("WEBHOOK_CIDRS")),
        )
        if not (settings.secret_parameter or settings.signing_token_parameter):
            raise SettingsError(
                "WEBHOOK_SECRET_PARAMETER and WEBHOOK_SIGNING_TOKEN_PARAMETER are both empty: "
                "set one, a public URL must verify its requests"
            )
        return settings


def log_level(environment: Environment) -> str:
    """Return the least level that is logged."""
    return environment.choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"))


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise SettingsError(f"environment variable WEBHOOK_CIDRS: {error}") from error
