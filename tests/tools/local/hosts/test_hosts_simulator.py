from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.tools.local.hosts.support import FIRST, AwsServer, MemoryRunner, instances
from tools.local.gitlab import GitLab, Request
from tools.local.gitlab.board import RunnerBoard
from tools.local.hosts import HostFleet, system_id
from tools.local.hosts.aws import AwsError
from tools.local.hosts.simulator import Simulator, Simulators

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tools.local.hosts import Instance


class MemoryAws:
    def __init__(self) -> None:
        self.listed: list[Instance] = []
        self.broken = False

    def instances(self) -> list[Instance]:
        if self.broken:
            raise AwsError("the local AWS is away")
        return self.listed

    def complete(self, instance_id: str) -> None:
        if self.broken:
            raise AwsError(f"{instance_id} cannot be completed")

    def enter(self, instance_id: str) -> None:
        self.complete(instance_id)


def simulator(aws: MemoryAws, runner: MemoryRunner) -> Simulator:
    return Simulator(aws, lambda *hooks: HostFleet(1, runner, runner, *hooks), poll_seconds=0.01)


def test_an_unreadable_group_kills_no_jobs(runner: MemoryRunner, capsys: pytest.CaptureFixture[str]) -> None:
    aws = MemoryAws()
    aws.listed = instances(first="InService")
    runner.add(1)
    playing = simulator(aws, runner)
    playing.look()
    aws.broken = True
    playing.look()
    playing.look()
    status = playing.status()
    assert (status["errors"], status["last_error"], status["jobs_killed"]) == (2, "the local AWS is away", 0)
    assert capsys.readouterr().err.count("the local AWS is away") == 1
    assert {system_id(FIRST): [1]} == runner.running()


class Played:
    """A GitLab with its hosts simulator, and the control API's way to both."""

    def __init__(self, aws: AwsServer) -> None:
        self.gitlab = GitLab()
        self.aws = aws

        def board(runner: int) -> RunnerBoard:
            return RunnerBoard(self.gitlab, runner)

        self.hosts = Simulators(board, board)
        self.gitlab.world.hosts = self.hosts

    def control(self, method: str, path: str, body: object = None) -> Any:
        content = b"" if body is None else json.dumps(body).encode()
        response = self.gitlab.handle(Request(method, f"/_control/{path}", {}, content))
        assert response.status < 300, response.body
        return response.json() if response.body else None

    def play(self, **fields: object) -> None:
        order = {"aws_endpoint": self.aws.endpoint, "autoscaling_group": "fleet", "poll_seconds": 0.01, **fields}
        self.control("POST", "hosts", order)

    def jobs(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.control("GET", "jobs")["jobs"]
        return found


@pytest.fixture
def played(aws_server: AwsServer) -> Iterator[Played]:
    made = Played(aws_server)
    try:
        yield made
    finally:
        made.hosts.stop(None)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline, "it took longer than five seconds"
        time.sleep(0.005)


def test_hosts_take_jobs_drain_and_complete_their_lifecycle_action(played: Played, aws_server: AwsServer) -> None:
    aws_server.show(first="InService")
    played.control("POST", "projects", {})
    matching = {"project_id": 1, "tag_list": ["linux"], "duration_seconds": None}
    played.control("POST", "jobs", [{**matching, "tag_list": ["gpu"]}, matching, {**matching, "tag_list": []}])
    played.play(runner_tags=["linux"], run_untagged=False, slots=2)
    wait_until(lambda: [job["status"] for job in played.jobs()] == ["pending", "running", "pending"])
    assert played.jobs()[1]["system_id"] == system_id(FIRST)
    aws_server.show(first="Terminating:Wait")
    played.control("POST", "jobs/2/finish", {})
    wait_until(lambda: completed(aws_server))
    aws_server.show()
    wait_until(lambda: played.control("GET", "hosts")["groups"][0]["hosts"] == [])
    status = played.control("GET", "hosts")
    assert tuple(status[name] for name in ("jobs_taken", "jobs_killed", "instances_seen", "errors")) == (1, 0, 1, 0)


def completed(aws_server: AwsServer) -> bool:
    return any(action.get("Action") == "CompleteLifecycleAction" for action in aws_server.actions)


def test_a_killed_job_fails_with_gitlabs_reason_and_is_counted(played: Played, aws_server: AwsServer) -> None:
    aws_server.show(first="InService")
    played.control("POST", "projects", {})
    played.control("POST", "jobs", {"project_id": 1, "duration_seconds": None})
    played.play()
    wait_until(lambda: played.jobs()[0]["status"] == "running")
    aws_server.show()
    wait_until(lambda: played.jobs()[0]["status"] == "failed")
    assert played.jobs()[0]["failure_reason"] == "runner_system_failure"
    wait_until(lambda: played.control("GET", "hosts")["jobs_killed"] == 1)


def test_a_second_order_for_a_group_takes_the_place_of_the_first(played: Played) -> None:
    played.play(slots=1)
    first = played.hosts.playing["fleet"]
    played.play(slots=3)
    assert not first.thread.is_alive()
    assert [simulator.fleet.slots for simulator in played.hosts.playing.values()] == [3]


def test_hosts_can_be_stopped_by_group_or_all_and_a_reset_stops_them(played: Played) -> None:
    for group in ("one", "two", "three"):
        played.play(autoscaling_group=group)
    played.control("DELETE", "hosts?autoscaling_group=one")
    assert list(played.hosts.playing) == ["two", "three"]
    played.control("DELETE", "hosts")
    assert played.control("GET", "hosts")["groups"] == []
    played.play()
    played.control("POST", "reset")
    assert played.control("GET", "hosts")["groups"] == []


def test_a_paused_runners_hosts_take_nothing(played: Played) -> None:
    played.control("POST", "projects", {})
    played.control("POST", "jobs", {"project_id": 1, "tag_list": ["linux"]})
    played.control("PUT", "runners/1", {"paused": True, "tag_list": ["linux"]})
    board = RunnerBoard(played.gitlab, 1)
    fleet = HostFleet(1, board, board, lambda _: True, lambda _: True)
    fleet.step(instances(first="InService"))
    assert fleet.jobs_taken == 0
    played.control("PUT", "runners/1", {"paused": False})
    fleet.step(instances(first="InService"))
    assert fleet.jobs_taken == 1


def test_a_protected_runner_takes_jobs_of_protected_refs_only(played: Played) -> None:
    played.control("POST", "projects", {})
    played.control("POST", "jobs", [{"project_id": 1, "ref": "feature"}, {"project_id": 1, "ref": "main"}])
    played.control("PUT", "runners/1", {"access_level": "ref_protected"})
    board = RunnerBoard(played.gitlab, 1)
    HostFleet(5, board, board, lambda _: True, lambda _: True).step(instances(first="InService"))
    assert [job["status"] for job in played.jobs()] == ["pending", "running"]


def test_a_job_that_is_gone_is_neither_taken_nor_lost(played: Played) -> None:
    played.control("POST", "projects", {})
    played.control("POST", "jobs", {"project_id": 1})
    played.control("POST", "jobs/1/cancel")
    board = RunnerBoard(played.gitlab, 1)
    assert (board.take(1, "r_aaaaaaaaaaaa"), board.lose(1)) == (False, False)
