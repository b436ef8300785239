"""What the demo asks of the GitLab stand-in."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tools.demo.fleet import Fleet
from tools.local.gitlab.app import GitLab
from tools.local.gitlab.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    server = Server(GitLab(), 0, None)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    addresses = {
        "autoscaling_group_name": "g",
        "aws_endpoint": "http://127.0.0.1:1",
        "gitlab_url": server.endpoint,
        "region": "us-east-1",
        "runner_tags": ["docker"],
        "webhook_url": f"{server.endpoint}/nothing/here",
    }
    try:
        yield Fleet(addresses)
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
