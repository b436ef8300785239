"""Outages: of STS, of what the containers share, and of the container that has the lease."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.credentials_bursts import TRIES, Burst, burst, judged
from tests.e2e.credentials_container import PATIENCE_SECONDS, containers, job_event
from tests.e2e.credentials_support import new_name
from tests.e2e.support import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.credentials_container import Container, Outcome
    from tests.e2e.credentials_support import Watched

pytestmark = pytest.mark.e2e

JOB_SECONDS = 0.9
"""Within this time a job is answered."""
HOST_SECONDS = 8.0
"""Within this time a runner host is answered."""
WAITERS = 6
NOISE_SECONDS = 0.3
"""What other processes may add on this machine to what is measured inside of the function."""
TROUBLES: dict[str, dict[str, object]] = {
    "down": {"fail": "ServiceUnavailable"},
    "slow": {"delay_seconds": 2},
    "throttled": {"fail": "Throttling"},
}
MINUTE = 60


def test_with_sts_down_cached_sessions_are_served_and_others_are_told_to_come_back(warm: Watched) -> None:
    token, other = warm.id_token(), warm.id_token(ref=new_name("other"))
    warm.set(sts_fail="ServiceUnavailable")
    assert [warm.request(token)[0] for _ in range(5)] == [200] * 5
    refused = warm.asked(other)
    assert (refused.status, refused.document["Code"]) == (503, "ServiceUnavailable")
    assert int(refused.headers["Retry-After"]) >= 1
    warm.set(sts_fail="")
    assert warm.request(other)[0] == 200


def test_ten_minutes_without_sts_pass_by_whoever_has_a_cached_session(vendor: Watched, tmp_path: Path) -> None:
    life = {"exp": int(time.time()) + 2 * 60 * MINUTE}
    known, other = (job_event(vendor, vendor.id_token(ref=new_name(name), **life)) for name in ("known", "other"))
    with containers(vendor, 1, tmp_path) as (container,):
        assert container.ask("jobs", known).status == 200
        vendor.set(sts_fail="ServiceUnavailable")
        for minute in (0, 5, 10):
            assert container.ask("jobs", known, minute * MINUTE).status == 200
            assert_told_fast(container.ask("jobs", other, minute * MINUTE))
        vendor.set(sts_fail="")
        assert container.ask("jobs", other, 10 * MINUTE).status == 200
        vendor.set(sts_fail="ServiceUnavailable")
        # 17 and 15 of its 60 minutes are left; SDKs refresh at once what is valid for less than 15.
        assert container.ask("jobs", known, 43 * MINUTE).status == 200
        assert_told_fast(container.ask("jobs", known, 45 * MINUTE))
        vendor.set(sts_fail="")
        assert container.ask("jobs", known, 45 * MINUTE).status == 200


def assert_told_fast(outcome: Outcome) -> None:
    """Check that a job is told in time to come back."""
    assert (outcome.status, outcome.document["Code"]) == (503, "ServiceUnavailable")
    assert int(outcome.headers["Retry-After"]) >= 1
    assert outcome.seconds < JOB_SECONDS + NOISE_SECONDS


def test_a_slow_sts_keeps_nobody_longer_than_allowed_and_calls_do_not_pile_up(vendor: Watched, tmp_path: Path) -> None:
    job, host = job_event(vendor, vendor.id_token(ref=new_name("slow"))), vendor.host_events()[0]
    with containers(vendor, 2, tmp_path) as (jobs, hosts):
        assert jobs.ask("jobs", job_event(vendor, vendor.id_token())).status == 200
        assert hosts.ask("hosts", vendor.host_events()[0]).is_vended
        vendor.set(sts_delay_seconds=5)
        before = vendor.sts_calls()
        hosts.send("hosts", host)
        for _ in range(3):
            assert_told_fast(jobs.ask("jobs", job))
        assert vendor.sts_calls() - before == 2, "one for each key"
        vendor.set(sts_delay_seconds=0)
        eventually(lambda: jobs.ask("jobs", job).status == 200, "served as soon as STS is fast again", 6)
        patient = hosts.receive()
    assert patient.is_vended, patient.error
    assert patient.seconds < HOST_SECONDS + NOISE_SECONDS


def test_the_death_of_the_lease_holder_delays_nobody_beyond_700_ms(vendor: Watched, tmp_path: Path) -> None:
    with containers(vendor, TRIES + WAITERS, tmp_path) as started:
        holders, waiters = started[:TRIES], started[TRIES:]
        for container in waiters:
            assert container.ask("hosts", vendor.host_events()[0]).is_vended
        made = judged(lambda: after_the_holders_death(vendor, holders.pop(), waiters), JOB_SECONDS)
    assert made.vended == WAITERS, made
    assert made.slowest_seconds < JOB_SECONDS, made
    assert 1 <= made.sts_calls <= sum(outcome.seconds > PATIENCE_SECONDS for outcome in made.outcomes), made


def after_the_holders_death(vendor: Watched, holder: Container, waiters: list[Container]) -> Burst:
    """Kill a container while it asks STS, and let others ask for the same."""
    event, before = vendor.host_events()[0], vendor.sts_calls()
    vendor.set(sts_delay_seconds=5)
    holder.send("hosts", event)
    eventually(lambda: vendor.sts_calls() == before + 1, "the holder of the lease asks STS")
    holder.kill()
    vendor.set(sts_delay_seconds=0)
    return burst(vendor, waiters, event)


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("services", [("dynamodb",), ("kms",), ("dynamodb", "kms")], ids="+".join)
def test_without_the_shared_cache_everybody_is_served(warm: Watched, services: tuple[str, ...], trouble: str) -> None:
    warm.set(**{f"{service}_{name}": value for service in services for name, value in TROUBLES[trouble].items()})
    answers = [warm.asked(warm.id_token(ref=new_name("alone"))) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 200], answers
