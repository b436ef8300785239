from __future__ import annotations

import base64
import ipaddress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from standardwebhooks import Webhook

from tests.lambda_src.webhook import fakes
from tests.lambda_src.webhook.fakes import KEY, NOW, SECRET_TOKEN, SIGNING_TOKEN, job_body, signed, with_headers
from webhook.request import Request
from webhook.verify import Rules, SigningTokenError, Verdict, verify

if TYPE_CHECKING:
    from collections.abc import Callable

SIGNED = Rules(signing_tokens=(SIGNING_TOKEN,))
TOKEN = Rules(secrets=(SECRET_TOKEN,))
RIGHT = signed(job_body())


def accepted(reason: str) -> Verdict:
    return Verdict(accepted=True, reason=reason)


def refused(reason: str) -> Verdict:
    return Verdict(accepted=False, reason=reason)


def plain(token: str | None = SECRET_TOKEN) -> Request:
    return Request("POST", "198.51.100.7", {} if token is None else {"x-gitlab-token": token}, b"{}")


def test_a_signature_by_gitlab_is_accepted() -> None:
    assert verify(RIGHT, SIGNED, NOW) == accepted("the signature is right")


def test_our_idea_of_a_signature_is_that_of_the_library() -> None:
    at = datetime.fromtimestamp(1795316400, tz=UTC)
    expected = Webhook(SIGNING_TOKEN).sign("evt-1", at, job_body().decode())
    assert expected == RIGHT.headers["webhook-signature"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"webhook_id": None}, "webhook-id is missing or malformed", id="no id"),
        pytest.param({"webhook_id": ""}, "webhook-id is missing or malformed", id="empty id"),
        pytest.param({"webhook_id": "evt.1"}, "webhook-id is missing or malformed", id="dot in id"),
        pytest.param({"webhook_id": "evt 1"}, "webhook-id is missing or malformed", id="space in id"),
        pytest.param({"webhook_id": "evt-1\n"}, "webhook-id is missing or malformed", id="line end in id"),
        pytest.param({"webhook_id": "x" * 256}, "webhook-id is missing or malformed", id="long id"),
        pytest.param({"webhook_id": "\ud800"}, "webhook-id is missing or malformed", id="lone surrogate in id"),
        pytest.param({"webhook_id": "evt-2"}, "no signature is right", id="another id"),
        pytest.param({"webhook_timestamp": None}, "webhook-timestamp is missing or malformed", id="no timestamp"),
        pytest.param({"webhook_timestamp": ""}, "webhook-timestamp is missing or malformed", id="empty timestamp"),
        pytest.param({"webhook_timestamp": "now"}, "webhook-timestamp is missing or malformed", id="words"),
        pytest.param({"webhook_timestamp": "nan"}, "webhook-timestamp is missing or malformed", id="nan"),
        pytest.param({"webhook_timestamp": "1e9"}, "webhook-timestamp is missing or malformed", id="exponent"),
        pytest.param({"webhook_timestamp": "-1795316400"}, "webhook-timestamp is missing or malformed", id="negative"),
        pytest.param({"webhook_timestamp": "1795316400.0"}, "webhook-timestamp is missing or malformed", id="fraction"),
        pytest.param({"webhook_timestamp": "01795316400"}, "webhook-timestamp is missing or malformed", id="zero"),
        pytest.param({"webhook_timestamp": " 1795316400"}, "webhook-timestamp is missing or malformed", id="space"),
        pytest.param({"webhook_timestamp": "1_795_316_400"}, "webhook-timestamp is missing or malformed", id="python"),
        pytest.param({"webhook_timestamp": "١٧٩٥٣١٦٤٠٠"}, "webhook-timestamp is missing or malformed", id="digits"),
        pytest.param({"webhook_timestamp": "9" * 13}, "webhook-timestamp is missing or malformed", id="far away"),
        pytest.param({"webhook_timestamp": "9" * 12}, "webhook-timestamp is too far from now", id="far"),
        pytest.param({"webhook_timestamp": "1795316401"}, "no signature is right", id="another timestamp"),
        pytest.param({"webhook_signature": None}, "no signature is right", id="no signature"),
        pytest.param({"webhook_signature": ""}, "no signature is right", id="empty signature"),
        pytest.param({"webhook_signature": "v1,"}, "no signature is right", id="empty value"),
        pytest.param({"webhook_signature": "v1"}, "no signature is right", id="no comma"),
        pytest.param({"webhook_signature": "v1,?"}, "no signature is right", id="not base64"),
        pytest.param({"webhook_signature": "v1,\xe9\ud800"}, "no signature is right", id="not ascii"),
    ],
)
def test_a_request_that_is_not_signed_right_is_refused(changes: dict[str, str | None], reason: str) -> None:
    assert verify(with_headers(RIGHT, **changes), SIGNED, NOW) == refused(reason)


@pytest.mark.parametrize(
    "spelling",
    [
        pytest.param(lambda s: s.replace("v1,", "v1a,"), id="another version"),
        pytest.param(lambda s: s.replace("v1,", ""), id="no version"),
        pytest.param(lambda s: s.rstrip("="), id="no padding"),
        pytest.param(lambda s: s + "=", id="more padding"),
        pytest.param(lambda s: s.replace("v1,", "V1,"), id="upper case"),
        pytest.param(lambda s: s + ",", id="one more part"),
        pytest.param(lambda s: "v1,AAAA\t" + s, id="a tab between two"),
    ],
)
def test_a_signature_has_one_spelling(spelling: Callable[[str], str]) -> None:
    changed = with_headers(RIGHT, webhook_signature=spelling(RIGHT.headers["webhook-signature"]))
    assert verify(changed, SIGNED, NOW) == refused("no signature is right")


@pytest.mark.parametrize("position", [0, 1, 2])
def test_one_right_signature_among_several_is_enough(position: int) -> None:
    several = ["v1,AAAA", "v1a,BBBB"]
    several.insert(position, RIGHT.headers["webhook-signature"])
    assert verify(with_headers(RIGHT, webhook_signature=" ".join(several)), SIGNED, NOW).accepted


@pytest.mark.parametrize(
    "tokens", [(SIGNING_TOKEN, fakes.OTHER_SIGNING_TOKEN), (fakes.OTHER_SIGNING_TOKEN, SIGNING_TOKEN)]
)
def test_while_tokens_are_rotated_either_signs(tokens: tuple[str, ...]) -> None:
    assert verify(RIGHT, Rules(signing_tokens=tokens), NOW).accepted


def test_a_signature_by_another_token_is_refused() -> None:
    other = Rules(signing_tokens=(fakes.OTHER_SIGNING_TOKEN,))
    assert verify(RIGHT, other, NOW) == refused("no signature is right")


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param(300, accepted("the signature is right"), id="five minutes old"),
        pytest.param(301, refused("webhook-timestamp is too far from now"), id="stale"),
        pytest.param(-300, accepted("the signature is right"), id="five minutes ahead"),
        pytest.param(-301, refused("webhook-timestamp is too far from now"), id="from the future"),
    ],
)
def test_a_timestamp_is_good_for_five_minutes(seconds: int, expected: Verdict) -> None:
    assert verify(RIGHT, SIGNED, 1795316400 + seconds) == expected


def test_the_time_zone_of_the_host_does_not_matter(tokyo: None) -> None:
    assert verify(RIGHT, SIGNED, NOW).accepted


def test_a_changed_body_is_refused() -> None:
    changed = replace(RIGHT, body=RIGHT.body.replace(b"pending", b"success"))
    assert verify(changed, SIGNED, NOW) == refused("no signature is right")


def test_a_body_that_is_not_utf_8_is_refused_even_if_signed() -> None:
    expected = refused("the body is not UTF-8, so it cannot have been signed")
    assert verify(signed(b'{"\xff":1}'), SIGNED, NOW) == expected


def test_an_id_may_have_255_characters_of_printable_ascii() -> None:
    assert verify(signed(b"{}", message_id="!" + "~" * 254), SIGNED, NOW).accepted


@pytest.mark.parametrize("message_id", ["-", "/", "!", "~"])
def test_an_id_may_have_what_is_next_to_the_dot_and_the_bounds(message_id: str) -> None:
    assert verify(signed(b"{}", message_id=message_id), SIGNED, NOW).accepted


def test_the_signing_token_wins_over_a_right_secret_token() -> None:
    both = Rules(secrets=(SECRET_TOKEN,), signing_tokens=(SIGNING_TOKEN,))
    unsigned = with_headers(RIGHT, webhook_signature=None, x_gitlab_token=SECRET_TOKEN)
    assert verify(unsigned, both, NOW) == refused("no signature is right")


def test_a_signed_request_needs_no_secret_token() -> None:
    both = Rules(secrets=(SECRET_TOKEN,), signing_tokens=(SIGNING_TOKEN,))
    assert verify(RIGHT, both, NOW).accepted


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("changeme", id="placeholder"),
        pytest.param("", id="empty"),
        pytest.param("whsec_", id="no key"),
        pytest.param("whsec_" + base64.b64encode(KEY[:23]).decode(), id="short key"),
        pytest.param(base64.b64encode(KEY).decode(), id="no prefix"),
        pytest.param("whsec_!" + base64.b64encode(KEY).decode(), id="not base64"),
        pytest.param("whsec_é" + base64.b64encode(KEY).decode(), id="not ascii"),
    ],
)
def test_a_malformed_signing_token_is_an_error_that_does_not_show_it(token: str) -> None:
    with pytest.raises(SigningTokenError) as caught:
        verify(RIGHT, Rules(signing_tokens=(token,)), NOW)
    assert str(caught.value) == "a signing token must be whsec_ and base64 of at least 24 bytes"
    assert caught.value.__cause__ is None


def test_a_key_of_24_bytes_is_long_enough() -> None:
    token = "whsec_" + base64.b64encode(KEY[:24]).decode()
    assert verify(signed(job_body(), key=KEY[:24]), Rules(signing_tokens=(token,)), NOW).accepted


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(SECRET_TOKEN, accepted("the secret token is right"), id="right"),
        pytest.param(None, refused("there is no X-Gitlab-Token"), id="missing"),
        pytest.param("", refused("there is no X-Gitlab-Token"), id="empty"),
        pytest.param("canary", refused("the secret token is wrong"), id="a prefix"),
        pytest.param(SECRET_TOKEN + " ", refused("the secret token is wrong"), id="one more character"),
        pytest.param(SECRET_TOKEN.upper(), refused("the secret token is wrong"), id="another case"),
        pytest.param("geheim\xe9\ud800", refused("the secret token is wrong"), id="not ascii"),
    ],
)
def test_the_secret_token_must_be_equal(given: str | None, expected: Verdict) -> None:
    assert verify(plain(given), TOKEN, NOW) == expected


def test_a_secret_token_need_not_be_ascii() -> None:
    assert verify(plain("größer\ud800"), Rules(secrets=("größer\ud800",)), NOW).accepted


@pytest.mark.parametrize("secrets", [("new", SECRET_TOKEN), (SECRET_TOKEN, "new")])
def test_while_secrets_are_rotated_either_is_accepted(secrets: tuple[str, ...]) -> None:
    assert verify(plain(), Rules(secrets=secrets), NOW).accepted


@pytest.mark.parametrize("given", [None, "", "anything"])
def test_without_any_secret_nothing_is_accepted(given: str | None) -> None:
    assert not verify(plain(given), Rules(), NOW).accepted


@pytest.mark.parametrize(
    ("source_ip", "networks", "inside"),
    [
        pytest.param("198.51.100.7", ["198.51.100.0/24"], True, id="IPv4"),
        pytest.param("198.51.101.7", ["198.51.100.0/24"], False, id="another IPv4"),
        pytest.param("198.51.101.7", ["198.51.100.0/24", "198.51.101.7/32"], True, id="second network"),
        pytest.param("2001:db8::7", ["2001:db8::/32"], True, id="IPv6"),
        pytest.param("2001:db9::7", ["2001:db8::/32"], False, id="another IPv6"),
        pytest.param("2001:db8::7", ["198.51.100.0/24"], False, id="IPv6 and an IPv4 network"),
        pytest.param("198.51.100.7", ["::/0"], False, id="IPv4 and an IPv6 network"),
        pytest.param("::ffff:198.51.100.7", ["198.51.100.0/24"], True, id="IPv4 as IPv6"),
        pytest.param("", ["0.0.0.0/0", "::/0"], False, id="no address"),
        pytest.param("localhost", ["0.0.0.0/0", "::/0"], False, id="no IP address"),
        pytest.param("198.51.100.7", [], True, id="no list"),
        pytest.param("", [], True, id="no list, no address"),
    ],
)
def test_the_source_address_must_be_in_the_list(source_ip: str, networks: list[str], inside: bool) -> None:
    rules = replace(TOKEN, networks=tuple(ipaddress.ip_network(n) for n in networks))
    outside = refused("the source address is not in the CIDR list")
    assert verify(replace(plain(), source_ip=source_ip), rules, NOW) == (
        accepted("the secret token is right") if inside else outside
    )


def test_the_right_address_is_not_enough() -> None:
    rules = replace(TOKEN, networks=(ipaddress.ip_network("0.0.0.0/0"),))
    assert not verify(plain("wrong"), rules, NOW).accepted
