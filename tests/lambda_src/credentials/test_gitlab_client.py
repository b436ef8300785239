"""GitLab over HTTP on loopback: what it may do, and what it may not do to us."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from common.http import aging_session
from credentials.authenticate.key_set import KeySetError
from credentials.bounded import Bounded, SlowError
from credentials.budget import Deadline
from credentials.errors import UnavailableError
from credentials.gitlab import MAX_BYTES, GitLab

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests


@dataclass
class Server:
    """Answers as it is told."""

    status: int = 200
    body: bytes = b"{}"
    drip_seconds: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    port: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def server() -> Iterator[Server]:
    told = Server()

    class Front(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
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

    http = ThreadingHTTPServer(("127.0.0.1", 0), Front)
    told.port = http.server_port
    thread = threading.Thread(target=http.serve_forever, args=(0.01,))
    thread.start()
    yield told
    told.stopped.set()
    http.shutdown()
    http.server_close()
    thread.join()


@pytest.fixture
def sessions() -> Iterator[list[requests.Session]]:
    made: list[requests.Session] = []
    yield made
    for session in made:
        session.close()


@pytest.fixture
def gitlab(server: Server, sessions: list[requests.Session]) -> Iterator[GitLab]:
    def new_session(ca_pem: str) -> requests.Session:
        sessions.append(aging_session(900, ca_pem=None, pool_size=4, clock=time.time))
        return sessions[-1]

    with ThreadPoolExecutor(4) as pool:
        yield GitLab(f"http://127.0.0.1:{server.port}", new_session, lambda: "glpat-canary", Bounded(pool))
        server.stopped.set()


def test_keys_are_fetched_without_any_token(gitlab: GitLab, server: Server) -> None:
    server.body = b'{"keys": []}'
    assert gitlab.keys(Deadline(2)) == b'{"keys": []}'
    assert server.asked == [("/oauth/discovery/keys", None)]


def test_a_job_is_read_with_the_token(gitlab: GitLab, server: Server) -> None:
    assert gitlab.job("20", "302", Deadline(2)) == b"{}"
    assert server.asked == [("/api/v4/projects/20/jobs/302", "glpat-canary")]


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


def test_a_gitlab_that_is_not_there_is_said_so(gitlab: GitLab) -> None:
    gitlab._url = "http://127.0.0.1:1"
    with pytest.raises(KeySetError, match="cannot be reached"):
        gitlab.keys(Deadline(2))


def test_a_changed_ca_makes_a_new_session(gitlab: GitLab, sessions: list[requests.Session]) -> None:
    for ca_pem in ("", "", "PEM", "PEM", ""):
        gitlab.use_ca(ca_pem)
        gitlab.keys(Deadline(2))
    assert len(sessions) == 3


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
