"""The project's GitLab stand-in under the real client: no sockets, and the clock that the test moves."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter

from common.secrets import SecretStore
from scaler.call import Call
from scaler.gitlab import GitLabClient, stop_at_429
from scaler.matching import Runner
from scaler.tokens import Tokens
from tools.local.gitlab.app import GitLab
from tools.local.gitlab.messages import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.lambda_src.scaler.fakes import FakeClock
    from tools.local.gitlab.messages import Response

URL = "http://gitlab.test"
PARAMETER = "/fleet/token"


class Transport(BaseAdapter):
    """Carries requests to the stand-in; an answer that takes longer than the timeout does not arrive."""

    def __init__(self, gitlab: GitLab, clock: FakeClock) -> None:
        super().__init__()
        self.gitlab = gitlab
        self.clock = clock
        self.sent: list[requests.PreparedRequest] = []
        self.change: Callable[[bytes], bytes] = lambda body: body

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        self.sent.append(request)
        parts = urlsplit(str(request.url))
        headers = {name.lower(): str(value) for name, value in request.headers.items()}
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        answer = self.gitlab.handle(Request(str(request.method), target, {**headers, "host": parts.netloc}, body))
        if answer.broken == "timeout" or answer.delay_seconds > timeout:
            self.clock.sleep(timeout)
            raise requests.ReadTimeout("timed out")
        if answer.broken:
            raise requests.ConnectionError("connection reset")
        self.clock.sleep(answer.delay_seconds)
        response = _response(request, answer, self.change(answer.body))
        response.headers["Date"] = formatdate(self.clock(), usegmt=True)
        return response

    def close(self) -> None:
        pass


def _response(request: requests.PreparedRequest, answer: Response, body: bytes) -> requests.Response:
    response = requests.Response()
    response.status_code = answer.status
    response.headers.update(answer.headers)
    response.url = str(request.url)
    response.request = request
    response._content = body
    return response


@dataclass
class FakeParameters:
    """SSM with one parameter, and how often it was read."""

    text: str
    reads: int = 0

    def get_parameters(self, *, Names: Sequence[str], WithDecryption: bool) -> Any:  # noqa: N803
        self.reads += 1
        return {"Parameters": [{"Name": name, "Value": self.text} for name in Names], "InvalidParameters": []}


@dataclass
class StandIn:
    """A GitLab with its client."""

    clock: FakeClock
    runner_id: str = "1"
    gitlab: GitLab = field(init=False)
    transport: Transport = field(init=False)
    parameters: FakeParameters = field(init=False)

    def __post_init__(self) -> None:
        numbers = itertools.count()
        self.gitlab = GitLab(self.clock, new_secret=lambda: f"secret{next(numbers)}", endpoint=URL)
        self.transport = Transport(self.gitlab, self.clock)
        self.parameters = FakeParameters(self.gitlab.token)
        self.secrets = SecretStore(lambda: self.parameters, self.clock)
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.mount(URL, self.transport)
        self.session.hooks["response"].append(stop_at_429)

    def control(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        answer = self.gitlab.handle(
            Request(method, f"/_control/{path}", {}, json.dumps(body).encode() if body is not None else b"")
        )
        assert answer.status < 300, answer.body
        return answer.json() if answer.body else None

    def project(self, **fields: Any) -> int:
        return int(self.control("POST", "projects", fields)["ids"][0])

    def jobs(self, project_id: int, **fields: Any) -> list[int]:
        body = {"project_id": project_id, "duration_seconds": None, **fields}
        return [int(number) for number in self.control("POST", "jobs", body)["ids"]]

    def start(self, job_id: int, system_id: str) -> None:
        self.control("POST", f"jobs/{job_id}/start", {"system_id": system_id})

    def fault(self, name: str, **fields: Any) -> None:
        self.control("PUT", "faults", {"name": name, **fields})

    def recover(self) -> None:
        self.control("DELETE", "faults")

    def stats(self) -> Any:
        return self.control("GET", "stats")

    def call(self, allowed: int = 100, seconds: float = 10.0) -> Call:
        return Call(allowed, self.clock() + seconds, self.clock)

    def connect(self, call: Call) -> GitLabClient:
        return GitLabClient(
            URL,
            lambda: self.session,
            Tokens(self.secrets, PARAMETER),
            call,
            clock=self.clock,
            sleep=self.clock.sleep,
            jitter=lambda: 0.5,
            runner=Runner(frozenset({"linux"}), run_untagged=True, id=self.runner_id),
        )
