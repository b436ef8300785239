from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.lambda_src.webhook.fakes import SECRET_TOKEN, job_body, load, url_event
from webhook import handler
from webhook.queue import QueueError
from webhook.request import Request
from webhook.tick import TickError

if TYPE_CHECKING:
    from collections.abc import Iterator

LAMBDA_SRC = Path(handler.__file__).parents[1]

# What must not be loaded before the first event: none of it is needed to decide about a request.
HEAVY = ("boto3", "botocore.session", "gitlab", "requests", "urllib3", "httpx", "pydantic", "asyncio")


@dataclass
class Context:
    aws_request_id: str = "request-1"


@dataclass
class LoopbackAws:
    """Answers SSM and SQS over HTTP on loopback, and remembers what it was asked."""

    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    broken: bool = False

    def answer(self, operation: str, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.calls.append((operation, asked))
        if self.broken:
            return 400, {"__type": "AccessDeniedException", "message": "not allowed"}
        if operation == "AmazonSSM.GetParameters":
            found = [{"Name": name, "Value": SECRET_TOKEN} for name in asked["Names"]]
            return 200, {"Parameters": found, "InvalidParameters": []}
        return 200, {"MessageId": "m"}

    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(asked["MessageBody"]) for name, asked in self.calls if name == "AmazonSQS.SendMessage"]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackAws]:
    fake = LoopbackAws()

    class Front(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, body = fake.answer(self.headers["X-Amz-Target"], asked)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Front)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    for name, value in _environment(server.server_port).items():
        monkeypatch.setenv(name, value)
    yield fake
    server.shutdown()
    server.server_close()
    thread.join()


def _environment(port: int) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "FLEET": "blue",
        "LOG_LEVEL": "INFO",
        "QUEUE_URL": f"http://127.0.0.1:{port}/000000000000/blue-events.fifo",
        "WEBHOOK_SECRET_PARAMETER": "/blue/secret",
        "WEBHOOK_SIGNING_TOKEN_PARAMETER": "",
        "WEBHOOK_CIDRS": "",
    }


@pytest.fixture(autouse=True)
def fresh_container() -> Iterator[None]:
    """Start without anything built, and leave the logs of other tests alone."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    handler._webhook.cache_clear()
    handler._schedule.cache_clear()
    yield
    root.handlers, root.level = handlers, level


def hook() -> dict[str, Any]:
    headers = {"X-Gitlab-Event": "Job Hook", "X-Gitlab-Token": SECRET_TOKEN, "Idempotency-Key": "key-1"}
    return url_event(Request("POST", "198.51.100.7", headers, job_body()))


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_hook_reaches_the_queue(aws: LoopbackAws, capsys: pytest.CaptureFixture[str]) -> None:
    assert handler.receive(hook(), Context())["statusCode"] == 202
    (message,) = aws.messages()
    assert message.pop("received_at") > 1_700_000_000
    assert message == {"kind": "hook", "project_id": 380, "job_id": 1977, "status": "pending"}
    (line,) = lines(capsys)
    assert (line["fleet"], line["function_request_id"], line["message"]) == ("blue", "request-1", "job event queued")
    assert line["correlation_id"] == aws.calls[-1][1]["MessageDeduplicationId"]


def test_a_cold_start_costs_one_call_for_secrets_and_a_warm_one_none(aws: LoopbackAws) -> None:
    handler.receive(hook(), Context())
    handler.receive(hook(), Context("request-2"))
    names = [name for name, _ in aws.calls]
    assert names == ["AmazonSSM.GetParameters", "AmazonSQS.SendMessage", "AmazonSQS.SendMessage"]
    assert aws.calls[0][1] == {"Names": ["/blue/secret"], "WithDecryption": True}


def test_a_secret_that_cannot_be_read_is_answered_503_and_logged(
    aws: LoopbackAws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.broken = True
    assert handler.receive(hook(), Context())["statusCode"] == 503
    (line,) = lines(capsys)
    assert "/blue/secret" in line["reason"]


@pytest.mark.parametrize("kind", ["tick", "sweep"])
def test_a_tick_reaches_the_queue(aws: LoopbackAws, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    handler.tick(load(f"{kind}.json"), Context())
    (message,) = aws.messages()
    assert message.pop("received_at") > 1_700_000_000
    assert message == {"kind": kind, "scheduled_at": "2026-11-22T03:00:00Z"}
    assert aws.calls[0][1]["MessageDeduplicationId"] == f"{kind}-2026-11-22T03:00:00Z"
    assert lines(capsys)[0]["message"] == "tick queued"


def test_a_tick_that_cannot_be_sent_fails_so_that_lambda_repeats_it(aws: LoopbackAws) -> None:
    aws.broken = True
    with pytest.raises(QueueError):
        handler.tick(load("tick.json"), Context())


def test_a_tick_that_the_scaler_asks_for_is_waited_for(aws: LoopbackAws) -> None:
    started = time.time()
    handler.tick({"kind": "tick", "after_seconds": 0.2}, Context())
    (message,) = aws.messages()
    assert message["kind"] == "tick"
    assert message["received_at"] >= started + 0.2
    assert aws.calls[0][1]["MessageDeduplicationId"] == "wake-request-1"


def test_a_tick_that_the_scaler_asked_for_is_not_repeated(aws: LoopbackAws, capsys: pytest.CaptureFixture[str]) -> None:
    aws.broken = True
    handler.tick({"kind": "tick", "after_seconds": 0}, Context())
    assert lines(capsys)[-1]["message"].startswith("a tick between two others is left out: ")


def test_a_malformed_tick_fails(aws: LoopbackAws) -> None:
    with pytest.raises(TickError):
        handler.tick({"kind": "hook"}, Context())
    assert aws.calls == []


def test_importing_the_handler_loads_nothing_heavy_and_reads_no_environment() -> None:
    program = "import sys; before = set(sys.modules); import webhook.handler; print(*(set(sys.modules) - before))"
    command = [sys.executable, "-S", "-c", "import sys; sys.path[:0] = sys.argv[1:]; " + program]
    ran = subprocess.run(
        [*command, str(LAMBDA_SRC), *sys.path], check=True, capture_output=True, text=True, env={}, timeout=30
    )
    loaded = set(ran.stdout.split())
    assert "webhook.verify" in loaded
    assert loaded.isdisjoint(HEAVY), sorted(loaded & set(HEAVY))
