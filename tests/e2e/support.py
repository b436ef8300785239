"""What end-to-end tests do to a running stack."""

from __future__ import annotations

import itertools
import json
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from standardwebhooks import Webhook

from tools.local import control
from tools.local.client import client

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.local.stack import Stack

PATIENCE_SECONDS = 30


class Live:
    """A running stack: its addresses, and clients for them."""

    def __init__(self, stack: Stack, addresses: dict[str, Any]) -> None:
        self.stack = stack
        self.addresses = addresses
        self.group = str(addresses["autoscaling_group_name"])
        self._ticks = itertools.count()

    def aws(self, service: str) -> Any:
        """Return a client of the local AWS."""
        return client(service, self.addresses)

    def gitlab(self, method: str, path: str, body: object = None) -> Any:
        """Use the stand-in's control interface."""
        return control.request(method, f"{self.addresses['gitlab_url']}/_control/{path}", body)

    def aws_calls(self, call: str) -> int:
        """Return how often a call was made, such as sqs.SendMessage."""
        calls = control.request("GET", f"{self.addresses['aws_endpoint']}/_local/stats")
        return int(calls.get(call, 0))

    def gitlab_requests(self) -> int:
        """Return how many API requests the stand-in has answered."""
        return int(self.gitlab("GET", "stats")["requests"])

    def new_project(self) -> int:
        """Make a project."""
        return int(self.gitlab("POST", "projects", {"count": 1})["projects"][0]["id"])

    def add_jobs(self, project: int, count: int, seconds: float) -> list[int]:
        """Let jobs wait in a project; GitLab sends its webhooks."""
        job = {
            "count": count,
            "duration_seconds": seconds,
            "project_id": project,
            "tag_list": self.addresses["runner_tags"],
        }
        return [int(entry["id"]) for entry in self.gitlab("POST", "jobs", job)["jobs"]]

    def jobs(self, ids: list[int]) -> list[dict[str, Any]]:
        """Return these jobs."""
        return [job for job in self.gitlab("GET", "jobs")["jobs"] if job["id"] in ids]

    def describe(self) -> dict[str, Any]:
        """Return the Auto Scaling group."""
        groups = self.aws("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[self.group])
        group: dict[str, Any] = groups["AutoScalingGroups"][0]
        return group

    def tick(self, kind: str = "tick") -> None:
        """Let the schedule come round now, as EventBridge Scheduler would; a sweep is another kind."""
        # Long ago and each time another second, so that no tick is taken for a repetition of the schedule's own.
        moment = datetime.fromtimestamp(1_000_000_000 + next(self._ticks), tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        payload = json.dumps({"kind": kind, "scheduled_at": moment})
        answer = self.aws("lambda").invoke(FunctionName=self.addresses["schedule_function"], Payload=payload)
        assert "FunctionError" not in answer, answer["Payload"].read()

    def post(self, body: bytes, headers: dict[str, str], method: str = "POST") -> tuple[int, bytes]:
        """Send a request to the webhook's URL and return its status and body."""
        request = urllib.request.Request(self.addresses["webhook_url"], body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def signed(self, body: bytes, *, at: float | None = None, delivery: str | None = None) -> dict[str, str]:
        """Return the headers of GitLab's that sign a body."""
        moment = time.time() if at is None else at
        name = delivery or f"delivery-{time.monotonic_ns()}"
        webhook = Webhook(self.addresses["webhook_signing_token"])
        return {
            "Content-Type": "application/json",
            "X-Gitlab-Event": "Job Hook",
            "X-Gitlab-Token": self.addresses["webhook_secret"],
            "webhook-id": name,
            "webhook-signature": webhook.sign(name, datetime.fromtimestamp(int(moment), tz=UTC), body.decode()),
            "webhook-timestamp": str(int(moment)),
        }


def job_hook(project: int, job: int = 1, status: str = "pending") -> bytes:
    """Return the body of a Job Hook."""
    hook = {"build_id": job, "build_status": status, "object_kind": "build", "project_id": project, "runner": None}
    return json.dumps(hook).encode()


def eventually(condition: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until a condition holds.

    Raises:
        AssertionError: it did not in time.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.1)
