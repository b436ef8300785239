"""Receive a webhook: parse, verify, filter, enqueue, answer.

The answers, none of which has a body:

| status | meaning |
|---|---|
| 202 | a job event that matters is on the queue |
| 204 | genuine, and nothing to do |
| 400, 405, 413 | malformed, not POST, over 1 MB |
| 401 | not shown to come from our GitLab |
| 503 | genuine or not, it cannot be handled now: a secret cannot be read, or the queue cannot be reached |

GitLab does not repeat a delivery, and it disables a hook after four failed ones in a row. A lost job event is healed
by the next scheduled read either way, so the status only decides who is told. An outage is told: 503 makes it visible
in GitLab, and pauses a hook that leads nowhere. Too many hooks at once are no outage: when the queue throttles, it is
full of job events and the scaler is at work, so the answer stays 202.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from common.secrets import SecretError
from webhook.job_hook import JobEvent, parse_job_event
from webhook.queue import QueueError, QueueThrottledError, deduplication_id
from webhook.request import Request, RequestError, parse_request
from webhook.verify import Network, Rules, SigningTokenError, verify

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)


class Secrets(Protocol):
    """Where the valid values of a secret come from."""

    def values(self, parameter_name: str) -> tuple[str, ...]:
        """Return the values that are valid now."""
        ...


class HookQueue(Protocol):
    """Where job events go."""

    def put_hook(self, event: JobEvent, deduplication_id: str, received_at: float) -> None:
        """Enqueue a job event."""
        ...


@dataclass(frozen=True)
class Receiver:
    """Receives webhooks.

    Args:
        secret_parameter: name of the parameter with the secret token; empty if there is none.
        signing_token_parameter: name of the parameter with the signing token; it wins; empty if there is none.
        networks: where requests may come from; empty means anywhere.
        secrets: reads those parameters.
        queue: takes the job events.
        clock: epoch seconds.
    """

    secret_parameter: str
    signing_token_parameter: str
    networks: tuple[Network, ...]
    secrets: Secrets
    queue: HookQueue
    clock: Callable[[], float]

    def receive(self, event: object) -> dict[str, Any]:
        """Return the answer to a function URL event; the only place where errors become HTTP."""
        try:
            return _answer(self._accept(event))
        except RequestError as error:
            log.warning("webhook refused", extra={"status": error.status, "reason": error.reason})
            return _answer(error.status)
        except QueueThrottledError as error:
            log.warning("the queue is throttled, the next scheduled read finds the job", extra={"reason": str(error)})
            return _answer(202)
        except (QueueError, SecretError, SigningTokenError) as error:
            log.error("webhook cannot be handled", extra={"status": 503, "reason": str(error)})  # noqa: TRY400
            return _answer(503)

    def _accept(self, event: object) -> int:
        now = self.clock()
        request = parse_request(event)
        self._verify(request, now)
        job_event = parse_job_event(request)
        if job_event is None:
            return 204
        # Where requests are signed, webhook-id is part of what is signed and always present.
        delivery_id = request.headers.get("webhook-id") or request.headers.get("idempotency-key", "")
        message_id = deduplication_id(delivery_id, request.body)
        self.queue.put_hook(job_event, message_id, now)
        told = {"correlation_id": message_id, "project_id": job_event.project_id, "status": job_event.status}
        log.info("job event queued", extra=told)
        return 202

    def _verify(self, request: Request, now: float) -> None:
        verdict = verify(request, self._rules(), now)
        if not verdict.accepted:
            raise RequestError(401, f"{verdict.reason} (from {request.source_ip})")

    def _rules(self) -> Rules:
        # The secret token decides nothing when there is a signing token, so it is not even read.
        if name := self.signing_token_parameter:
            return Rules(signing_tokens=self.secrets.values(name), networks=self.networks)
        return Rules(secrets=self.secrets.values(self.secret_parameter), networks=self.networks)


def _answer(status: int) -> dict[str, Any]:
    headers = {"Allow": "POST"} if status == 405 else {}  # noqa: PLR2004
    return {"statusCode": status, "headers": headers, "body": ""}
