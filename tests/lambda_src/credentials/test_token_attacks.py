"""Attacks on the id_token: each is refused, and none of them reaches STS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from credentials.authenticate import token as token_module
from credentials.authenticate.claims import SKEW_SECONDS
from tests.lambda_src.credentials import tokens
from tests.lambda_src.credentials.fakes import NOW

if TYPE_CHECKING:
    from tests.lambda_src.credentials.world import Answer, Aws, Container

HEAD = json.dumps({"kid": tokens.KID, "typ": "JWT", "alg": "RS256"}).encode()
GOOD = json.dumps(tokens.claims()).encode()


def refused(container: Container, aws: Aws, token: str) -> Answer:
    given = container.job(token)
    assert given.status == 401
    assert given.body["Code"] == "InvalidToken"
    assert aws.sts.requests == []
    return given


def test_a_genuine_token_is_accepted_so_that_the_others_mean_something(container: Container) -> None:
    assert container.job(tokens.token()).status == 200
    assert container.job(tokens.sign(HEAD, GOOD)).status == 200


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", ""])
def test_alg_none_is_refused(container: Container, aws: Aws, alg: str) -> None:
    refused(container, aws, tokens.unsigned(alg))
    refused(container, aws, tokens.unsigned(alg, "AA"))


def test_hs256_with_the_public_key_as_the_secret_is_refused(container: Container, aws: Aws) -> None:
    refused(container, aws, tokens.hs256_with_public_key())


@pytest.mark.parametrize("alg", ["RS384", "RS512", "PS256", "ES256", "EdDSA", "rs256", ["RS256"], None, 256])
def test_another_algorithm_is_refused(container: Container, aws: Aws, alg: object) -> None:
    refused(container, aws, tokens.token(header={"alg": alg}))


def test_a_foreign_key_under_our_kid_is_refused(container: Container, aws: Aws) -> None:
    refused(container, aws, tokens.token("attacker"))


def test_a_foreign_key_under_its_own_kid_is_refused(container: Container, aws: Aws) -> None:
    refused(container, aws, tokens.token("attacker", {"kid": "attacker"}))


def test_changed_claims_under_the_old_signature_are_refused(container: Container, aws: Aws) -> None:
    head, _, signature = tokens.token().split(".")
    forged = tokens.b64(json.dumps(tokens.claims(project_id="1")).encode())
    refused(container, aws, f"{head}.{forged}.{signature}")


def test_a_signature_that_was_cut_or_padded_is_refused(container: Container, aws: Aws) -> None:
    good = tokens.token()
    for bad in (good[:-4], good + "AAAA", good + "=", good + ".", "." + good, good.rsplit(".", 1)[0] + "."):
        refused(container, aws, bad)


@pytest.mark.parametrize(
    "issuer",
    [
        "https://gitlab.example.com.attacker.example",
        "https://gitlab.example.com/",
        "http://gitlab.example.com",
        "HTTPS://GITLAB.EXAMPLE.COM",
        "",
        None,
        ["https://gitlab.example.com"],
        {"a": 1},
    ],
)
def test_a_wrong_or_missing_issuer_is_refused(container: Container, aws: Aws, issuer: object) -> None:
    refused(container, aws, tokens.token(iss=issuer))


@pytest.mark.parametrize(
    "audience",
    [
        "https://credentials.example.com.attacker.example",
        "https://credentials.example.co",
        "",
        None,
        [],
        ["other"],
        [["https://credentials.example.com"]],
        [tokens.AUDIENCE, 7],
        {tokens.AUDIENCE: 1},
        7,
    ],
)
def test_a_wrong_or_missing_audience_is_refused(container: Container, aws: Aws, audience: object) -> None:
    refused(container, aws, tokens.token(aud=audience))


def test_an_audience_in_a_list_is_accepted(container: Container) -> None:
    assert container.job(aud=["https://other.example.com", tokens.AUDIENCE]).status == 200


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("value", [None, "1795316400", True, 1e300, -1, 10**18, [], {}], ids=repr)
def test_a_missing_or_malformed_time_is_refused(container: Container, aws: Aws, name: str, value: object) -> None:
    changed: dict[str, Any] = {name: value}
    refused(container, aws, tokens.token(**changed))


def test_not_a_number_is_no_time(container: Container, aws: Aws) -> None:
    payload = GOOD.replace(str(NOW + 3590).encode(), b"NaN")
    refused(container, aws, tokens.sign(HEAD, payload))


@pytest.mark.parametrize(
    ("name", "value"), [("exp", NOW - SKEW_SECONDS), ("nbf", NOW + SKEW_SECONDS + 1), ("iat", NOW + SKEW_SECONDS + 1)]
)
def test_a_token_of_another_time_is_refused(container: Container, aws: Aws, name: str, value: int) -> None:
    changed: dict[str, Any] = {name: value}
    refused(container, aws, tokens.token(**changed))


@pytest.mark.parametrize(
    ("name", "value"), [("exp", NOW - SKEW_SECONDS + 1), ("nbf", NOW + SKEW_SECONDS), ("iat", NOW + SKEW_SECONDS)]
)
def test_clocks_may_differ_by_a_minute(container: Container, name: str, value: int) -> None:
    changed: dict[str, Any] = {name: value}
    assert container.job(**changed).status == 200


def test_a_replay_after_expiry_is_refused_although_the_session_is_cached(container: Container, aws: Aws) -> None:
    recorded = tokens.token(exp=NOW + 300)
    assert container.job(recorded).status == 200
    aws.clock.now += 300 + SKEW_SECONDS
    assert container.local.sweep() == 1
    assert container.job(recorded).status == 401


def test_duplicate_claims_are_refused(container: Container, aws: Aws) -> None:
    payload = GOOD[:-1] + b', "project_id": "1"}'
    refused(container, aws, tokens.sign(HEAD, payload))


def test_duplicate_header_names_are_refused(container: Container, aws: Aws) -> None:
    refused(container, aws, tokens.sign(HEAD[:-1] + b', "alg": "none"}', GOOD))
    refused(container, aws, tokens.sign(b'{"alg": "none", ' + HEAD[1:], GOOD))


@pytest.mark.parametrize(
    "kid",
    [
        None,
        "",
        7,
        [tokens.KID],
        {"a": 1},
        "../../etc/passwd",
        "' OR 1=1 --",
        "https://attacker.example/keys",
        "file:///dev/null",
        tokens.KID + "\x00",
        tokens.KID.upper(),
        "x" * 257,
    ],
    ids=repr,
)
def test_kid_tricks_are_refused(container: Container, aws: Aws, kid: object) -> None:
    refused(container, aws, tokens.token(header={"kid": kid}))


@pytest.mark.parametrize("name", ["jku", "x5u"])
def test_a_header_that_points_to_keys_is_refused_and_never_fetched(container: Container, aws: Aws, name: str) -> None:
    refused(container, aws, tokens.token(header={name: "https://attacker.example/keys"}))
    assert container.gitlab.fetches == 0


@pytest.mark.parametrize(
    "header",
    [
        {"jwk": tokens.jwk("attacker")},
        {"x5c": ["MII"]},
        {"crit": ["exp"]},
        {"b64": False, "crit": ["b64"]},
        {"zip": "DEF"},
        {"enc": "A256GCM"},
    ],
    ids=lambda header: next(iter(header)),
)
def test_a_header_that_changes_keys_or_content_is_refused(
    container: Container, aws: Aws, header: dict[str, Any]
) -> None:
    refused(container, aws, tokens.token(header=header))
    refused(container, aws, tokens.token("attacker", header))


def test_an_oversized_token_is_refused_before_anything_is_decoded(container: Container, aws: Aws) -> None:
    refused(container, aws, tokens.token(padding="x" * token_module.MAX_TOKEN))
    refused(container, aws, "A" * 10_000_000)
    assert container.gitlab.fetches == 0


@pytest.mark.parametrize(
    "bad",
    [
        "",
        ".",
        "..",
        "a.b",
        "a.b.c.d",
        "é.é.é",
        "\uff41.\uff42.\uff43",
        "a b.c.d",
        "a.b.c\n",
        "a.b.c\x00",
        "a+b.c/d.e",
        "\u0661.\u0662.\u0663",
        "\ud800.a.a",
    ],
    ids=ascii,
)
def test_text_that_is_no_token_is_refused(container: Container, aws: Aws, bad: str) -> None:
    refused(container, aws, bad)


def test_a_genuine_token_with_other_characters_around_is_refused(container: Container, aws: Aws) -> None:
    for bad in (f"{tokens.token()}\n", f"\ufeff{tokens.token()}", f"{tokens.token()}é", f"Basic {tokens.token()}"):
        refused(container, aws, bad)


@pytest.mark.parametrize(
    "header",
    [b"", b"{", b"[]", b"7", b"null", b'"RS256"', b"\xff\xfe", b"[" * 5000, b'{"alg": NaN}'],
    ids=lambda header: repr(header[:12]),
)
def test_a_header_that_is_no_object_is_refused(container: Container, aws: Aws, header: bytes) -> None:
    refused(container, aws, tokens.sign(header, GOOD))


@pytest.mark.parametrize(
    "payload",
    [b"{", b"[]", b"7", b"null", b"\xff", b"[" * 5000, b'{"exp": ' + b"9" * 5000 + b"}"],
    ids=lambda payload: repr(payload[:12]),
)
def test_a_payload_that_is_no_object_is_refused(container: Container, aws: Aws, payload: bytes) -> None:
    refused(container, aws, tokens.sign(HEAD, payload))


def test_a_refusal_does_not_tell_what_was_wrong(container: Container, aws: Aws) -> None:
    bodies = {
        json.dumps(refused(container, aws, bad).body)
        for bad in (
            "",
            "a.b.c",
            tokens.unsigned(),
            tokens.token("attacker"),
            tokens.token(exp=1),
            tokens.token(iss="x"),
        )
    }
    assert len(bodies) == 1
