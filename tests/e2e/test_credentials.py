"""The credential vendor from end to end: addresses, good and bad tokens, and many jobs that ask for one key."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.credentials_bursts import burst, judged
from tests.e2e.credentials_container import PATIENCE_SECONDS, containers
from tools.demo import credentials
from tools.local import control

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.credentials_support import Watched
    from tests.e2e.support import Live

pytestmark = pytest.mark.e2e

CONTRACT = ("credentials_function", "credentials_url", "id_token_url", "sample_claims", "sample_grant")
JOBS = 50
"""Enough for every container to have more than one; the demo has the seed's 200, over 1, 8 and 200 containers."""


def test_every_address_that_a_client_needs_is_an_output(live: Live) -> None:
    assert [name for name in CONTRACT if not live.addresses.get(name)] == []


def test_the_sample_claims_alone_get_credentials(warm: Watched) -> None:
    token = control.request("POST", warm.addresses["id_token_url"], warm.addresses["sample_claims"])["id_token"]
    status, document = warm.request(str(token))
    assert status == 200
    assert set(document) >= {"AccessKeyId", "Expiration", "SecretAccessKey", "Token"}


def bad_tokens(vendor: Watched) -> dict[str, str]:
    now, made = int(time.time()), vendor.bad_token
    return {
        "a foreign key": made({}, "foreign"),
        "alg none": made({}, "none", alg="none"),
        "an empty signature": made({}, "none"),
        "the public key as HMAC secret": made({}, "public", alg="HS256"),
        "another issuer": made({"iss": "https://gitlab.example.com"}),
        "no issuer": made({"iss": None}),
        "another audience": made({"aud": "sts.amazonaws.com"}),
        "no audience": made({"aud": None}),
        "expired": made({"exp": now - 61}),
        "no expiry": made({"exp": None}),
        "not yet valid": made({"nbf": now + 300}),
        "issued in the future": made({"iat": now + 300}),
        "a key by address": made({}, jku="https://example.com/keys"),
        "no token": "nothing",
    }


def test_a_bad_token_gets_401(warm: Watched) -> None:
    answers = {name: warm.request(token) for name, token in bad_tokens(warm).items()}
    assert {name: status for name, (status, _) in answers.items()} == dict.fromkeys(answers, 401)
    assert all(set(document) == {"Code", "Message"} for _, document in answers.values())


def test_what_no_grant_is_for_gets_403_and_no_hint(warm: Watched) -> None:
    refused = [
        warm.request(warm.id_token(), "no-such-grant"),
        warm.request(warm.id_token(), warm.runner_grant()),
        warm.request(warm.id_token(project_id="9999")),
        warm.request(warm.id_token(ref_protected="false")),
        warm.request(warm.id_token(project_id=None)),
    ]
    assert [status for status, _ in refused] == [403] * len(refused)
    assert len({json.dumps(document) for _, document in refused}) == 1


def test_a_rotated_key_of_gitlab_is_accepted_and_the_old_one_is_not(warm: Watched) -> None:
    old = warm.id_token()
    control.request("POST", f"{warm.addresses['gitlab_url']}/_control/keys/rotate")
    warm.containers(1)
    assert warm.request(warm.id_token())[0] == 200
    assert warm.request(old)[0] == 401


def test_jobs_with_id_tokens_of_their_own_ask_sts_once(vendor: Watched) -> None:
    made = credentials.jobs_burst(vendor, 1, JOBS)
    assert (made.requests, made.vended, made.hits) == (2 * JOBS, 2 * JOBS, 2 * JOBS - made.sts_calls), made
    assert made.sts_calls <= 1


@pytest.mark.parametrize("count", [1, 4])
def test_many_jobs_with_one_cache_key_ask_sts_twice(vendor: Watched, count: int) -> None:
    made = credentials.hosts_burst(vendor, count, JOBS)
    assert (made.requests, made.vended, made.sts_calls, made.hits) == (2 * JOBS, 2 * JOBS, 2, 2 * JOBS - 2), made


def test_20_processes_with_a_cold_cache_ask_sts_once(vendor: Watched, tmp_path: Path) -> None:
    vendor.set(sts_delay_seconds=0.1)
    with containers(vendor, 20, tmp_path) as asked:
        # Their connections are made, their caches are cold for the key that counts.
        for container in asked:
            assert container.ask("hosts", vendor.host_events()[0]).is_vended
        made = judged(lambda: burst(vendor, asked, vendor.host_events()[0]), PATIENCE_SECONDS)
    assert (made.vended, made.sts_calls) == (20, 1), made
