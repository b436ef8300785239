"""Stand-ins for the webhook's neighbours, and requests as GitLab sends them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.secrets import SecretError
from webhook.receive import Receiver
from webhook.request import Request

if TYPE_CHECKING:
    from webhook.job_hook import JobEvent
    from webhook.verify import Network

EVENTS = Path(__file__).parents[2] / "events"
NOW = 1_795_316_400.25  # 2026-11-22T03:00:00.25Z
KEY = bytes(range(32))
SIGNING_TOKEN = "whsec_" + base64.b64encode(KEY).decode()
OTHER_SIGNING_TOKEN = "whsec_" + base64.b64encode(KEY[::-1]).decode()
SECRET_TOKEN = "canary-secret-token"


def load(name: str) -> Any:
    return json.loads((EVENTS / name).read_text())


def job_body(**changes: Any) -> bytes:
    return json.dumps(load("job_hook.json") | changes, ensure_ascii=False).encode()


def signature(body: bytes, *, key: bytes = KEY, message_id: str = "evt-1", timestamp: str = "1795316400") -> str:
    """Sign as the Standard Webhooks specification says, independently of any library."""
    mac = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(mac).decode()


def signed(body: bytes, *, key: bytes = KEY, message_id: str = "evt-1", timestamp: str = "1795316400") -> Request:
    headers = {
        "x-gitlab-event": "Job Hook",
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": signature(body, key=key, message_id=message_id, timestamp=timestamp),
    }
    return Request("POST", "198.51.100.7", headers, body)


def with_headers(request: Request, **changes: str | None) -> Request:
    """Change headers by name (underscores for dashes); None removes one."""
    named = {name.replace("_", "-"): value for name, value in changes.items()}
    merged: dict[str, str | None] = {**request.headers, **named}
    return replace(request, headers={k: v for k, v in merged.items() if v is not None})


def url_event(request: Request, *, encoded: bool = False) -> dict[str, Any]:
    """Wrap a request into the event of a function URL."""
    event: dict[str, Any] = load("function_url.json")
    event["headers"] = event["headers"] | dict(request.headers)
    event["requestContext"]["http"] |= {"method": request.method, "sourceIp": request.source_ip}
    event["body"] = base64.b64encode(request.body).decode() if encoded else request.body.decode()
    event["isBase64Encoded"] = encoded
    return event


@dataclass
class FakeSecrets:
    held: dict[str, tuple[str, ...]]

    def values(self, parameter_name: str) -> tuple[str, ...]:
        if parameter_name not in self.held:
            raise SecretError(f"SSM parameter cannot be read: {parameter_name}")
        return self.held[parameter_name]


@dataclass
class FakeQueue:
    """Remembers what was put on it, or fails with `error`."""

    error: Exception | None = None
    sent: list[tuple[JobEvent, str, float]] = field(default_factory=list)

    def put_hook(self, event: JobEvent, deduplication_id: str, received_at: float) -> None:
        if self.error:
            raise self.error
        self.sent.append((event, deduplication_id, received_at))


def receiver(
    queue: FakeQueue,
    *,
    secret: tuple[str, ...] = (),
    signing: tuple[str, ...] = (),
    networks: tuple[Network, ...] = (),
) -> Receiver:
    return Receiver(
        secret_parameter="/fleet/secret" if secret else "",
        signing_token_parameter="/fleet/signing" if signing else "",
        networks=networks,
        secrets=FakeSecrets({"/fleet/secret": secret, "/fleet/signing": signing}),
        queue=queue,
        clock=lambda: NOW,
    )
