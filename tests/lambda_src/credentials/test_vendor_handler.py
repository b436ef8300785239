"""The whole function, as Lambda runs it, against AWS and GitLab on loopback."""

from __future__ import annotations

import gc
import json
import logging
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from common.secrets import SecretError
from credentials import collector, handler, wiring
from credentials.doors import AliasError
from credentials.errors import RequestError, UnavailableError
from tests.lambda_src.credentials import tokens
from tests.lambda_src.credentials.fakes import CANARY_SECRET, CANARY_SESSION
from tests.lambda_src.credentials.test_credentials_settings import ENVIRONMENT
from tests.lambda_src.credentials.world import ROLE, grants, url_event

if TYPE_CHECKING:
    from collections.abc import Iterator

LAMBDA_SRC = Path(handler.__file__).parents[1]
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:blue-credentials"

STS_ANSWER = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>ASIA1234567890123456</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>
<SessionToken>{token}</SessionToken><Expiration>{expiration}</Expiration>
</Credentials></AssumeRoleResult></AssumeRoleResponse>"""


@dataclass
class Context:
    alias: str
    aws_request_id: str = "request-1"

    @property
    def invoked_function_arn(self) -> str:
        return f"{ARN}:{self.alias}"


@dataclass
class Loopback:
    """AWS and GitLab in one server; remembers every body that it got."""

    asked: list[tuple[str, bytes]] = field(default_factory=list)
    job_status: str = "running"

    def names(self) -> list[str]:
        return [name for name, _ in self.asked]

    def answer(self, name: str, body: bytes) -> bytes:
        self.asked.append((name, body))
        if name == "sts":
            assert parse_qs(body.decode())["Action"] == ["AssumeRole"]
            expiration = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
            return STS_ANSWER.format(secret=CANARY_SECRET, token=CANARY_SESSION, expiration=expiration).encode()
        guarded = {"role_arn": ROLE, "callers": "gitlab_job", "match": {"project_id": 20}, "require_running_job": True}
        answers: dict[str, Any] = {
            "/blue-grants/grants.json": grants(guarded=guarded),
            "/oauth/discovery/keys": json.loads(tokens.key_set()),
            "/api/v4/projects/20/jobs/302": {"id": 302, "status": self.job_status},
            "TrentService.Encrypt": {"CiphertextBlob": "AAAA", "KeyId": "k"},
            "AmazonSSM.GetParameters": {"Parameters": [{"Name": "/blue/token", "Value": "glpat-canary"}]},
        }
        return json.dumps(answers.get(name, {})).encode()


@pytest.fixture
def loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    told = Loopback()

    class Front(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            target = self.headers.get("X-Amz-Target", "sts")
            self._reply(told.answer(target, body))

        def do_GET(self) -> None:
            self._reply(told.answer(self.path.split("?")[0], b""))

        def _reply(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", '"1"')
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Front)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    for name, value in _environment(f"http://127.0.0.1:{server.server_port}").items():
        monkeypatch.setenv(name, value)
    yield told
    server.shutdown()
    server.server_close()
    thread.join()


def _environment(url: str) -> dict[str, str]:
    aws = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "eu-west-1"}
    ours = {"AWS_ENDPOINT_URL": url, "GITLAB_URL": url, "GITLAB_TOKEN_PARAMETER": "/blue/token"}
    return {**ENVIRONMENT, **aws, **ours}


@pytest.fixture(autouse=True)
def fresh_container() -> Iterator[None]:
    """Start without anything made, and leave the logs of other tests alone."""
    root = logging.getLogger()
    names = ("common", "credentials", "credentials.audit", "scaler", "webhook")
    levels = {name: logging.getLogger(name).level for name in names}
    handlers, level = list(root.handlers), root.level
    handler.container.cache_clear()
    yield
    handler.container.cache_clear()
    root.handlers, root.level = handlers, level
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def token(url: str | None = None) -> str:
    now = int(time.time())
    return tokens.token(iss=os.environ["GITLAB_URL"], iat=now, nbf=now - 5, exp=now + 300)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_job_is_served_through_its_door(loopback: Loopback, capsys: pytest.CaptureFixture[str]) -> None:
    first = handler.handle(url_event(token()), Context("jobs"))
    assert json.loads(first["body"])["SecretAccessKey"] == CANARY_SECRET
    assert handler.handle(url_event(token()), Context("jobs")) == first
    assert loopback.names().count("sts") == 1
    audit = [line for line in lines(capsys) if line.get("message") == "credentials vended"]
    assert [(line["cache"], line["access_key_id"], line["grant"]) for line in audit] == [
        ("miss", "ASIA1234567890123456", "deploy"),
        ("hit", "ASIA1234567890123456", "deploy"),
    ]
    assert audit[0]["claims"]["job_id"] == "302"
    assert audit[0]["role_arn"] == ROLE


def test_the_grants_are_tried_through_a_door_that_gives_nothing_and_counts_nothing(
    loopback: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = handler.handle({"version": 1}, Context("check"))
    assert [result["status"] for result in answer["results"]] == ["ok", "ok", "ok"]
    assert loopback.names().count("sts") == 3
    written = capsys.readouterr().out
    assert [canary for canary in (CANARY_SECRET, CANARY_SESSION) if canary in json.dumps(answer) + written] == []
    figures = json.loads(written.splitlines()[-1])
    assert figures["AssumeRoleCachedCredentials"] == [0]
    assert "AssumeRoleCacheMisses" not in figures
    handler.handle({"version": 1, "grant": "cache"}, Context("hosts"))
    assert loopback.names().count("sts") == 4


def test_a_host_is_served_through_its_door(loopback: Loopback, capsys: pytest.CaptureFixture[str]) -> None:
    given = handler.handle({"version": 1, "grant": "cache", "parameters": {}}, Context("hosts"))
    assert given["SecretAccessKey"] == CANARY_SECRET
    figures = lines(capsys)[-1]
    assert figures["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "GitLabRunnerFleet"
    assert figures["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["Fleet"]]
    assert (figures["Fleet"], figures["AssumeRoleCacheMisses"], figures["AssumeRoleCachedCredentials"]) == (
        "blue",
        [1],
        [1],
    )
    named = {metric["Name"]: metric["Unit"] for metric in figures["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    assert named["AssumeRoleDurationSeconds"] == "Seconds"
    assert named.keys() <= figures.keys()


@pytest.mark.parametrize("alias", ["live", "$LATEST", ""])
def test_any_other_door_is_closed(loopback: Loopback, alias: str) -> None:
    with pytest.raises(AliasError):
        handler.handle({"version": 1, "grant": "cache", "parameters": {}}, Context(alias))
    assert loopback.asked == []


def test_a_malformed_request_of_a_host_is_a_function_error(loopback: Loopback) -> None:
    with pytest.raises(RequestError, match="version"):
        handler.handle({}, Context("hosts"))


def test_a_running_job_is_looked_up_with_the_token_from_ssm(loopback: Loopback) -> None:
    assert handler.handle(url_event(token(), "guarded"), Context("jobs"))["statusCode"] == 200
    loopback.job_status = "canceled"
    assert handler.handle(url_event(token(), "guarded"), Context("jobs"))["statusCode"] == 403
    assert loopback.names().count("AmazonSSM.GetParameters") == 1


def test_audit_lines_are_written_at_every_log_level(
    loopback: Loopback, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_LEVEL", "ERROR")
    handler.handle(url_event(token()), Context("jobs"))
    assert [line["message"] for line in lines(capsys) if "message" in line] == ["credentials vended"]


def test_without_a_shared_cache_none_of_its_clients_is_made(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHARED_CACHE", "false")
    assert handler.handle(url_event(token()), Context("jobs"))["statusCode"] == 200
    assert not [name for name in loopback.names() if name.startswith(("DynamoDB", "Trent"))]


def test_a_token_for_gitlab_that_cannot_be_had_is_unavailable(loopback: Loopback) -> None:
    class Broken:
        def values(self, name: str) -> tuple[str, ...]:
            raise SecretError("no")

    for broken in (wiring._Token(Broken(), ""), wiring._Token(Broken(), "/blue/token")):  # type: ignore[arg-type]
        with pytest.raises(UnavailableError):
            broken()


def test_no_secret_is_in_anything_that_is_written(loopback: Loopback, capsys: pytest.CaptureFixture[str]) -> None:
    given = token()
    for event in (
        url_event(given),
        url_event(f"Bearer {given}", "unknown"),
        url_event(given + "x"),
        url_event(given, "guarded"),
        url_event(given, headers={"authorization": given, "Authorization": given}),
        {**url_event(given), "rawPath": "/"},
    ):
        answer = handler.handle(event, Context("jobs"))
        if answer["statusCode"] != 200:
            assert CANARY_SECRET not in answer["body"]
            assert given not in answer["body"]
    written = capsys.readouterr()
    sent = b"".join(body for name, body in loopback.asked if not name.startswith("Trent")).decode()
    signature = given.rsplit(".", 1)[1]
    for canary in (CANARY_SECRET, CANARY_SESSION, given, signature, "glpat-canary"):
        assert canary not in written.out + written.err
        assert canary not in sent


def test_importing_the_handler_loads_nothing_heavy_and_reads_no_environment() -> None:
    heavy = {"boto3", "botocore.session", "jwt", "requests", "urllib3", "cryptography", "gitlab"}
    program = "import sys; before = set(sys.modules); import credentials.handler; print(*(set(sys.modules) - before))"
    command = [sys.executable, "-S", "-c", "import sys; sys.path[:0] = sys.argv[1:]; " + program]
    ran = subprocess.run(
        [*command, str(LAMBDA_SRC), *sys.path], check=True, capture_output=True, text=True, env={}, timeout=30
    )
    loaded = set(ran.stdout.split())
    assert "credentials.doors" in loaded
    assert loaded.isdisjoint(heavy), sorted(loaded & heavy)


def test_starting_makes_the_container_before_the_first_event(loopback: Loopback) -> None:
    program = (
        "import credentials.start as s; from credentials.handler import container as c; print(c.cache_info().currsize)"
    )
    environment = {**os.environ, "PYTHONPATH": str(LAMBDA_SRC)}
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, env=environment, timeout=60)
    assert ran.stdout.split() == ["1"]
    assert loopback.asked == []


@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_is_as_before_afterwards(enabled: bool) -> None:
    (gc.enable if enabled else gc.disable)()
    try:
        with collector.paused():
            assert not gc.isenabled()
        assert gc.isenabled() == enabled
    finally:
        gc.enable()
        gc.unfreeze()
