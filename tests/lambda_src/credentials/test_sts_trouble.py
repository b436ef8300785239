"""STS refuses, throttles, is slow or is gone."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.lambda_src.credentials.fakes import refusal, until
from tests.lambda_src.credentials.world import ROLE, Container, grants

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lambda_src.credentials.world import Aws


def test_a_refused_role_is_asked_for_once_a_minute(container: Container, aws: Aws) -> None:
    aws.sts.down = refusal("AccessDenied", 403)
    assert [container.job().status for _ in range(5)] == [403] * 5
    assert len(aws.sts.requests) == 1
    aws.sts.down = None
    aws.clock.now += 61
    assert container.job().status == 200


def test_other_errors_are_never_cached(container: Container, aws: Aws) -> None:
    aws.sts.failures = [refusal("PackedPolicyTooLarge"), refusal("RegionDisabledException", 403)]
    assert [container.job().status for _ in range(3)] == [403, 403, 200]


def test_sts_down_for_ten_minutes_hurts_only_who_has_nothing(container: Container, aws: Aws) -> None:
    first = container.job().key_id
    aws.sts.down = refusal("InternalFailure", 500)
    for _ in range(3):
        aws.clock.now += 200
        assert container.job().key_id == first
        started_at = time.perf_counter()
        refused = container.job(ref="other", seconds=0.2)
        assert (refused.status, refused.raw["headers"]["Retry-After"]) == (503, "1")
        assert time.perf_counter() - started_at < 2
    aws.sts.down = None
    assert container.job(ref="other").status == 200


def test_slow_sts_is_503_in_time_and_served_as_soon_as_it_answers(container: Container, aws: Aws) -> None:
    aws.sts.gate = threading.Event()
    for _ in range(3):
        started_at = time.perf_counter()
        refused = container.job(seconds=0.1)
        assert (refused.status, refused.raw["headers"]["Retry-After"]) == (503, "1")
        assert time.perf_counter() - started_at < 2
    until(lambda: aws.sts.requests)
    assert len(aws.sts.requests) == 1
    aws.sts.gate.set()
    assert container.job().status == 200
    assert len(aws.sts.requests) == 1


def test_slow_sts_is_not_asked_again_for_a_grant_that_is_not_cached(
    containers: Callable[..., Container], aws: Aws
) -> None:
    plain = {"role_arn": ROLE, "callers": "gitlab_job", "match": {"project_id": 20}, "cache": False}
    one = containers(grants(plain=plain))
    aws.sts.gate = threading.Event()
    assert [one.job(grant="plain", seconds=0.1).status for _ in range(3)] == [503] * 3
    until(lambda: aws.sts.requests)
    assert len(aws.sts.requests) == 1
    aws.sts.gate.set()
    # What the first call has brought belongs to whom it was made for, and to nobody else.
    assert one.job(grant="plain").status == 200
    assert len(aws.sts.requests) == 2


def test_a_host_waits_for_slow_sts_within_its_budget(container: Container, aws: Aws) -> None:
    aws.sts.gate = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(container.host)
        until(lambda: aws.sts.requests)
        aws.sts.gate.set()
        assert waiting.result()["Version"] == 1


def test_throttling_is_retried_within_the_budget(container: Container, aws: Aws) -> None:
    aws.sts.failures = [refusal("Throttling"), refusal("IDPCommunicationError"), refusal("InternalFailure", 500)]
    assert container.job().status == 200
    assert len(aws.sts.requests) == 4


def test_an_answer_without_credentials_is_a_failure(container: Container, aws: Aws) -> None:
    aws.sts.empty = True
    assert container.job(seconds=0.1).status == 503
    assert container.flush()["AssumeRoleFailures"] >= 1


def test_at_most_five_calls_of_sts_are_under_way(containers: Callable[..., Container], aws: Aws) -> None:
    one = containers(grants(), shared=False)
    aws.sts.delay_seconds = 0.03
    with ThreadPoolExecutor(12) as pool:
        asked = [pool.submit(one.job, ref=f"branch-{n}") for n in range(12)]
        assert {job.result().status for job in asked} == {200}
    assert aws.sts.most_at_once == 5
    waits = one.flush()["AssumeRoleWaitSeconds"]
    assert (len(waits), max(waits) > 0.02) == (12, True)
    assert one.sts.in_flight == 0


def test_too_many_calls_under_way_are_429(container: Container, aws: Aws) -> None:
    aws.sts.gate = threading.Event()
    for number in range(16):
        assert container.job(ref=f"branch-{number}", seconds=0.01).status == 503
    busy = container.job(ref="one-more")
    assert (busy.status, busy.body["Code"]) == (429, "TooManyRequests")
    aws.sts.gate.set()


def test_an_unforeseen_failure_of_a_call_is_503_and_not_kept(container: Container, aws: Aws) -> None:
    aws.sts.down = ZeroDivisionError()
    assert container.job().status == 503
    aws.sts.down = None
    aws.clock.now += 6
    assert container.job().status == 200
