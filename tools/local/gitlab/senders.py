"""The bounded pool of threads that sends webhooks in the order in which their events happened."""

from __future__ import annotations

import http.client
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.local.gitlab.app import GitLab
    from tools.local.gitlab.hooks import Outgoing

DEFAULT_SENDERS = 8


def post(outgoing: Outgoing, timeout_seconds: float) -> int:
    """Send one webhook and return the status of the answer.

    Raises:
        OSError: no connection, or no answer in time.
        http.client.HTTPException: an answer that is not HTTP.
    """
    parts = urlsplit(outgoing.url)
    connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = connect(parts.hostname or "", parts.port, timeout=timeout_seconds)
    try:
        target = parts.path or "/"
        connection.request(
            "POST", f"{target}?{parts.query}" if parts.query else target, outgoing.event.body, outgoing.headers
        )
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


class Senders:
    """A pool of sending threads.

    Args:
        gitlab: whose webhooks are sent.
        count: how many requests may be under way at once.
        send: sends one request.
    """

    def __init__(
        self, gitlab: GitLab, count: int = DEFAULT_SENDERS, send: Callable[[Outgoing, float], int] = post
    ) -> None:
        self.gitlab = gitlab
        self.send = send
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.run, name=f"sender-{n}", daemon=True) for n in range(count)]

    def start(self) -> None:
        """Start sending."""
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        """Stop after the requests that are under way; what waits is not sent."""
        self.stopping.set()
        for _ in self.threads:
            self.gitlab.world.hooks.queue.put(None)
        for thread in self.threads:
            thread.join(timeout=1.0)

    def run(self) -> None:
        """Send until told to stop."""
        hooks = self.gitlab.world.hooks
        while (event := hooks.queue.get()) is not None and not self.stopping.is_set():
            outgoing = self.gitlab.prepare_hook(event)
            if outgoing is not None:
                self.deliver(outgoing)

    def deliver(self, outgoing: Outgoing) -> None:
        """Send one request and report how it went."""
        try:
            status = self.send(outgoing, self.gitlab.world.settings.webhook_timeout_seconds)
        except (OSError, http.client.HTTPException) as error:
            self.gitlab.report_hook(outgoing, None, f"{type(error).__name__}: {error}")
        else:
            self.gitlab.report_hook(outgoing, status)
