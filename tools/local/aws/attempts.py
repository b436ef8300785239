"""Answer a client's second attempt with the answer to its first, when that was lost on the way.

An SDK repeats a request whose connection broke. If the first attempt had been carried out all the same, a request that
is not idempotent would fail the second time: CreateRole with EntityAlreadyExists. The SDKs name their attempts: the
header amz-sdk-invocation-id stays, amz-sdk-request counts.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.local.aws.asgi import App, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

# More than all clients together ask for in the seconds that an SDK waits before it tries again.
REMEMBERED = 4096
LARGEST_BODY = 65536
OK = range(200, 300)

_ATTEMPT = re.compile(rb"attempt=(\d+)")


@dataclass
class Invocation:
    """What a client asks for, in one or more attempts: one is served at a time, the answer stays."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    answer: list[Message] = field(default_factory=list)


@dataclass
class Attempts:
    """Remembers the last invocations and their successful answers."""

    app: App
    _invocations: OrderedDict[bytes, Invocation] = field(default_factory=OrderedDict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or repeat what its earlier attempt was answered."""
        headers = dict(scope.get("headers", ()))
        name = headers.get(b"amz-sdk-invocation-id", b"")
        counted = _ATTEMPT.search(headers.get(b"amz-sdk-request", b""))
        if not (name and counted):
            await self.app(scope, receive, send)
            return
        invocation = self._known(name)
        async with invocation.turn:
            if invocation.answer and int(counted[1]) > 1:
                log.warning("attempt %s at %s gets the answer to an earlier one", counted[1].decode(), scope["path"])
                for message in invocation.answer:
                    await send(message)
            else:
                await self._serve(invocation, scope, receive, send)

    async def _serve(self, invocation: Invocation, scope: Scope, receive: Receive, send: Send) -> None:
        answer: list[Message] = []

        async def remembering(message: Message) -> None:
            answer.append(message)
            if is_whole_and_good(answer):
                invocation.answer = answer
            await send(message)

        await self.app(scope, receive, remembering)

    def _known(self, name: bytes) -> Invocation:
        invocation = self._invocations.setdefault(name, Invocation())
        while len(self._invocations) > REMEMBERED:
            self._invocations.popitem(last=False)
        return invocation


def is_whole_and_good(answer: list[Message]) -> bool:
    """Tell whether an answer is complete, successful and small enough to keep."""
    size = sum(len(message.get("body", b"")) for message in answer)
    last = answer[-1]
    ended = last["type"] == "http.response.body" and not last.get("more_body", False)
    return ended and size <= LARGEST_BODY and answer[0].get("status") in OK
