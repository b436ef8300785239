from __future__ import annotations

import pytest

from common.settings import SettingsError
from credentials.model import CacheArea
from credentials.settings import Settings

ENVIRONMENT = {
    "FLEET": "blue",
    "LOG_LEVEL": "INFO",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "GRANTS_BUCKET": "blue-grants",
    "GRANTS_KEY": "grants.json",
    "AUDIENCE": "https://credentials.example.com",
    "GITLAB_URL": "https://gitlab.example.com/",
    "GITLAB_CONNECTION_MAX_AGE_SECONDS": "900",
    "GITLAB_TOKEN_PARAMETER": "",
    "SHARED_CACHE": "true",
    "TABLE": "blue-credentials",
    "KMS_KEY_ID": "arn:aws:kms:eu-west-1:123456789012:key/1",
    "CACHE_BUCKET": "my-cache",
    "CACHE_PREFIX": "/fleet-a/",
    "CACHE_KMS_KEY_ARN": "",
}


def test_settings_are_parsed() -> None:
    settings = Settings.parse(ENVIRONMENT)
    assert settings.gitlab_url == "https://gitlab.example.com"
    assert settings.cache_area == CacheArea("my-cache", "fleet-a", "")
    assert (settings.shared_cache, settings.partition) == (True, "aws")


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_a_missing_variable_fails_by_name(name: str) -> None:
    variables = {key: value for key, value in ENVIRONMENT.items() if key != name}
    with pytest.raises(SettingsError, match=name):
        Settings.parse(variables)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GITLAB_URL", "http://gitlab.example.com"),
        ("GITLAB_URL", "http://127.0.0.1.example.com"),
        ("GITLAB_URL", "ftp://gitlab.example.com"),
        ("GITLAB_URL", "https://user:password@gitlab.example.com"),
        ("GITLAB_URL", "https://gitlab.example.com?x=1"),
        ("GITLAB_URL", "https://"),
        ("GITLAB_URL", "gitlab.example.com"),
        ("CACHE_BUCKET", "my-cache/*"),
        ("CACHE_PREFIX", ""),
        ("CACHE_PREFIX", "fleet-*"),
        ("CACHE_PREFIX", "fleet-${aws:username}"),
        ("CACHE_PREFIX", "a//b"),
        ("TABLE", ""),
        ("KMS_KEY_ID", ""),
        ("SHARED_CACHE", "yes"),
        ("LOG_LEVEL", "TRACE"),
        ("GITLAB_CONNECTION_MAX_AGE_SECONDS", "0"),
    ],
)
def test_a_malformed_variable_fails_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.parse({**ENVIRONMENT, name: value})


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "[::1]:8080"])
def test_http_is_for_loopback(host: str) -> None:
    assert Settings.parse({**ENVIRONMENT, "GITLAB_URL": f"http://{host}"}).gitlab_url == f"http://{host}"


def test_without_shared_cache_and_bucket_nothing_of_them_is_needed() -> None:
    none = dict.fromkeys(("TABLE", "KMS_KEY_ID", "CACHE_BUCKET", "CACHE_PREFIX"), "")
    settings = Settings.parse({**ENVIRONMENT, **none, "SHARED_CACHE": "false"})
    assert (settings.shared_cache, settings.cache_area) == (False, CacheArea())


@pytest.mark.parametrize(
    ("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("us-east-1", "aws")]
)
def test_the_region_tells_the_partition(region: str, partition: str) -> None:
    assert Settings.parse({**ENVIRONMENT, "AWS_DEFAULT_REGION": region}).partition == partition
