from __future__ import annotations

import ipaddress

import pytest

from common.settings import SettingsError
from webhook.settings import ScheduleSettings, WebhookSettings

VARIABLES = {
    "FLEET": "fleet",
    "LOG_LEVEL": "INFO",
    "QUEUE_URL": "https://sqs.example/fleet-events.fifo",
    "WEBHOOK_SECRET_PARAMETER": "/fleet/secret",
    "WEBHOOK_SIGNING_TOKEN_PARAMETER": "",
    "WEBHOOK_CIDRS": "198.51.100.0/24, 2001:db8::/32",
}


def test_the_webhook_reads_every_variable() -> None:
    assert WebhookSettings.parse(VARIABLES) == WebhookSettings(
        fleet="fleet",
        log_level="INFO",
        queue_url="https://sqs.example/fleet-events.fifo",
        secret_parameter="/fleet/secret",
        signing_token_parameter="",
        networks=(ipaddress.ip_network("198.51.100.0/24"), ipaddress.ip_network("2001:db8::/32")),
    )


def test_the_schedule_needs_no_secret() -> None:
    variables = {name: VARIABLES[name] for name in ("FLEET", "LOG_LEVEL", "QUEUE_URL")}
    assert ScheduleSettings.parse(variables) == ScheduleSettings(
        "fleet", "INFO", "https://sqs.example/fleet-events.fifo"
    )


@pytest.mark.parametrize("missing", VARIABLES)
def test_a_missing_variable_fails_by_name(missing: str) -> None:
    rest = {name: value for name, value in VARIABLES.items() if name != missing}
    with pytest.raises(SettingsError, match=missing):
        WebhookSettings.parse(rest)


def test_a_url_without_any_secret_is_refused() -> None:
    with pytest.raises(SettingsError, match="are both empty"):
        WebhookSettings.parse(VARIABLES | {"WEBHOOK_SECRET_PARAMETER": ""})


def test_a_malformed_network_is_named() -> None:
    with pytest.raises(SettingsError, match=r"WEBHOOK_CIDRS: '10.0.0.0/99' does not appear"):
        WebhookSettings.parse(VARIABLES | {"WEBHOOK_CIDRS": "10.0.0.0/99"})


def test_an_unknown_log_level_is_named() -> None:
    with pytest.raises(SettingsError, match="LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR"):
        WebhookSettings.parse(VARIABLES | {"LOG_LEVEL": "loud"})
