"""L2: many containers, one call; and whatever is wrong with it, everybody is served."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError

from credentials.shared_cache import NoSharedCache
from tests.lambda_src.credentials.fakes import CANARY_SECRET, CANARY_SESSION, NOW, refusal, until
from tests.lambda_src.credentials.world import Aws, Container, grants

if TYPE_CHECKING:
    from collections.abc import Callable

HOUR = 3600
FLOOR = 960
DOWN = EndpointConnectionError(endpoint_url="https://dynamodb.eu-west-1.amazonaws.com")


def at_once(made: list[Container], seconds: float = 10, **claims: Any) -> list[tuple[int, float, str]]:
    """Let every container ask at the same moment; return status, seconds taken and key id of each."""
    barrier = threading.Barrier(len(made))

    def ask(one: Container) -> tuple[int, float, str]:
        barrier.wait()
        started_at = time.perf_counter()
        given = one.job(seconds=seconds, **claims)
        return given.status, time.perf_counter() - started_at, given.body.get("AccessKeyId", "")

    with ThreadPoolExecutor(len(made)) as pool:
        return [one.result() for one in [pool.submit(ask, one) for one in made]]


def item(aws: Aws) -> dict[str, Any]:
    (only,) = aws.dynamo.items.values()
    return only


def test_a_session_that_one_container_made_serves_the_others(containers: Callable[..., Container], aws: Aws) -> None:
    first, second = containers(), containers()
    assert first.job().key_id == second.job().key_id
    assert len(aws.sts.requests) == 1
    assert second.flush()["SharedCacheHits"] == 1
    assert second.lines.figures()["AssumeRoleCacheHits"] == 1


def test_twenty_cold_containers_make_one_call(containers: Callable[..., Container], aws: Aws) -> None:
    aws.sts.delay_seconds = 0.1
    answers = at_once([containers() for _ in range(20)])
    assert ({status for status, _, _ in answers}, len({key for _, _, key in answers})) == ({200}, 1)
    assert len(aws.sts.requests) == 1


def test_the_death_of_the_lease_holder_delays_nobody_beyond_patience(
    containers: Callable[..., Container], aws: Aws
) -> None:
    made = [containers() for _ in range(4)]
    made[0].job(ref="other")
    # A container that has taken the lease and was killed.
    (known,) = aws.dynamo.items
    key = known.replace(known, _key_of(made[0], aws))
    aws.dynamo.items = {key: {"id": {"S": key}, "lease_owner": {"S": "dead"}, "lease_until": {"N": str(NOW + 5)}}}
    aws.sts.requests.clear()
    answers = at_once(made)
    assert {status for status, _, _ in answers} == {200}
    # The lease would end after 5 seconds; the benchmark holds the 900 ms.
    assert max(seconds for _, seconds, _ in answers) < 3
    assert 1 <= len(aws.sts.requests) <= 4


def _key_of(one: Container, aws: Aws) -> str:
    """Return the table's id of the usual session."""
    before = set(aws.dynamo.items)
    one.job()
    (key,) = set(aws.dynamo.items) - before
    one.local.use_epoch(99)
    one.local.use_epoch(1)
    return key


def test_a_lease_that_is_over_is_taken_by_the_next(containers: Callable[..., Container], aws: Aws) -> None:
    key = _key_of(containers(), aws)
    aws.dynamo.items = {key: {"id": {"S": key}, "lease_owner": {"S": "dead"}, "lease_until": {"N": str(NOW - 1)}}}
    aws.dynamo.calls.clear()
    assert containers().job().status == 200
    assert aws.dynamo.calls == ["get", "update", "put"]
    assert "lease_owner" not in item(aws)


def test_a_failed_mint_gives_its_lease_back(containers: Callable[..., Container], aws: Aws) -> None:
    aws.sts.failures = [refusal("PackedPolicyTooLarge")]
    assert containers().job().status == 403
    assert "lease_owner" not in item(aws)


def test_what_is_stored_is_encrypted_and_bound_to_its_place(container: Container, aws: Aws) -> None:
    container.job()
    stored = item(aws)
    assert stored.keys() == {"id", "data", "expires_at", "ttl"}
    assert stored["ttl"] == {"N": str(NOW + HOUR - 300)}
    clear = repr(stored)
    assert CANARY_SECRET not in clear
    assert CANARY_SESSION not in clear
    (context,) = aws.kms.contexts
    assert context.keys() == {"table", "key", "role", "expires_at"}
    assert stored["id"] == {"S": f"session#{context['key']}"}


@pytest.mark.parametrize(
    ("age", "is_served"), [(HOUR - FLOOR - 121, True), (HOUR - FLOOR - 120, False), (HOUR - 300, False)]
)
def test_a_session_is_served_while_it_has_more_than_floor_and_margin(
    containers: Callable[..., Container], aws: Aws, age: int, is_served: bool
) -> None:
    first = containers().job().key_id
    aws.clock.now += age
    assert (containers().job(exp=NOW + 9000).key_id == first) == is_served


def test_a_session_kept_too_long_is_not_served_although_it_is_valid(
    containers: Callable[..., Container], aws: Aws
) -> None:
    first = containers().host(min_validity_seconds=1)["AccessKeyId"]
    aws.clock.now += HOUR - 300
    assert containers().host(min_validity_seconds=1)["AccessKeyId"] != first


def test_another_container_that_renews_is_not_waited_for(containers: Callable[..., Container], aws: Aws) -> None:
    one = containers()
    first = one.job().key_id
    aws.clock.now += HOUR - FLOOR - 30
    item(aws).update(lease_owner={"S": "other"}, lease_until={"N": str(aws.clock.now + 5)})
    aws.dynamo.calls.clear()
    assert one.job(exp=NOW + 9000).key_id == first
    assert (aws.dynamo.calls, len(aws.sts.requests)) == (["get"], 1)


CHANGES: list[tuple[str, Any]] = [
    ("data", {"B": b""}),
    ("data", {"B": b"garbage"}),
    ("data", {"S": "text"}),
    ("data", {"B": "text"}),
    ("data", "no attribute"),
    ("expires_at", {"N": str(NOW + HOUR + 1)}),
    ("expires_at", {"N": "soon"}),
    ("expires_at", {"N": "Infinity"}),
    ("expires_at", {"N": "NaN"}),
    ("expires_at", None),
    ("ttl", {"N": "0"}),
]


@pytest.mark.parametrize(("name", "value"), CHANGES, ids=[f"{n}-{v}" for n, v in CHANGES])
def test_a_changed_item_is_never_served_and_heals(
    containers: Callable[..., Container], aws: Aws, name: str, value: Any
) -> None:
    first = containers().job().key_id
    item(aws)[name] = value
    second = containers().job()
    assert second.status == 200
    assert second.key_id != first
    assert containers().job().key_id == second.key_id


def test_the_item_of_another_key_does_not_decrypt(containers: Callable[..., Container], aws: Aws) -> None:
    one = containers()
    stolen = one.job(ref="admin").key_id
    admin = item(aws)
    one.job()
    (other,) = [key for key in aws.dynamo.items if key != admin["id"]["S"]]
    aws.dynamo.items[other] = {**admin, "id": {"S": other}}
    fresh = containers()
    assert fresh.job().key_id != stolen
    assert fresh.flush()["SharedCacheErrors"] == 1


def test_an_item_that_decrypts_to_something_else_is_not_served(containers: Callable[..., Container], aws: Aws) -> None:
    containers().job()
    stored = item(aws)
    context = aws.kms.contexts[-1]
    for plaintext in (b"{}", b"garbage", json.dumps({"access_key_id": "", "secret_access_key": 1}).encode()):
        sealed = aws.kms.encrypt(KeyId="key-1", Plaintext=plaintext, EncryptionContext=context)
        stored["data"] = {"B": sealed["CiphertextBlob"]}
        aws.dynamo.items = {stored["id"]["S"]: dict(stored)}
        assert containers().job().status == 200


def test_credentials_too_large_for_kms_are_served_and_not_stored(
    containers: Callable[..., Container], aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.lambda_src.credentials.fakes.CANARY_SESSION", "x" * 4096)
    one = containers()
    assert one.job().status == 200
    assert (item(aws).get("data"), aws.kms.calls) == (None, [])


@pytest.mark.parametrize("service", ["dynamo", "kms"])
@pytest.mark.parametrize(
    "failure",
    [
        DOWN,
        refusal("ProvisionedThroughputExceededException"),
        refusal("ResourceNotFoundException"),
        refusal("AccessDeniedException"),
        refusal("InternalServerError", 500),
    ],
    ids=["down", "throttled", "missing", "denied", "error"],
)
def test_everyone_is_served_while_the_shared_cache_fails(
    containers: Callable[..., Container], aws: Aws, service: str, failure: Exception
) -> None:
    containers().job()
    broken = aws.dynamo if service == "dynamo" else aws.kms
    broken.failure = failure
    answers = at_once([containers() for _ in range(3)])
    assert [status for status, _, _ in answers] == [200, 200, 200]
    assert containers().job().status == 200


@pytest.mark.parametrize("service", ["dynamo", "kms"])
def test_everyone_is_served_in_time_while_the_shared_cache_hangs(
    containers: Callable[..., Container], aws: Aws, service: str
) -> None:
    containers().job()
    slow = aws.dynamo if service == "dynamo" else aws.kms
    slow.delay_seconds = 1
    one = containers(budget_seconds=0.1)
    started_at = time.perf_counter()
    assert one.job().status == 200
    assert time.perf_counter() - started_at < 0.9
    assert one.flush()["SharedCacheErrors"] == 1


def test_a_store_that_hangs_delays_the_answer_by_its_budget_only(
    containers: Callable[..., Container], aws: Aws
) -> None:
    one = containers(budget_seconds=0.1)
    aws.kms.delay_seconds = 1
    started_at = time.perf_counter()
    assert one.job().status == 200
    assert time.perf_counter() - started_at < 0.9


def test_credentials_that_sts_gave_are_served_although_storing_them_outlasts_the_request(
    containers: Callable[..., Container], aws: Aws
) -> None:
    aws.kms.delay_seconds = 1
    assert containers().job(seconds=0.4).status == 200


def test_a_lease_that_cannot_be_given_back_is_no_failure(containers: Callable[..., Container], aws: Aws) -> None:
    one = containers()
    aws.sts.gate = threading.Event()
    aws.sts.failures = [refusal("PackedPolicyTooLarge")]
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(one.job)
        until(lambda: aws.sts.requests)
        aws.dynamo.failure = DOWN
        aws.sts.gate.set()
        assert asked.result().status == 403


def test_a_shared_cache_that_is_switched_off_costs_nothing(containers: Callable[..., Container], aws: Aws) -> None:
    one = containers(grants(), shared=False)
    assert one.job().status == 200
    assert (aws.dynamo.calls, aws.kms.calls) == ([], [])
    assert "SharedCacheHits" not in one.flush()
    assert NoSharedCache().claim(None, None, patient=True).credentials is None  # type: ignore[arg-type]


def test_the_burst_of_the_seed_costs_two_calls(containers: Callable[..., Container], aws: Aws) -> None:
    made = [containers() for _ in range(8)]
    aws.sts.delay_seconds = 0.02

    def job(number: int) -> None:
        one = made[number % 8]
        for operation in ("download", "upload"):
            one.host(object="fleet-a/project/1/key", operation=operation)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(job, range(200)))
    figures = [one.flush() for one in made]
    assert len(aws.sts.requests) == 2
    assert sum(figure.get("AssumeRoleCacheHits", 0) for figure in figures) == 398
    assert sum(figure.get("AssumeRoleCacheMisses", 0) for figure in figures) == 2
