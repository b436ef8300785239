"""What the demo asks of the GitLab stand-in."""

from __future__ import annotations

import json
import threading
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest

from tools.demo.fleet import Fleet
from tools.local.gitlab.app import GitLab
from tools.local.gitlab.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator


class Aws:
    """The schedule function, and a CloudWatch that has a value when it was asked often enough, None = never."""

    def __init__(self, asked_before: int | None, error: str = "") -> None:
        self.invoked: list[tuple[str, dict[str, str]]] = []
        self.left = asked_before
        self.error = error

    def __call__(self, service: str) -> Aws:
        return self

    def invoke(self, FunctionName: str, Payload: str) -> dict[str, Any]:  # noqa: N803 - boto3's
        self.invoked.append((FunctionName, json.loads(Payload)))
        return {"FunctionError": "Unhandled", "Payload": BytesIO(self.error.encode())} if self.error else {}

    def get_metric_statistics(self, **wanted: object) -> dict[str, list[object]]:
        assert (wanted["MetricName"], wanted["Dimensions"]) == ("PendingJobs", [{"Name": "Fleet", "Value": "fleet"}])
        has_value = self.left == 0
        self.left = self.left - 1 if self.left else self.left
        return {"Datapoints": [{}] if has_value else []}


def addresses(gitlab: str) -> dict[str, Any]:
    return {
        "autoscaling_group_name": "g",
        "aws_endpoint": "http://127.0.0.1:1",
        "fleet": "fleet",
        "gitlab_url": gitlab,
        "region": "us-east-1",
        "runner_tags": ["docker"],
        "schedule_function": "fleet-schedule",
        "webhook_url": f"{gitlab}/nothing/here",
    }


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    server = Server(GitLab(), 0, None)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield Fleet(addresses(server.endpoint))
    finally:
        server.stop()
        thread.join()


def test_the_jobs_of_a_burst_that_go_on_are_far_apart(fleet: Fleet) -> None:
    projects = [fleet.new_project() for _ in range(10)]

    jobs, held = fleet.add_burst(projects, 5, 15.0, 3)

    records = {record["id"]: record for record in fleet.job_records()}
    assert len(jobs) == len(set(jobs)) == 50
    assert [jobs.index(job) for job in held] == [0, 15, 30]
    assert [job for job in jobs if records[job]["duration_seconds"] is None] == held
    assert {record["status"] for record in records.values()} == {"pending"}


def test_the_hosts_of_jobs_are_those_that_run_them(fleet: Fleet) -> None:
    jobs = fleet.add_jobs([fleet.new_project()], 2, 15.0)

    assert fleet.hosts_of(jobs) == set()


def test_waking_tells_how_the_request_was_answered(fleet: Fleet) -> None:
    assert fleet.wake() == 404


def test_a_sweep_is_over_when_cloudwatch_has_a_figure_of_jobs() -> None:
    aws = Aws(asked_before=1)

    Fleet(addresses("http://127.0.0.1:1"), aws).sweep(30)

    [(function, order)] = aws.invoked
    assert (function, order["kind"], aws.left) == ("fleet-schedule", "sweep", 0)


def test_a_sweep_without_a_figure_or_with_an_error_fails() -> None:
    with pytest.raises(TimeoutError, match="CloudWatch has no PendingJobs"):
        Fleet(addresses("http://127.0.0.1:1"), Aws(asked_before=None)).sweep(0)
    with pytest.raises(RuntimeError, match="the schedule function failed: no queue"):
        Fleet(addresses("http://127.0.0.1:1"), Aws(0, "no queue")).sweep(0)
