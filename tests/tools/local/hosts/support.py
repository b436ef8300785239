"""A runner's jobs and managers, and an Auto Scaling group, all in memory."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from tools.local.hosts import Instance, PendingJob, RunnerRules

if TYPE_CHECKING:
    from collections.abc import Iterable

FIRST = "i-00000aaaaaaaaaaaa"
SECOND = "i-00000bbbbbbbbbbbb"


@dataclass
class MemoryRunner:
    """A runner whose jobs tests add and finish."""

    waiting: list[PendingJob] = field(default_factory=list)
    busy: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    lost: list[int] = field(default_factory=list)
    met: set[str] = field(default_factory=set)
    taken_by_others: set[int] = field(default_factory=set)
    accepts: RunnerRules = field(default_factory=lambda: RunnerRules(frozenset({"linux"}), run_untagged=True))

    def add(self, count: int, *tags: str) -> None:
        start = len(self.waiting) + 1
        self.waiting += [PendingJob(start + n, frozenset(tags), protected=False) for n in range(count)]

    def finish(self, system_id: str) -> None:
        self.busy.pop(system_id)

    def pending(self) -> list[PendingJob]:
        return self.waiting

    def running(self) -> dict[str, list[int]]:
        return {name: list(jobs) for name, jobs in self.busy.items()}

    def take(self, job_id: int, system_id: str) -> bool:
        if job_id in self.taken_by_others:
            return False
        self.waiting = [job for job in self.waiting if job.id != job_id]
        self.busy[system_id].append(job_id)
        return True

    def lose(self, job_id: int) -> bool:
        self.lost.append(job_id)
        for jobs in self.busy.values():
            if job_id in jobs:
                jobs.remove(job_id)
                return True
        return False

    def rules(self) -> RunnerRules:
        return self.accepts

    def meet(self, system_ids: Iterable[str]) -> None:
        self.met.update(system_ids)

    def part(self, system_id: str) -> None:
        self.met.discard(system_id)


def instances(**states: str) -> list[Instance]:
    """Return FIRST and SECOND in the states that are given."""
    ids = {"first": FIRST, "second": SECOND}
    return [Instance(ids[name], state) for name, state in states.items()]


class AwsServer(ThreadingHTTPServer):
    """The two answers of the local AWS that hosts ask for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), AwsHandler)
        self.listed: object = {"instances": []}
        self.status = 200
        self.actions: list[dict[str, str]] = []
        self.authorization = ""
        self.thread = threading.Thread(target=self.serve_forever, args=(0.01,))

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def show(self, **states: str) -> None:
        entries = [{"instance_id": i.instance_id, "lifecycle_state": i.lifecycle_state} for i in instances(**states)]
        self.listed = {"instances": entries}

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self.thread.join()


HOOKS = """<DescribeLifecycleHooksResponse xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/">
<DescribeLifecycleHooksResult><LifecycleHooks>
<member><LifecycleHookName>launch</LifecycleHookName>
<LifecycleTransition>autoscaling:EC2_INSTANCE_LAUNCHING</LifecycleTransition></member>
<member><LifecycleHookName>drain</LifecycleHookName>
<LifecycleTransition>autoscaling:EC2_INSTANCE_TERMINATING</LifecycleTransition></member>
</LifecycleHooks></DescribeLifecycleHooksResult></DescribeLifecycleHooksResponse>"""


class AwsHandler(BaseHTTPRequestHandler):
    server: AwsServer

    def do_GET(self) -> None:
        self.server.actions.append({"path": self.path})
        self.answer(json.dumps(self.server.listed).encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        self.server.actions.append(form)
        self.server.authorization = self.headers["Authorization"]
        self.answer(HOOKS.encode() if form["Action"] == "DescribeLifecycleHooks" else b"<Done/>")

    def answer(self, body: bytes) -> None:
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass
