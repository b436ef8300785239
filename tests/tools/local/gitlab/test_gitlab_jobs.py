from __future__ import annotations

import json
from typing import Any

import pytest

from tests.tools.local.gitlab.support import START, Client, all_pages, next_link
from tools.local.gitlab import Request
from tools.local.gitlab.clock import iso

LISTED_FIELDS = {
    "status",
    "tag_list",
    "stage",
    "name",
    "ref",
    "created_at",
    "started_at",
    "finished_at",
    "queued_duration",
    "duration",
    "pipeline",
    "runner",
    "runner_manager",
}


def start(client: Client, job: int, system_id: str = "r_0123456789ab") -> None:
    client.control("POST", f"jobs/{job}/start", {"system_id": system_id})


def test_a_page_has_twenty_jobs_by_default_newest_first(client: Client) -> None:
    made = client.jobs(client.project(), 25)
    assert sorted(made, reverse=True)[:20] == [job["id"] for job in client.listed("projects/1/jobs")]


def test_several_scopes_are_read_in_one_call(client: Client) -> None:
    project = client.project()
    pending, running, created = client.jobs(project)[0], client.jobs(project)[0], client.jobs(project, status="created")
    start(client, running)
    path = f"projects/{project}/jobs?scope[]=pending&scope[]=running"
    assert [running, pending] == [job["id"] for job in client.listed(path)]
    assert created == [job["id"] for job in client.listed(f"projects/{project}/jobs?scope=created")]


def test_an_unknown_scope_is_refused(client: Client) -> None:
    response = client.get(f"projects/{client.project()}/jobs?scope[]=waiting")
    assert (response.status, response.json()) == (400, {"error": "scope does not have a valid value"})


@pytest.mark.parametrize("per_page", ["0", "-1", "many"])
def test_a_page_size_that_is_none_is_refused(client: Client, per_page: str) -> None:
    assert client.get(f"projects/{client.project()}/jobs?per_page={per_page}").status == 400


def test_keyset_pages_of_jobs_end_without_a_link_and_without_totals(client: Client) -> None:
    project = client.project()
    client.jobs(project, 5)
    path = f"projects/{project}/jobs?pagination=keyset&order_by=id&per_page=2&scope[]=pending"
    assert all_pages(client, path) == [[5, 4], [3, 2], [1]]
    assert all_pages(client, path + "&sort=asc") == [[1, 2], [3, 4], [5]]
    response = client.get(path)
    assert "scope%5B%5D=pending" in str(next_link(response))
    assert [response.header(name) for name in ("X-Total", "X-Page")] == [None, None]


def test_a_full_last_keyset_page_has_no_link(client: Client) -> None:
    project = client.project()
    client.jobs(project, 4)
    assert all_pages(client, f"projects/{project}/jobs?pagination=keyset&per_page=2") == [[4, 3], [2, 1]]


def test_keyset_pages_skip_nothing_when_jobs_end_between_them(client: Client) -> None:
    project = client.project()
    client.jobs(project, 4)
    first = client.get(f"projects/{project}/jobs?pagination=keyset&per_page=2&scope[]=pending")
    client.control("POST", "jobs/4/cancel")
    assert all_pages(client, str(next_link(first))) == [[2, 1]]


@pytest.mark.parametrize("query", ["order_by=name&pagination=keyset", "pagination=keyset&cursor=%21"])
def test_keyset_pages_that_cannot_be_are_refused(client: Client, query: str) -> None:
    assert client.get(f"projects/{client.project()}/jobs?{query}").status == 400


def test_offset_pages_of_jobs_are_never_counted(client: Client) -> None:
    project = client.project()
    client.jobs(project, 5)
    response = client.get(f"projects/{project}/jobs?per_page=2&page=2")
    assert [response.header(name) for name in ("X-Page", "X-Next-Page", "X-Total")] == ["2", "3", None]
    assert 'rel="last"' not in str(response.header("Link"))


def test_a_listed_job_has_the_fields_that_a_fleet_reads(client: Client) -> None:
    [job] = client.jobs(client.project(), tag_list=["linux", "docker"])
    [listed] = client.listed("projects/1/jobs")
    assert set(listed) >= LISTED_FIELDS
    assert (listed["tag_list"], listed["runner"], listed["runner_manager"]) == (["docker", "linux"], None, None)
    assert client.get(f"projects/1/jobs/{job}").json() == listed


def test_a_running_job_names_its_runner_and_manager(client: Client) -> None:
    [job] = client.jobs(client.project())
    start(client, job)
    [listed] = client.listed("projects/1/jobs")
    manager = listed["runner_manager"]
    assert (
        listed["runner"]["id"],
        manager["system_id"],
        manager["job_execution_status"],
    ) == (1, "r_0123456789ab", "active")
    assert {"id", "contacted_at", "ip_address", "status"} <= set(manager)


def test_a_job_waits_runs_and_ends_by_the_clock(client: Client) -> None:
    [job] = client.jobs(client.project(), duration_seconds=30)
    client.clock.now += 5
    assert client.listed("projects/1/jobs")[0]["queued_duration"] == 5
    start(client, job)
    client.clock.now += 29
    assert client.listed("projects/1/jobs")[0]["status"] == "running"
    client.clock.now += 60
    [ended] = client.listed("projects/1/jobs")
    assert ("success", 30, 5, iso(START + 35)) == (
        ended["status"],
        ended["duration"],
        ended["queued_duration"],
        ended["finished_at"],
    )


def test_a_job_can_be_made_to_fail(client: Client) -> None:
    [job] = client.jobs(client.project(), duration_seconds=1, outcome="failed")
    start(client, job)
    client.clock.now += 2
    [ended] = client.listed("projects/1/jobs")
    assert (ended["status"], ended["failure_reason"]) == ("failed", "script_failure")


def test_a_job_without_duration_runs_until_it_is_finished_by_hand(client: Client) -> None:
    [job] = client.jobs(client.project(), duration_seconds=None)
    start(client, job)
    client.clock.now += 1e6
    assert client.listed("projects/1/jobs?scope=running") != []
    client.control("POST", f"jobs/{job}/finish", {"status": "success"})
    assert client.listed("projects/1/jobs?scope=running") == []


@pytest.mark.parametrize("move", ["start", "finish", "cancel", "enqueue"])
def test_a_job_that_has_ended_cannot_be_moved(client: Client, move: str) -> None:
    [job] = client.jobs(client.project())
    client.control("POST", f"jobs/{job}/cancel")
    assert client.send("POST", f"jobs/{job}/{move}").status == 409


@pytest.mark.parametrize(
    ("order", "protected"),
    [
        ({}, True),
        ({"ref": "feature"}, False),
        ({"ref": "release/7"}, True),
        ({"ref": "v1", "tag": True}, True),
        ({"ref": "main", "tag": True}, False),
        ({"protected": False}, False),
        ({"ref": "feature", "protected": True}, True),
    ],
)
def test_a_job_is_protected_as_its_ref_is(client: Client, order: dict[str, Any], protected: bool) -> None:
    client.project(protected_branches=["main", "release/*"], protected_tags=["v*"])
    client.jobs(1, **order)
    assert client.control("GET", "jobs")["jobs"][0]["protected"] is protected


def test_job_lists_are_limited_per_token_and_minute_as_gitlab_does(client: Client) -> None:
    project = client.project()
    statuses = [client.get(f"projects/{project}/jobs").status for _ in range(601)]
    assert statuses == [200] * 600 + [429]
    refused = client.get(f"projects/{project}/jobs")
    assert tuple(
        refused.header(name) for name in ("Retry-After", "RateLimit-Limit", "RateLimit-Observed", "RateLimit-Remaining")
    ) == ("60", "600", "602", "0")
    assert client.get("projects").status == 200
    assert client.admin(f"projects/{project}/jobs").status == 200
    client.clock.now += 60
    assert client.get(f"projects/{project}/jobs").status == 200


def test_the_rate_limit_can_be_set_and_switched_off(client: Client) -> None:
    project = client.project()
    client.control("PUT", "settings", {"rate_limit": 1, "rate_limit_interval_seconds": 2})
    refused = [client.get(f"projects/{project}/jobs") for _ in range(2)][1]
    assert (refused.status, refused.header("Retry-After")) == (429, "2")
    client.control("PUT", "settings", {"rate_limit": 0})
    assert client.get(f"projects/{project}/jobs").status == 200


def test_a_runners_jobs_can_be_narrowed_to_a_state_and_a_manager(client: Client) -> None:
    first, second, third = client.jobs(client.project(), 3)
    start(client, first, "r_aaaaaaaaaaaa")
    start(client, second, "r_bbbbbbbbbbbb")
    start(client, third, "r_bbbbbbbbbbbb")
    client.control("POST", f"jobs/{third}/finish", {})

    def found_by(query: str) -> list[int]:
        found: Any = client.admin(f"runners/1/jobs?{query}").json()
        return [job["id"] for job in found]

    assert [third, second, first] == found_by("")
    assert [second, first] == found_by("status=running")
    assert [second] == found_by("status=running&system_id=r_bbbbbbbbbbbb")


def test_a_runner_authentication_token_is_verified_and_makes_its_manager_known(client: Client) -> None:
    body = {"token": client.gitlab.runner_token, "system_id": "r_0123456789ab"}
    assert verify(client, body).status == 200
    assert verify(client, {"token": "glrt-wrong"}).status == 403
    [manager] = client.listed("runners/1/managers")
    assert (
        manager["system_id"],
        manager["status"],
        manager["job_execution_status"],
    ) == ("r_0123456789ab", "online", "idle")
    client.clock.now += 3 * 3600
    assert client.listed("runners/1/managers")[0]["status"] == "offline"


def test_unregistering_removes_the_manager_and_keeps_the_runner(client: Client) -> None:
    body = {"token": client.gitlab.runner_token, "system_id": "r_0123456789ab"}
    verify(client, body)
    assert runner_request(client, "DELETE", "managers", body) == 204
    assert client.listed("runners/1/managers") == []
    assert client.get("runners/1").status == 200
    assert runner_request(client, "DELETE", "managers", body) == 404


def verify(client: Client, body: dict[str, str]) -> Any:
    return runner_answer(client, "POST", "verify", body)


def runner_request(client: Client, method: str, path: str, body: dict[str, str]) -> int:
    return int(runner_answer(client, method, path, body).status)


def runner_answer(client: Client, method: str, path: str, body: dict[str, str]) -> Any:
    headers = {"content-type": "application/json"}
    return client.gitlab.handle(Request(method, f"/api/v4/runners/{path}", headers, json.dumps(body).encode()))
