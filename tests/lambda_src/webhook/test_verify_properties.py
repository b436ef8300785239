from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.lambda_src.webhook import fakes
from tests.lambda_src.webhook.fakes import NOW, SECRET_TOKEN, SIGNING_TOKEN, FakeQueue, signed, url_event, with_headers
from webhook.verify import Rules, verify

RULES = Rules(signing_tokens=(SIGNING_TOKEN,))
IDS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="."), min_size=1, max_size=64)
TIMES = st.integers(1795316400 - 299, 1795316400 + 300).map(str)
BODIES = st.binary(max_size=64) | st.text(max_size=32).map(lambda text: text.encode(errors="replace"))
HEADERS = st.dictionaries(
    st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature", "X-Gitlab-Token", "x-gitlab-event"]),
    st.text(max_size=40) | st.just("1795316400") | st.just("Job Hook") | st.none(),
)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(IDS, TIMES, st.text(max_size=64))
def test_whatever_gitlab_signs_is_accepted(message_id: str, timestamp: str, text: str) -> None:
    request = signed(text.encode(errors="replace"), message_id=message_id, timestamp=timestamp)
    assert verify(request, RULES, NOW).accepted


@settings(deadline=None, max_examples=300)
@given(IDS, TIMES, BODIES, st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature", "body"]), st.data())
def test_any_change_to_what_is_signed_is_refused(
    message_id: str, timestamp: str, body: bytes, part: str, data: st.DataObject
) -> None:
    original = signed(body, message_id=message_id, timestamp=timestamp)
    if part == "body":
        changed = replace(original, body=data.draw(BODIES))
    else:
        changed = with_headers(original, **{part: data.draw(st.text(max_size=64) | IDS | TIMES)})
    assume(changed != original)
    assert not verify(changed, RULES, NOW).accepted


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=80), st.data())
def test_a_signature_with_any_byte_changed_is_refused(body: bytes, data: st.DataObject) -> None:
    original = signed(body)
    text = original.headers["webhook-signature"]
    index = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(min_codepoint=0x21, max_codepoint=0x7E))
    assume(other != text[index])
    changed = with_headers(original, webhook_signature=text[:index] + other + text[index + 1 :])
    assert not verify(changed, RULES, NOW).accepted


@settings(deadline=None, max_examples=300)
@given(HEADERS, st.binary(max_size=80) | st.just(fakes.job_body()), st.booleans())
def test_without_a_valid_signature_nothing_is_enqueued(headers: dict[str, Any], body: bytes, both: bool) -> None:
    queue = FakeQueue()
    event = url_event(replace(signed(body), headers={}), encoded=True)
    event["headers"] |= headers
    receiver = fakes.receiver(queue, signing=(SIGNING_TOKEN,), secret=(SECRET_TOKEN,) if both else ())
    assert receiver.receive(event)["statusCode"] == 401
    assert queue.sent == []


@settings(deadline=None, max_examples=300)
@given(ANY_JSON, st.sampled_from(["headers", "body", "requestContext", "isBase64Encoded", ""]))
def test_no_event_whatever_its_shape_is_enqueued_or_raises(value: Any, field: str) -> None:
    queue = FakeQueue()
    event = url_event(signed(b"not what was signed")) | {field: value} if field else value
    answer = fakes.receiver(queue, secret=(SECRET_TOKEN,)).receive(event)
    assert answer["statusCode"] in {400, 401, 405}
    assert queue.sent == []
