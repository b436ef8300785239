"""Section `webhook`: what a cold start imports, and what a request costs before it is accepted or refused."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from standardwebhooks import Webhook

from common import telemetry
from tools.bench.figure import Figure, median_seconds
from webhook.receive import Receiver

if TYPE_CHECKING:
    from webhook.job_hook import JobEvent

LAMBDA_SRC = Path(__file__).resolve().parents[2] / "lambda_src"
IMPORTS = 9
REQUESTS = 2000
TOKEN = "whsec_" + "c2VjcmV0IG9mIHRoaXJ0eS10d28gYnl0ZXMgbG9uZyE="


def measure() -> list[Figure]:
    """Measure imports in fresh interpreters, and accepted and refused requests with a queue in memory."""
    boto3, ours = seconds_to_import("boto3"), seconds_to_import("webhook.handler")
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        telemetry.configure("bench", "INFO", nowhere)
        accepted = seconds_per_request(genuine())
        refused = seconds_per_request({**genuine(), "headers": {"content-type": "application/json"}})
    return [
        Figure("import boto3, fresh interpreter", boto3 * 1000, "ms"),
        Figure("import webhook.handler, fresh interpreter", ours * 1000, "ms"),
        Figure("import webhook.handler / import boto3", ours / boto3, "ratio", 0.5),
        Figure("accepted request, signature verified, p50", accepted * 1e6, "µs"),
        Figure("refused request, p50", refused * 1e6, "µs"),
    ]


def seconds_to_import(module: str) -> float:
    """Return the median time of an import in a fresh interpreter, without the interpreter's own start."""
    code = f"import time; s = time.perf_counter(); import {module}; print(time.perf_counter() - s)"
    environment = {**os.environ, "PYTHONPATH": str(LAMBDA_SRC)}
    runs = [subprocess.check_output([sys.executable, "-c", code], env=environment) for _ in range(IMPORTS)]
    return statistics.median(map(float, runs))


class Memory:
    """Secrets and queue in memory."""

    def values(self, parameter_name: str) -> tuple[str, ...]:  # noqa: ARG002 - there is but one
        """Return the benchmark's token."""
        return (TOKEN,)

    def put_hook(self, event: JobEvent, deduplication_id: str, received_at: float) -> None:
        """Take a job event."""


def seconds_per_request(event: dict[str, Any]) -> float:
    """Return the median time of a request."""
    memory = Memory()
    receiver = Receiver("", "token", (), memory, memory, time.time)
    return median_seconds(lambda: receiver.receive(event), REQUESTS)


def genuine() -> dict[str, Any]:
    """Return a function URL event with a signed job hook."""
    hook = {"object_kind": "build", "build_status": "pending", "project_id": 42, "build_id": 7, "commit": "x" * 4000}
    body, now = json.dumps(hook), time.time()
    signature = Webhook(TOKEN).sign("delivery", datetime.fromtimestamp(int(now), tz=UTC), body)
    headers = {
        "webhook-id": "delivery",
        "webhook-signature": signature,
        "webhook-timestamp": str(int(now)),
        "x-gitlab-event": "Job Hook",
    }
    http = {"method": "POST", "sourceIp": "127.0.0.1"}
    return {"body": body, "headers": headers, "isBase64Encoded": False, "requestContext": {"http": http}}
