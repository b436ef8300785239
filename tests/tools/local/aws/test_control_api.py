"""The control API under /_local/."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.tools.local.aws.fakes import TERMINATING, World
from tools.local.aws.clock import Clock
from tools.local.aws.control import Control, Iam, Workers
from tools.local.aws.front import Front
from tools.local.aws.outages import Outages
from tools.local.aws.stats import Stats


class Client:
    """Ask a front without a socket."""

    def __init__(self, world: World) -> None:
        self.stats = Stats()
        self.passed: list[Any] = []
        self.ended: list[str] = []
        self.enforced: list[bool] = []
        workers, iam = Workers(end=self.ended.append), Iam(change=self.enforced.append)
        control = Control(world.scaling, Clock(world.clock.now), workers, self.stats, Outages(), iam)
        self.front = Front(control, self.emulator, "us-east-1")

    async def emulator(self, scope: Any, receive: Any, send: Any) -> None:
        self.passed.append(scope)

    def ask(self, method: str, path: str, query: str = "", body: bytes = b"") -> tuple[int, dict[str, Any]]:
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": []}
        asyncio.run(self.front(scope, receive, send))
        return (sent[0]["status"], json.loads(sent[1]["body"])) if sent else (0, {})

    def put(self, **settings: Any) -> tuple[int, dict[str, Any]]:
        return self.ask("PUT", "/_local/settings", body=json.dumps(settings).encode())


@pytest.fixture
def client(world: World) -> Client:
    return Client(world)


def test_instances_show_their_state_and_what_they_wait_for(world: World, client: Client) -> None:
    (only,) = world.serving(1)
    world.hook(TERMINATING)
    world.terminate(only)
    _, answer = client.ask("GET", "/_local/instances", "group=fleet")
    (shown,) = answer["instances"]
    assert (only, "fleet", "Terminating:Wait", ["drain"]) == (
        shown["instance_id"],
        shown["group"],
        shown["lifecycle_state"],
        shown["waiting_for_hooks"],
    )
    assert client.ask("GET", "/_local/instances", "group=other") == (200, {"instances": []})


def test_settings_change_one_at_a_time(world: World, client: Client) -> None:
    status, answer = client.put(boot_seconds=0.5, clock_speed=60, lambda_workers=2)
    assert status == 200
    assert (
        answer["boot_seconds"],
        answer["clock_speed"],
        answer["lambda_workers"],
        answer["shutdown_seconds"],
    ) == (0.5, 60, 2, 1.0)
    world.create(desired=1)
    world.wait(0.5)
    assert world.states() == ["InService"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"boots": 1}, "no setting 'boots'"),
        ({"boot_seconds": -1}, "not negative"),
        ({"boot_seconds": "3"}, "number"),
        ({"boot_seconds": True}, "number"),
        ({"clock_speed": 0}, "above 0"),
        ({"sts_delay_seconds": -1}, "not negative"),
        ({"sts_fail": "Boredom"}, "one of AccessDenied"),
        ({"kms_fail": True}, "one of AccessDenied"),
        ({"iam": "off"}, "true or false"),
    ],
)
def test_a_wrong_setting_changes_nothing_and_is_named(client: Client, settings: dict[str, Any], message: str) -> None:
    before = client.ask("GET", "/_local/settings")
    status, answer = client.put(**({"proceed_seconds": 9} | settings))
    assert status == 400
    assert message in answer["error"]
    assert before == client.ask("GET", "/_local/settings")


def test_iam_is_enforced_as_long_as_it_is_set(client: Client) -> None:
    assert client.ask("GET", "/_local/settings")[1]["iam"] is False
    assert [client.put(iam=wanted)[1]["iam"] for wanted in (True, False)] == [True, False]
    assert client.put(boot_seconds=1)[1]["iam"] is False
    assert client.enforced == [True, False]


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"boot_seconds": NaN}'])
def test_a_body_that_is_no_object_of_numbers_is_refused(client: Client, body: bytes) -> None:
    assert client.ask("PUT", "/_local/settings", body=body)[0] == 400


def test_stats_count_calls_and_begin_anew(client: Client) -> None:
    client.stats.count("sts", "AssumeRole")
    client.stats.count("sts", "AssumeRole")
    assert client.ask("GET", "/_local/stats") == (200, {"sts.AssumeRole": 2})
    assert client.ask("DELETE", "/_local/stats") == (200, {"sts.AssumeRole": 2})
    assert client.ask("GET", "/_local/stats") == (200, {})


def test_a_functions_workers_can_be_ended(client: Client) -> None:
    assert client.ask("DELETE", "/_local/workers", "function=vendor") == (200, {"function": "vendor"})
    assert client.ended == ["vendor"]
    assert client.ask("DELETE", "/_local/workers")[0] == 400


def test_an_unknown_route_names_the_known_ones(client: Client) -> None:
    status, answer = client.ask("GET", "/_local/nothing")
    assert status == 404
    assert "/_local/instances" in answer["error"]


def test_everything_else_is_passed_on(client: Client) -> None:
    client.ask("POST", "/")
    client.ask("POST", "/_url/abc/hook")
    assert [scope["path"] for scope in client.passed] == ["/", "/hook"]
