"""Webhooks: who listens, what waits to be sent, how each delivery was answered."""

from __future__ import annotations

import json
import queue
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tools.local.gitlab import autodisable, signing
from tools.local.gitlab.autodisable import Health

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.local.gitlab.messages import Json

EVENT_NAMES = {"job": "Job Hook", "pipeline": "Pipeline Hook", "push": "Push Hook"}
USER_AGENT = "GitLab/19.2.0-ee"
KEPT_DELIVERIES = 50_000


@dataclass(frozen=True)
class Webhook:
    """A webhook; `projects` None listens to all. Empty secrets are not sent; `owner` None = made by the control API."""

    id: int
    url: str
    token: str
    signing_token: str
    events: frozenset[str]
    projects: frozenset[int] | None = None
    owner: tuple[str, int] | None = None


@dataclass(frozen=True)
class Event:
    """Something a webhook will tell: the body is made when it happens, so it shows the state of that moment."""

    id: int
    webhook_id: int
    name: str
    body: bytes
    project_id: int
    job_id: int | None
    job_status: str | None
    created_at: float


@dataclass(frozen=True)
class Outgoing:
    """One HTTP request to a receiver, signed for the moment it is sent."""

    event: Event
    url: str
    headers: dict[str, str]
    sent_at: float


@dataclass(frozen=True)
class Delivery:
    """How an event was delivered: status None with an error when no answer came or the webhook was disabled."""

    event: Event
    idempotency_key: str | None
    sent_at: float | None
    answered_at: float | None
    status: int | None
    error: str | None


@dataclass
class Hooks:
    """All webhooks. Only `queue` may be used without the application's lock.

    Args:
        clock: returns epoch seconds.
        new_uuid: makes the ids of deliveries.
        instance_url: the address of this GitLab, as X-Gitlab-Instance says it.
    """

    clock: Callable[[], float]
    new_uuid: Callable[[], str]
    instance_url: str
    webhooks: dict[int, Webhook] = field(default_factory=dict)
    health: dict[int, Health] = field(default_factory=dict)
    deliveries: deque[Delivery] = field(default_factory=lambda: deque(maxlen=KEPT_DELIVERIES))
    queue: queue.SimpleQueue[Event | None] = field(default_factory=queue.SimpleQueue)
    webhooks_made: int = 0
    events_made: int = 0
    events_done: int = 0

    def new_id(self) -> int:
        """Return an id that no webhook has had, so that an answer under way never counts for a later webhook."""
        self.webhooks_made += 1
        return self.webhooks_made

    def add(self, webhook: Webhook) -> None:
        """Add a webhook."""
        self.webhooks[webhook.id] = webhook
        self.health[webhook.id] = Health()

    def remove(self, webhook_id: int) -> None:
        """Remove a webhook; what is queued for it is dropped when its turn comes."""
        del self.webhooks[webhook_id], self.health[webhook_id]

    def clear(self) -> None:
        """Forget every webhook and delivery; what is queued is dropped when its turn comes."""
        self.webhooks.clear()
        self.health.clear()
        self.deliveries.clear()

    def wanted(self, kind: str, project_id: int) -> list[Webhook]:
        """Return the webhooks that listen to a kind of event of a project."""
        hooks = self.webhooks.values()
        return [h for h in hooks if kind in h.events and (h.projects is None or project_id in h.projects)]

    def emit(self, kind: str, body: Json, project_id: int, job: tuple[int, str] | None = None) -> None:
        """Queue an event for every webhook that listens to it.

        Args:
            kind: job, pipeline or push.
            body: the body's content.
            project_id: the project it happened in.
            job: the job's id and status when it is about one.
        """
        for webhook in self.wanted(kind, project_id):
            self.events_made += 1
            event = Event(
                id=self.events_made,
                webhook_id=webhook.id,
                name=EVENT_NAMES[kind],
                body=json.dumps(body, separators=(",", ":")).encode(),
                project_id=project_id,
                job_id=job[0] if job else None,
                job_status=job[1] if job else None,
                created_at=self.clock(),
            )
            self.queue.put(event)

    def take(self) -> Outgoing | None:
        """Return the next request to send, None when nothing waits; for callers without threads."""
        while True:
            try:
                event = self.queue.get_nowait()
            except queue.Empty:
                return None
            if event is not None and (outgoing := self.prepare(event)) is not None:
                return outgoing

    def prepare(self, event: Event) -> Outgoing | None:
        """Make the request of an event; None when its webhook is gone or disabled: GitLab loses such events too."""
        webhook = self.webhooks.get(event.webhook_id)
        now = self.clock()
        status = autodisable.alert_status(self.health[webhook.id], now) if webhook else "deleted"
        if webhook is None or status != "executable":
            self.events_done += 1
            self.deliveries.append(Delivery(event, None, None, None, None, f"webhook is {status}"))
            return None
        return Outgoing(event, webhook.url, self.headers(webhook, event, now), now)

    def headers(self, webhook: Webhook, event: Event, now: float) -> dict[str, str]:
        """Return the headers of a request, as GitLab's WebHookService builds them."""
        key = self.new_uuid()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "Idempotency-Key": key,
            "X-Gitlab-Event": event.name,
            "X-Gitlab-Webhook-UUID": self.new_uuid(),
            "X-Gitlab-Instance": self.instance_url,
            "X-Gitlab-Event-UUID": self.new_uuid(),
        }
        if webhook.token:
            headers["X-Gitlab-Token"] = webhook.token
        if webhook.signing_token:
            headers["webhook-id"] = key
            headers["webhook-timestamp"] = str(int(now))
            headers["webhook-signature"] = signing.sign(webhook.signing_token, key, int(now), event.body)
        return headers

    def report(self, outgoing: Outgoing, status: int | None, error: str | None = None) -> None:
        """Record how a request was answered; anything but 2xx and 3xx counts as a failure of the webhook."""
        now = self.clock()
        event = outgoing.event
        self.events_done += 1
        key = outgoing.headers["Idempotency-Key"]
        self.deliveries.append(Delivery(event, key, outgoing.sent_at, now, status, error))
        if event.webhook_id in self.webhooks:
            accepted = status is not None and 200 <= status < 400  # noqa: PLR2004 (the bounds of HTTP's 2xx and 3xx)
            health = self.health[event.webhook_id]
            self.health[event.webhook_id] = autodisable.after_answer(health, now, accepted=accepted)
