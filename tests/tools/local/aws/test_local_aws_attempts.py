"""A repeated attempt gets the answer that was lost, and nothing else does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tools.local.aws import attempts
from tools.local.aws.attempts import Attempts

if TYPE_CHECKING:
    from tools.local.aws.asgi import Message, Receive, Scope, Send


class Counting:
    """An application that does something once per request, and says how often it did."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.served = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.served += 1
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        await send({"type": "http.response.body", "body": b"%d" % self.served})


def ask(app: Attempts, invocation: str, attempt: int) -> bytes:
    headers = [(b"amz-sdk-invocation-id", invocation.encode()), (b"amz-sdk-request", b"attempt=%d; max=3" % attempt)]
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(app({"type": "http", "path": "/", "headers": headers if invocation else []}, receive, send))
    return b"".join(message.get("body", b"") for message in sent)


def test_a_second_attempt_gets_the_first_answer_and_does_nothing_twice() -> None:
    inner = Counting()
    app = Attempts(inner)
    assert [ask(app, "a", 1), ask(app, "a", 2)] == [b"1", b"1"]
    assert inner.served == 1


@pytest.mark.parametrize(
    ("first", "second", "attempt"),
    [("a", "b", 2), ("a", "a", 1), ("", "", 2)],
    ids=["another invocation", "not counted as a repetition", "no SDK"],
)
def test_anything_else_is_served(first: str, second: str, attempt: int) -> None:
    app = Attempts(Counting())
    assert [ask(app, first, 1), ask(app, second, attempt)] == [b"1", b"2"]


def test_a_failure_is_not_repeated() -> None:
    app = Attempts(Counting(status=500))
    assert [ask(app, "a", 1), ask(app, "a", 2)] == [b"1", b"2"]


def test_old_answers_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "REMEMBERED", 1)
    app = Attempts(Counting())
    assert [ask(app, "a", 1), ask(app, "b", 1), ask(app, "a", 2)] == [b"1", b"2", b"3"]
