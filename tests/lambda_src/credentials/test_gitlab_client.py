"""GitLab over HTTP on loopback: what it may do, and what it may not do to us."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from common.connections import aging_connections
from credentials.authenticate.key_set import KeySetError
from credentials.bounded import Bounded, SlowError
from credentials.budget import Deadline
from credentials.errors import UnavailableError
from credentials.gitlab import MAX_BYTES, AnswerError, GitLab, _limited

if TYPE_CHECKING:
    from collections.abc import Iterator

    from urllib3 import PoolManager


@dataclass
class Server:
    """Answers as it is told."""

    status: int = 200
    body: bytes = b"{}"
    drip_seconds: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    port: int = 0
    connections: set[tuple[str, int]] = field(default_factory=set)
    stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
def server() -> Iterator[Server]:
    told = Server()

    class Front(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            told.connections.add(self.client_address)
            told.asked.append((self.path, self.headers.get("PRIVATE-TOKEN")))
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(told.body)))
            self.end_headers()
            for part in [told.body] if not told.drip_seconds else [told.body[i : i + 1] for i in range(len(told.body))]:
                if told.stopped.wait(told.drip_seconds):
                    return
                self.wfile.write(part)

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            """A client that hangs up in the middle is what some tests are about."""

    http = Quiet(("127.0.0.1", 0), Front)
    told.port = http.server_port
    thread = threading.Thread(target=http.serve_forever, args=(0.01,))
    thread.start()
    yield told
    told.stopped.set()
    http.shutdown()
    http.server_close()
    thread.join()


@pytest.fixture
def managers() -> Iterator[list[PoolManager]]:
    made: list[PoolManager] = []
    yield made
    for manager in made:
        manager.clear()


@pytest.fixture
def gitlab(server: Server, managers: list[PoolManager]) -> Iterator[GitLab]:
    def new_pools(ca_pem: str) -> PoolManager:
        managers.append(aging_connections(900, ca_pem=None, pool_size=4, clock=time.time))
        return managers[-1]

    with ThreadPoolExecutor(4) as pool:
        yield GitLab(f"http://127.0.0.1:{server.port}", new_pools, lambda: "glpat-canary", Bounded(pool))
        server.stopped.set()


def test_keys_are_fetched_without_any_token(gitlab: GitLab, server: Server) -> None:
    server.body = b'{"keys": []}'
    assert gitlab.keys(Deadline(2)) == b'{"keys": []}'
    assert server.asked == [("/oauth/discovery/keys", None)]


def test_a_job_is_read_with_the_token(gitlab: GitLab, server: Server) -> None:
    assert gitlab.job("20", "302", Deadline(2)) == b"{}"
    assert server.asked == [("/api/v4/projects/20/jobs/302", "glpat-canary")]


def test_requests_share_a_connection(gitlab: GitLab, server: Server) -> None:
    for _ in range(3):
        gitlab.keys(Deadline(2))
        gitlab.job("20", "302", Deadline(2))
    assert len(server.connections) == 1


def test_a_token_that_is_slow_to_read_is_not_waited_for(server: Server) -> None:
    with ThreadPoolExecutor(2) as pool:
        gitlab = GitLab(
            server.url, lambda _: pytest.fail("GitLab is asked"), lambda: str(server.stopped.wait(5)), Bounded(pool)
        )
        with pytest.raises(UnavailableError) as caught:
            gitlab.job("20", "302", Deadline(0.05))
        server.stopped.set()
    assert "token" in caught.value.reason


def test_a_job_that_does_not_exist_is_none(gitlab: GitLab, server: Server) -> None:
    server.status = 404
    assert gitlab.job("20", "302", Deadline(2)) is None


@pytest.mark.parametrize("status", [301, 302, 401, 403, 429, 500, 502, 204])
def test_any_other_answer_is_no_answer(gitlab: GitLab, server: Server, status: int) -> None:
    server.status, server.headers = status, {"Location": f"http://127.0.0.1:{server.port}/elsewhere"}
    with pytest.raises(KeySetError, match=str(status)):
        gitlab.keys(Deadline(2))
    with pytest.raises(UnavailableError) as caught:
        gitlab.job("20", "302", Deadline(2))
    assert "canary" not in f"{caught.value}{caught.value.reason}"
    assert {path for path, _ in server.asked} == {"/oauth/discovery/keys", "/api/v4/projects/20/jobs/302"}


def test_a_body_without_end_is_cut(gitlab: GitLab, server: Server) -> None:
    server.body = b"x" * (MAX_BYTES + 1)
    with pytest.raises(KeySetError, match="longer"):
        gitlab.keys(Deadline(2))


@pytest.mark.parametrize("drip_seconds", [0.05, 0.4])
def test_a_body_that_drips_is_left_behind(gitlab: GitLab, server: Server, drip_seconds: float) -> None:
    server.body, server.drip_seconds = b"x" * 100, drip_seconds
    started_at = time.perf_counter()
    with pytest.raises(KeySetError):
        gitlab.keys(Deadline(0.15))
    assert time.perf_counter() - started_at < 0.35


def test_whoever_reads_an_answer_that_drips_gives_up_too() -> None:
    class Drip:
        reads = 0

        def read1(self, _size: int, *, decode_content: bool) -> bytes:
            self.reads += decode_content
            return b"x"

    drip = Drip()
    with pytest.raises(AnswerError, match="drips"):
        _limited(drip, Deadline(0))  # type: ignore[arg-type]
    assert drip.reads == 1


def test_a_gitlab_that_is_not_there_is_said_so(gitlab: GitLab) -> None:
    gitlab._url = "http://127.0.0.1:1"
    with pytest.raises(KeySetError, match="cannot be reached"):
        gitlab.keys(Deadline(2))


def test_a_changed_ca_makes_new_connections(gitlab: GitLab, managers: list[PoolManager]) -> None:
    for ca_pem in ("", "", "PEM", "PEM", ""):
        gitlab.use_ca(ca_pem)
        gitlab.keys(Deadline(2))
    assert len(managers) == 3


def test_a_malformed_ca_certificate_is_named(gitlab: GitLab, server: Server) -> None:
    gitlab._new_pools = lambda ca_pem: aging_connections(900, ca_pem=ca_pem, pool_size=1, clock=time.time)
    gitlab.use_ca("no PEM")
    with pytest.raises(KeySetError, match=r"gitlab_ca_certificate.*PEM"):
        gitlab.keys(Deadline(2))
    assert server.asked == []


def test_work_that_is_slow_is_told_from_work_that_fails() -> None:
    def timed_out() -> None:
        raise TimeoutError("of its own")

    with ThreadPoolExecutor(1) as pool:
        bounded = Bounded(pool)
        assert bounded.run(lambda: 7, 1) == 7
        with pytest.raises(SlowError):
            bounded.run(lambda: time.sleep(0.05), 0)
        with pytest.raises(TimeoutError, match="of its own"):
            bounded.run(timed_out, 1)
