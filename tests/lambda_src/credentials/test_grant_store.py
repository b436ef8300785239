from __future__ import annotations

import pytest

from credentials.grant_store import DocumentError, GrantsObject, GrantStore
from tests.lambda_src.credentials.fakes import Clock, FakeS3, refusal

GOOD = b'{"version": 1, "grants": {}}'


def test_the_last_good_grants_are_kept_and_each_failure_alarms(caplog: pytest.LogCaptureFixture) -> None:
    clock, alarms, s3 = Clock(), list[bool](), FakeS3(GOOD)
    store = GrantStore(GrantsObject(lambda: s3, "b", "g"), clock, lambda: alarms.append(True))  # type: ignore[arg-type, return-value]
    good = store.current()
    for body, etag, failure in ((b"{", '"2"', None), (GOOD, '"3"', refusal("SlowDown", 503)), (b"", '"4"', None)):
        s3.body, s3.etag, s3.failure = body, etag, failure
        clock.now += 60
        assert store.current() is good
    assert len(alarms) == 3
    assert "not usable" in caplog.text
    s3.body, s3.etag = GOOD, '"5"'
    clock.now += 5
    assert store.current() is not good


def test_the_grants_are_read_once_a_minute() -> None:
    clock, s3 = Clock(), FakeS3(GOOD)
    store = GrantStore(GrantsObject(lambda: s3, "b", "g"), clock, lambda: None)  # type: ignore[arg-type, return-value]
    first = store.current()
    clock.now += 59
    store.current()
    assert s3.reads == 1
    clock.now += 1
    assert store.current() is first
    assert s3.reads == 2


def test_an_oversized_document_is_refused() -> None:
    s3 = FakeS3(GOOD, length=2_000_000)
    with pytest.raises(DocumentError, match="larger"):
        GrantsObject(lambda: s3, "b", "g").read("")  # type: ignore[arg-type, return-value]
