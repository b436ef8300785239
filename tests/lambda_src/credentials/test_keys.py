from __future__ import annotations

import json

import pytest

from credentials.authenticate.key_set import KeySetError, parse_keys
from credentials.authenticate.keys import KeyStore
from credentials.budget import Deadline
from credentials.errors import TokenError, UnavailableError
from tests.lambda_src.credentials import tokens
from tests.lambda_src.credentials.fakes import Clock
from tests.lambda_src.credentials.world import GitLabFake

SOON = Deadline(1)


@pytest.fixture
def gitlab() -> GitLabFake:
    return GitLabFake()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(gitlab: GitLabFake, clock: Clock) -> KeyStore:
    return KeyStore(gitlab.fetch, clock)


def test_keys_are_fetched_once_and_held(store: KeyStore, gitlab: GitLabFake, clock: Clock) -> None:
    store.find(tokens.KID, SOON)
    clock.now += 299
    store.find(tokens.KID, SOON)
    assert gitlab.fetches == 1
    clock.now += 1
    store.find(tokens.KID, SOON)
    assert gitlab.fetches == 2


def test_a_new_key_is_found_at_once(store: KeyStore, gitlab: GitLabFake, clock: Clock) -> None:
    store.find(tokens.KID, SOON)
    clock.now += 31
    gitlab.keys = tokens.key_set(tokens.jwk(), tokens.jwk("gitlab-key-2"))
    assert store.find("gitlab-key-2", SOON).key_size == 2048


def test_a_new_key_is_found_at_once_though_an_unknown_one_was_asked_for_just_now(
    store: KeyStore, gitlab: GitLabFake, clock: Clock
) -> None:
    with pytest.raises(TokenError):
        store.find("unknown", SOON)
    clock.now += 1
    gitlab.keys = tokens.key_set(tokens.jwk(), tokens.jwk("gitlab-key-2"))
    assert store.find("gitlab-key-2", SOON)


def test_one_unknown_kid_makes_one_fetch_in_ten_seconds(store: KeyStore, gitlab: GitLabFake, clock: Clock) -> None:
    for _ in range(20):
        with pytest.raises(TokenError):
            store.find("unknown", SOON)
        clock.now += 1
    assert gitlab.fetches == 2


def test_made_up_kids_make_a_few_fetches_a_minute(store: KeyStore, gitlab: GitLabFake, clock: Clock) -> None:
    refused = []
    for number in range(240):
        with pytest.raises((TokenError, UnavailableError)) as caught:
            store.find(f"unknown-{number}", SOON)
        refused.append(caught.type)
        clock.now += 0.5
    # The first fetch of all, and four in each of two minutes.
    assert gitlab.fetches == 9
    # Who cannot be told apart from a key that GitLab has just made is told to try again.
    assert refused.count(TokenError) == 9


def test_made_up_kids_hide_a_new_key_for_less_than_a_minute(store: KeyStore, gitlab: GitLabFake, clock: Clock) -> None:
    store.find(tokens.KID, SOON)
    gitlab.keys = tokens.key_set(tokens.jwk(), tokens.jwk("gitlab-key-2"))
    for number in range(4):
        clock.now += 0.1
        with pytest.raises(TokenError):
            store.find(f"unknown-{number}", SOON)
    # Any of those fetches got the new key, too.
    fetches = gitlab.fetches
    assert store.find("gitlab-key-2", SOON)
    assert gitlab.fetches == fetches
    gitlab.keys = tokens.key_set(tokens.jwk(), tokens.jwk("gitlab-key-3"))
    clock.now += 0.1
    with pytest.raises(UnavailableError):
        store.find("gitlab-key-3", SOON)
    clock.now += 60
    assert store.find("gitlab-key-3", SOON)


def test_a_slow_first_fetch_is_tried_again_after_a_second(store: KeyStore, gitlab: GitLabFake, clock: Clock) -> None:
    gitlab.failure = KeySetError("slow")
    with pytest.raises(UnavailableError):
        store.find(tokens.KID, SOON)
    gitlab.failure = None
    clock.now += 0.9
    with pytest.raises(UnavailableError):
        store.find(tokens.KID, SOON)
    clock.now += 0.1
    assert store.find(tokens.KID, SOON)
    assert gitlab.fetches == 2


def test_a_withdrawn_key_is_refused_after_five_minutes(store: KeyStore, gitlab: GitLabFake, clock: Clock) -> None:
    store.find(tokens.KID, SOON)
    gitlab.keys = tokens.key_set(tokens.jwk("gitlab-key-2"))
    clock.now += 300
    with pytest.raises(TokenError):
        store.find(tokens.KID, SOON)


def test_a_restart_of_gitlab_stops_nobody_for_an_hour(store: KeyStore, gitlab: GitLabFake, clock: Clock) -> None:
    store.find(tokens.KID, SOON)
    gitlab.failure = KeySetError("down")
    for _ in range(11):
        clock.now += 300
        assert store.find(tokens.KID, SOON)
    clock.now += 300
    with pytest.raises(UnavailableError):
        store.find(tokens.KID, SOON)
    gitlab.failure = None
    clock.now += 11
    assert store.find(tokens.KID, SOON)


def test_a_gitlab_that_is_down_is_not_asked_at_every_request(store: KeyStore, gitlab: GitLabFake, clock: Clock) -> None:
    gitlab.failure = KeySetError("down")
    for _ in range(40):
        with pytest.raises(UnavailableError):
            store.find(tokens.KID, SOON)
        clock.now += 0.25
    assert gitlab.fetches == 10


def test_with_keys_at_hand_a_gitlab_that_is_down_is_asked_every_ten_seconds(
    store: KeyStore, gitlab: GitLabFake, clock: Clock
) -> None:
    store.find(tokens.KID, SOON)
    gitlab.failure = KeySetError("down")
    clock.now += 300
    for _ in range(20):
        assert store.find(tokens.KID, SOON)
        clock.now += 1
    assert gitlab.fetches == 3


def test_an_unknown_key_while_gitlab_is_down_is_not_called_a_bad_token(
    store: KeyStore, gitlab: GitLabFake, clock: Clock
) -> None:
    store.find(tokens.KID, SOON)
    clock.now += 40
    gitlab.failure = KeySetError("down")
    with pytest.raises(UnavailableError):
        store.find("gitlab-key-2", SOON)


def test_a_clock_that_went_backwards_fetches_again(store: KeyStore, gitlab: GitLabFake, clock: Clock) -> None:
    store.find(tokens.KID, SOON)
    clock.now -= 10
    store.find(tokens.KID, SOON)
    assert gitlab.fetches == 2


def test_keys_for_other_purposes_are_left_out() -> None:
    others = [
        {"kty": "EC", "kid": "ec", "crv": "P-256"},
        tokens.jwk(use="enc", kid="a"),
        tokens.jwk(alg="RS512", kid="b"),
        tokens.jwk(kid=7),
        "no key",
    ]
    text = json.dumps({"keys": [*others, tokens.jwk()]}).encode()
    assert list(parse_keys(text)) == [tokens.KID]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"keys": {}}',
        b'{"keys": []}',
        b'{"keys": [], "keys": []}',
        json.dumps({"keys": [{}] * 101}).encode(),
        tokens.key_set(tokens.jwk(n="AQAB")),
        tokens.key_set(tokens.jwk(n=7)),
        tokens.key_set(tokens.jwk(e="")),
        tokens.key_set(tokens.jwk(), tokens.jwk("other", kid=tokens.KID)),
        tokens.key_set(tokens.jwk("small", 1024)),
    ],
    ids=lambda text: repr(text[:24]),
)
def test_a_key_set_that_is_not_sound_is_refused(text: bytes) -> None:
    with pytest.raises(KeySetError):
        parse_keys(text)
