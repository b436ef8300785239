"""L1: what a container holds, and one call per key."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from credentials.budget import Deadline
from credentials.errors import BusyError, RoleDeniedError, UnavailableError
from credentials.flights import Flights
from credentials.local_cache import LocalCache
from credentials.model import Credentials
from tests.lambda_src.credentials.fakes import NOW, Clock, refusal, until
from tests.lambda_src.credentials.world import ROLE, Container, grants

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lambda_src.credentials.world import Aws

HOUR = 3600
FLOOR = 960


def cache(clock: Clock, size: int = 1000) -> LocalCache:
    return LocalCache(clock, random.Random(7).random, size)


def credentials(expires_at: int = NOW + HOUR, name: str = "ASIA") -> Credentials:
    return Credentials(name, "secret", "token", expires_at)


def test_expired_sessions_are_swept_so_that_the_gauge_is_true() -> None:
    clock = Clock()
    local = cache(clock)
    for number in range(10):
        local.put(str(number), credentials(NOW + 60 * number + 60))
    clock.now += 300
    assert local.sweep() == 5
    assert local.find("0") is None


def test_the_least_recently_used_session_goes_when_there_is_no_room() -> None:
    local = cache(Clock(), 3)
    for name in "abc":
        local.put(name, credentials())
    local.find("a")
    local.put("d", credentials())
    assert [name for name in "abcd" if local.find(name)] == ["a", "c", "d"]
    assert local.sweep() == 3


def test_a_container_that_was_frozen_over_the_expiry_serves_nothing_old(container: Container, aws: Aws) -> None:
    first = container.job().key_id
    aws.clock.now += HOUR + 1
    assert container.job(exp=NOW + 9000).key_id != first


def test_a_refusal_is_believed_for_at_most_two_minutes() -> None:
    clock = Clock()
    local = cache(clock)
    local.deny("a", RoleDeniedError("no"))
    assert local.denial("a")
    clock.now += 120
    assert local.denial("a") is None


def test_another_epoch_forgets_sessions_and_refusals() -> None:
    local = cache(Clock())
    local.use_epoch(1)
    local.put("a", credentials())
    local.deny("b", RoleDeniedError("no"))
    local.use_epoch(1)
    assert local.find("a")
    local.use_epoch(2)
    assert (local.find("a"), local.denial("b"), local.sweep()) == (None, None, 0)


def test_putting_a_renewal_off_keeps_the_session() -> None:
    clock = Clock()
    local = cache(clock)
    local.put("a", credentials(NOW + FLOOR + 30))
    held = local.find("a")
    assert held is not None
    assert held.is_due(clock.now, FLOOR)
    local.put_off("a", 5)
    local.put_off("b", 5)
    held = local.find("a")
    assert held is not None
    assert not held.is_due(clock.now + 4, FLOOR)
    assert held.is_due(clock.now + 5, FLOOR)


def test_renewals_are_spread_over_a_minute() -> None:
    local = cache(Clock())
    for number in range(50):
        local.put(str(number), credentials())
    ahead = [held.renew_ahead_seconds for n in range(50) if (held := local.find(str(n)))]
    assert 60 <= min(ahead) < max(ahead) < 120
    assert len(set(ahead)) == 50


def test_one_call_serves_all_who_ask(container: Container, aws: Aws) -> None:
    aws.sts.gate = threading.Event()
    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(container.job) for _ in range(20)]
        until(lambda: aws.sts.requests)
        aws.sts.gate.set()
        keys = {one.result().key_id for one in asked}
    assert (len(keys), len(aws.sts.requests)) == (1, 1)
    assert container.flush()["AssumeRoleCacheHits"] == 19


def test_a_hit_waits_for_nobody(containers: Callable[..., Container], aws: Aws) -> None:
    one = containers()
    one.job()
    aws.sts.gate = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(one.job, ref="other")
        until(lambda: len(aws.sts.requests) == 2)
        assert one.job().status == 200
        assert not slow.done()
        aws.sts.gate.set()
        assert slow.result().status == 200


def test_waiters_survive_the_failure_of_the_first_caller(container: Container, aws: Aws) -> None:
    aws.sts.gate = threading.Event()
    aws.sts.failures = [refusal("MalformedPolicyDocument")]
    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(container.job)
        until(lambda: aws.sts.requests)
        others = [pool.submit(container.job) for _ in range(5)]
        time.sleep(0.05)
        aws.sts.gate.set()
        assert first.result().status == 403
        assert [one.result().status for one in others] == [200] * 5
    assert (len(aws.sts.requests), aws.sts.most_at_once) == (2, 1)


def test_waiters_survive_that_the_first_caller_leaves(container: Container, aws: Aws) -> None:
    aws.sts.gate = threading.Event()
    assert container.job(seconds=0.05).status == 503
    with ThreadPoolExecutor(1) as pool:
        waiter = pool.submit(container.job)
        until(lambda: aws.sts.requests)
        aws.sts.gate.set()
        assert waiter.result().status == 200
    assert len(aws.sts.requests) == 1


def test_a_session_is_renewed_ahead_by_one_while_the_others_are_served(container: Container, aws: Aws) -> None:
    first = container.job().key_id
    aws.clock.now += HOUR - FLOOR - 30
    aws.sts.gate = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        renewing = pool.submit(container.job, exp=NOW + 9000)
        until(lambda: len(aws.sts.requests) == 2)
        assert container.job(exp=NOW + 9000).key_id == first
        aws.sts.gate.set()
        renewing.result()
    assert container.job(exp=NOW + 9000).key_id != first
    assert len(aws.sts.requests) == 2


def test_a_session_far_from_its_floor_is_not_renewed(container: Container, aws: Aws) -> None:
    first = container.job().key_id
    aws.clock.now += HOUR - FLOOR - 121
    assert container.job().key_id == first
    assert len(aws.sts.requests) == 1


def test_a_session_at_its_floor_is_not_served(container: Container, aws: Aws) -> None:
    container.job()
    aws.clock.now += HOUR - FLOOR
    aws.sts.down = refusal("InternalFailure", 500)
    assert container.job(exp=NOW + 9000, seconds=0.1).status == 503


def test_a_renewal_that_fails_or_hangs_keeps_the_valid_session(container: Container, aws: Aws) -> None:
    first = container.job().key_id
    aws.clock.now += HOUR - FLOOR - 30
    aws.sts.down = refusal("ServiceUnavailable", 503)
    assert [container.job(exp=NOW + 9000).key_id for _ in range(5)] == [first] * 5
    assert len(aws.sts.requests) == 2
    aws.sts.down = None
    aws.clock.now += 5
    aws.sts.gate = threading.Event()
    started_at = time.perf_counter()
    assert container.job(exp=NOW + 9000).key_id == first
    assert time.perf_counter() - started_at < 3
    aws.sts.gate.set()


def test_a_role_that_was_withdrawn_does_not_take_back_what_is_valid(container: Container, aws: Aws) -> None:
    first = container.job().key_id
    aws.clock.now += HOUR - FLOOR - 30
    aws.sts.down = refusal("AccessDenied", 403)
    assert [container.job(exp=NOW + 9000).key_id for _ in range(2)] == [first] * 2
    aws.clock.now += 30
    assert container.job(exp=NOW + 9000).status == 403


@pytest.mark.parametrize(("asked", "served_until"), [(1, 3600), (960, 2640), (3300, 300), (100_000, 300)])
def test_a_host_says_how_long_credentials_must_be_valid(
    containers: Callable[..., Container], aws: Aws, asked: int, served_until: int
) -> None:
    one = containers(shared=False)
    first = one.host(min_validity_seconds=asked)["AccessKeyId"]
    aws.sts.down = refusal("InternalFailure", 500)
    aws.clock.now = NOW + served_until - 2
    assert one.host(min_validity_seconds=asked)["AccessKeyId"] == first
    aws.clock.now = NOW + served_until
    with pytest.raises(UnavailableError):
        one.host(0.1, min_validity_seconds=asked)


def test_a_short_session_is_shared_whatever_validity_is_asked_for(
    containers: Callable[..., Container], aws: Aws
) -> None:
    short = {"role_arn": ROLE, "callers": "runner", "kind": "s3_cache", "duration_seconds": 1800}
    one = containers(grants(short=short))
    keys = {one.host(grant="short", min_validity_seconds=3300)["AccessKeyId"] for _ in range(3)}
    assert (len(keys), len(aws.sts.requests)) == (1, 1)


def test_who_needs_more_validity_does_not_take_what_another_has_fetched(
    containers: Callable[..., Container], aws: Aws
) -> None:
    first, second = containers(), containers()
    first.host(min_validity_seconds=60)
    aws.clock.now += 1800
    aws.dynamo.delay_seconds = 0.05
    with ThreadPoolExecutor(2) as pool:
        modest = pool.submit(second.host, min_validity_seconds=60)
        until(lambda: second.flights._under_way)
        demanding = pool.submit(second.host, min_validity_seconds=3000)
        assert modest.result()["Expiration"] == "2026-11-22T04:00:00Z"
        assert demanding.result()["Expiration"] == "2026-11-22T04:30:00Z"


def test_a_call_that_fails_unexpectedly_is_told_to_its_caller_and_to_who_waits() -> None:
    gate = threading.Event()

    def broken() -> str:
        gate.wait(5)
        raise ZeroDivisionError

    with ThreadPoolExecutor(2) as pool:
        flights: Flights[str] = Flights(pool, 1)
        flight, other = flights.join("a", broken), flights.join("a", broken)
        assert (flight.leads, other.leads, flights.is_under_way("a")) == (True, False, True)
        with pytest.raises(BusyError):
            flights.join("b", broken)
        assert not flight.has_landed(Deadline(0.01))
        gate.set()
        assert other.has_landed(Deadline(5))
        assert isinstance(other.future.exception(), ZeroDivisionError)
    assert not flights.is_under_way("a")
