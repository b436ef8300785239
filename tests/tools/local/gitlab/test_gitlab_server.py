from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import gitlab as python_gitlab
import pytest
import requests

from tests.tools.local.gitlab.certificates import make_chain
from tools.local.gitlab.server import tls_context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tools.local.gitlab.server import Server


def control(server: Server, method: str, path: str, body: object = None) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)
    try:
        connection.request(method, f"/_control/{path}", json.dumps(body) if body is not None else None)
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    assert answer.status < 300, content
    return json.loads(content) if content else None


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline, "it took longer than five seconds"
        time.sleep(0.005)


@pytest.fixture
def api(server: Server) -> Iterator[python_gitlab.Gitlab]:
    with python_gitlab.Gitlab(server.endpoint, private_token=server.gitlab.token) as client:
        yield client


def test_python_gitlab_walks_keyset_pages_of_projects_and_jobs(server: Server, api: python_gitlab.Gitlab) -> None:
    control(server, "POST", "projects", {"count": 45})
    control(server, "POST", "jobs", {"project_id": 1, "count": 45})
    walk: dict[str, Any] = {"pagination": "keyset", "order_by": "id", "per_page": 20}
    assert list(range(45, 0, -1)) == [
        project.id for project in api.projects.list(iterator=True, membership=True, **walk)
    ]
    jobs = api.projects.get(1, lazy=True).jobs.list(iterator=True, scope=["pending", "running"], **walk)
    assert list(range(45, 0, -1)) == [job.id for job in jobs]
    assert control(server, "GET", "stats")["project_reads"] == {"1": 1}


def test_python_gitlab_walks_offset_pages(server: Server, api: python_gitlab.Gitlab) -> None:
    control(server, "POST", "groups", {"path": "team"})
    control(server, "POST", "projects", {"count": 45, "group": "team"})
    found = api.groups.get("team").projects.list(iterator=True, include_subgroups=True)
    assert (found.total, len(list(found))) == (45, 45)


def test_python_gitlab_knows_itself_and_the_errors(server: Server, api: python_gitlab.Gitlab) -> None:
    api.auth()
    assert (getattr(api.user, "username", None), api.version()[0]) == ("fleet", "19.2.0-ee")
    with pytest.raises(python_gitlab.GitlabListError, match="403"):
        api.runners.get(1).jobs.list(get_all=True)
    with (
        python_gitlab.Gitlab(server.endpoint, private_token="wrong") as stranger,
        pytest.raises(python_gitlab.GitlabAuthenticationError, match="401 Unauthorized"),
    ):
        stranger.projects.list(get_all=True)


def test_python_gitlab_comes_back_after_a_rate_limit(server: Server, api: python_gitlab.Gitlab) -> None:
    control(server, "POST", "jobs", {"project_id": control(server, "POST", "projects", {})["ids"][0]})
    control(server, "PUT", "faults", {"name": "rate_limit", "seconds": 0, "count": 2})
    assert len(api.projects.get(1, lazy=True).jobs.list(get_all=True)) == 1
    assert control(server, "GET", "stats")["statuses"] == {"429": 2, "200": 1}


def test_many_requests_share_a_connection(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)
    try:
        connection.connect()
        first = connection.sock
        for _ in range(20):
            connection.request("GET", "/api/v4/version", headers={"PRIVATE-TOKEN": server.gitlab.token})
            assert json.loads(connection.getresponse().read())["version"] == "19.2.0-ee"
        assert connection.sock is first
    finally:
        connection.close()


def get(server: Server, timeout: float = 5.0) -> requests.Response:
    headers = {"PRIVATE-TOKEN": server.gitlab.token}
    return requests.get(f"{server.endpoint}/api/v4/projects", headers=headers, timeout=timeout)


def test_a_reset_connection_is_an_error_at_the_client(server: Server) -> None:
    control(server, "PUT", "faults", {"name": "connection_reset"})
    with pytest.raises(requests.ConnectionError):
        get(server)


def test_a_timeout_never_answers_and_does_not_outlive_its_client(server: Server) -> None:
    control(server, "PUT", "faults", {"name": "timeout"})
    before = threading.active_count()
    with pytest.raises(requests.ReadTimeout):
        get(server, 0.05)
    wait_until(lambda: threading.active_count() <= before)


def test_a_slow_answer_is_late_and_right(server: Server) -> None:
    control(server, "PUT", "faults", {"name": "slow", "seconds": 0.1})
    started = time.monotonic()
    assert get(server).json() == []
    assert time.monotonic() - started >= 0.1


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST /_control/projects HTTP/1.1\r\nContent-Length: many\r\n\r\n", b"400"),
        (b"POST /_control/projects HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", b"413"),
        (b"POST /_control/projects HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"411"),
        (b"nonsense\r\n\r\n", b"400"),
    ],
)
def test_requests_that_are_not_http_as_we_know_it_are_refused(server: Server, head: bytes, status: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.server_address[1]), timeout=5) as connection:
        connection.sendall(head)
        assert status in connection.recv(4096)


def test_the_server_listens_on_loopback_only(server: Server) -> None:
    assert server.server_address[0] == "127.0.0.1"


def test_a_client_that_trusts_our_certificate_authority_gets_https_and_no_other_does(
    serve: Callable[..., AbstractContextManager[Server]], tmp_path: Path
) -> None:
    files = make_chain(tmp_path)
    with serve(tls_context(str(files.certificate), str(files.key))) as server:
        with python_gitlab.Gitlab(
            server.endpoint, private_token=server.gitlab.token, ssl_verify=str(files.authority)
        ) as client:
            page = client.http_get("/projects", raw=True, streamed=False)
            assert server.endpoint.startswith("https://")
            assert f"<{server.endpoint}/api/v4/projects" in page.headers["Link"]  # type: ignore[union-attr]
        with pytest.raises(requests.exceptions.SSLError):
            get(server)


class Receiver(ThreadingHTTPServer):
    """Takes webhooks, each after a short while."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ReceiverHandler)
        self.bodies: list[dict[str, Any]] = []
        self.busy = 0
        self.busiest = 0
        self.lock = threading.Lock()


class ReceiverHandler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        with self.server.lock:
            self.server.busy += 1
            self.server.busiest = max(self.server.busiest, self.server.busy)
            self.server.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        time.sleep(0.01)
        with self.server.lock:
            self.server.busy -= 1
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    started = Receiver()
    thread = threading.Thread(target=started.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield started
    finally:
        started.shutdown()
        started.server_close()
        thread.join()


def test_webhooks_are_sent_by_at_most_eight_senders_at_once(server: Server, receiver: Receiver) -> None:
    control(server, "POST", "projects", {})
    control(server, "POST", "webhooks", {"url": f"http://127.0.0.1:{receiver.server_address[1]}/x?y=1"})
    control(server, "POST", "jobs", {"project_id": 1, "count": 40, "status": "created"})
    wait_until(lambda: control(server, "GET", "stats")["hooks"] == {"202": 40})
    assert receiver.busiest <= 8
    assert set(range(1, 41)) == {body["build_id"] for body in receiver.bodies}


def test_a_receiver_that_is_not_there_is_recorded_as_an_error(server: Server) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        control(server, "POST", "projects", {})
        control(server, "POST", "webhooks", {"url": address})
        control(server, "POST", "jobs", {"project_id": 1, "status": "created"})
        wait_until(lambda: control(server, "GET", "stats")["hooks_waiting"] == 0)
    [delivery] = control(server, "GET", "webhooks")["webhooks"][0]["deliveries"]
    assert delivery["status"] is None
    assert "ConnectionRefusedError" in delivery["error"]


def test_a_receiver_that_does_not_answer_in_time_is_a_failure(server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        control(server, "POST", "projects", {})
        control(server, "PUT", "settings", {"webhook_timeout_seconds": 0.1})
        control(server, "POST", "webhooks", {"url": f"http://127.0.0.1:{silent.getsockname()[1]}/"})
        control(server, "POST", "jobs", {"project_id": 1, "status": "created"})
        wait_until(lambda: control(server, "GET", "stats")["hooks_waiting"] == 0)
    [webhook] = control(server, "GET", "webhooks")["webhooks"]
    assert (webhook["recent_failures"], webhook["deliveries"][0]["error"]) == (1, "TimeoutError: timed out")
