from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tools.local.gitlab import Request

if TYPE_CHECKING:
    from tests.tools.local.gitlab.support import Client

QUERY = "{ jobs(statuses: [CREATED, SCHEDULED], first: 100) { nodes { id } } }"
BUILD = {"name": "build", "stage": "build", "duration_seconds": 10}
TEST = {"name": "test", "stage": "test", "duration_seconds": 10}
DEPLOY = {"name": "deploy", "stage": "deploy", "duration_seconds": 10}


def pipeline(client: Client, *jobs: dict[str, Any]) -> list[int]:
    body = {"project_id": client.project(), "jobs": list(jobs)}
    ids: list[int] = client.control("POST", "pipelines", body)["ids"]
    return ids


def run(client: Client, *jobs: int) -> None:
    """Let pending jobs run and end."""
    for job in jobs:
        client.control("POST", f"jobs/{job}/start", {"system_id": f"r_{job:012x}"})
    client.clock.now += 10


def statuses(client: Client) -> list[str]:
    return [job["status"] for job in client.control("GET", "jobs")["jobs"]]


def ask(client: Client, query: str = QUERY, **variables: object) -> Any:
    body = json.dumps({"query": query, "variables": variables}).encode()
    headers = {"private-token": client.gitlab.token}
    return client.gitlab.handle(Request("POST", "/api/graphql", headers, body)).json()


def test_stages_follow_each_other(client: Client) -> None:
    build, test, _ = pipeline(client, BUILD, TEST, DEPLOY)
    assert statuses(client) == ["pending", "created", "created"]
    run(client, build)
    assert statuses(client) == ["success", "pending", "created"]
    run(client, test)
    assert statuses(client) == ["success", "success", "pending"]


def test_a_stage_waits_for_all_jobs_of_the_one_before(client: Client) -> None:
    build, other, _ = pipeline(client, BUILD, {**BUILD, "name": "other"}, TEST)
    run(client, build)
    assert statuses(client)[2] == "created"
    run(client, other)
    assert statuses(client)[2] == "pending"


def test_needs_go_before_stages(client: Client) -> None:
    build, *_ = pipeline(client, BUILD, TEST, {**DEPLOY, "needs": ["build"]}, {**DEPLOY, "name": "first", "needs": []})
    assert statuses(client) == ["pending", "created", "created", "pending"]
    run(client, build)
    assert statuses(client) == ["success", "pending", "pending", "pending"]


def test_after_a_failure_the_rest_is_skipped(client: Client) -> None:
    build, *_ = pipeline(client, {**BUILD, "outcome": "failed"}, TEST, DEPLOY)
    run(client, build)
    assert statuses(client) == ["failed", "skipped", "skipped"]


def test_after_a_cancellation_the_rest_is_skipped(client: Client) -> None:
    build, *_ = pipeline(client, BUILD, TEST)
    client.control("POST", f"jobs/{build}/cancel")
    assert statuses(client) == ["canceled", "skipped"]


@pytest.mark.parametrize(
    ("first", "following"),
    [
        pytest.param({"outcome": "failed", "allow_failure": True}, "pending", id="allowed to fail"),
        pytest.param({"outcome": "failed"}, "skipped", id="not allowed to fail"),
    ],
)
def test_a_job_may_be_allowed_to_fail(client: Client, first: dict[str, Any], following: str) -> None:
    build, _ = pipeline(client, {**BUILD, **first}, TEST)
    run(client, build)
    assert statuses(client)[1] == following


def test_manual_and_delayed_jobs_wait_for_a_person_or_a_time(client: Client) -> None:
    build, *_ = pipeline(
        client,
        BUILD,
        {**TEST, "when": "manual", "allow_failure": True},
        {**TEST, "name": "later", "stage": "later", "when": "delayed"},
        DEPLOY,
    )
    run(client, build)
    assert statuses(client) == ["success", "manual", "scheduled", "created"]


def test_graphql_shows_later_jobs_newest_first(client: Client) -> None:
    _, test, deploy = pipeline(client, BUILD, TEST, {**DEPLOY, "needs": ["test"], "when": "manual"})
    [project] = ask(client, ids=["gid://gitlab/Project/1"])["data"]["projects"]["nodes"]
    nodes = project["jobs"]["nodes"]
    assert [node["id"] for node in nodes] == [f"gid://gitlab/Ci::Build/{number}" for number in (deploy, test)]
    assert [node["schedulingType"] for node in nodes] == ["dag", "stage"]
    assert [node["manualJob"] for node in nodes] == [True, False]
    assert nodes[0]["needs"] == {"nodes": [{"name": "test"}]}


def test_graphql_goes_on_behind_a_cursor(client: Client) -> None:
    _, *later = pipeline(client, BUILD, *({**TEST, "name": f"test {number}"} for number in range(120)))

    def listed(after: object) -> Any:
        [project] = ask(client, ids=["gid://gitlab/Project/1"], after=after)["data"]["projects"]["nodes"]
        return project["jobs"]

    first = listed(None)
    second = listed(first["pageInfo"]["endCursor"])
    nodes = [*first["nodes"], *second["nodes"]]
    assert [node["id"] for node in nodes] == [f"gid://gitlab/Ci::Build/{number}" for number in reversed(later)]
    assert [page["pageInfo"]["hasNextPage"] for page in (first, second)] == [True, False]
    assert "errors" in ask(client, ids=["gid://gitlab/Project/1"], after="nonsense")


def test_graphql_hides_what_the_token_may_not_see(client: Client) -> None:
    client.project(membership=False)
    for number in (1, 99):
        assert ask(client, ids=[f"gid://gitlab/Project/{number}"]) == {"data": {"projects": {"nodes": []}}}


@pytest.mark.parametrize("variables", [{}, {"ids": ["1"]}, {"ids": ["gid://gitlab/Project/1"] * 2}])
def test_graphql_refuses_what_it_does_not_know(client: Client, variables: dict[str, Any]) -> None:
    assert "errors" in ask(client, **variables)
    assert "errors" in ask(client, "{ version }", ids=["gid://gitlab/Project/1"])


def test_graphql_needs_a_token(client: Client) -> None:
    assert client.gitlab.handle(Request("POST", "/api/graphql", {}, b"{}")).status == 401


@pytest.mark.parametrize("jobs", [None, [], [{"stage": "test"}], [{**TEST, "retry": 2}]])
def test_a_pipeline_that_makes_no_sense_is_refused(client: Client, jobs: object) -> None:
    response = client.send("POST", "pipelines", {"project_id": client.project(), "jobs": jobs})
    assert response.status == 400
