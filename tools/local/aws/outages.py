"""Outages on demand: a service that answers late, or with an error, so that one can see who still works then."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Answer = tuple[int, dict[str, str], bytes]

SERVICES = ("dynamodb", "kms", "s3", "sts")
XML_SERVICES = ("s3", "sts")
STATUSES = {
    "AccessDenied": 403,
    "IDPCommunicationError": 400,
    "InternalFailure": 500,
    "ServiceUnavailable": 503,
    "Throttling": 400,
}
"""The errors that a service can be made to answer with, and their HTTP status as AWS has it."""


@dataclass
class Outages:
    """How late each service answers, in seconds, and with which error; 0 and empty when it works."""

    delays: dict[str, float] = field(default_factory=lambda: dict.fromkeys(SERVICES, 0.0))
    errors: dict[str, str] = field(default_factory=lambda: dict.fromkeys(SERVICES, ""))

    def settings(self) -> dict[str, float | str]:
        """Return what is set, by the names of the control API."""
        delays: dict[str, float | str] = {f"{name}_delay_seconds": self.delays[name] for name in SERVICES}
        return delays | {f"{name}_fail": self.errors[name] for name in SERVICES}

    def change(self, wanted: dict[str, object]) -> None:
        """Take over those of some settings that are ours."""
        for name in SERVICES:
            self.delays[name] = float(str(wanted.get(f"{name}_delay_seconds", self.delays[name])))
            self.errors[name] = str(wanted.get(f"{name}_fail", self.errors[name]))

    async def apply(self, service: str, answer: Callable[[], Awaitable[Answer]]) -> Answer:
        """Return a service's answer, late or replaced by an error if that is set."""
        if delay := self.delays.get(service, 0.0):
            await asyncio.sleep(delay)
        if code := self.errors.get(service, ""):
            return refusal(service, code)
        return await answer()


def refusal(service: str, code: str) -> Answer:
    """Return an error in the protocol of a service."""
    status, words = STATUSES[code], f"{service} is set to fail with {code}"
    if service not in XML_SERVICES:
        return (
            status,
            {"Content-Type": "application/x-amz-json-1.1"},
            json.dumps({"__type": code, "message": words}).encode(),
        )
    error = f"<Error><Type>Receiver</Type><Code>{escape(code)}</Code><Message>{escape(words)}</Message></Error>"
    body = error if service == "s3" else f"<ErrorResponse>{error}<RequestId>local</RequestId></ErrorResponse>"
    return status, {"Content-Type": "text/xml"}, body.encode()
