from __future__ import annotations

from typing import Any

import pytest

from tests.tools.local.gitlab.support import START, Client
from tools.local.gitlab import Request


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("projects", {"count": 0}, "count must be between 1 and 10000, not 0"),
        ("projects", {"count": True}, "count must be a whole number"),
        ("projects", {"group": "nowhere"}, "group: there is no group nowhere"),
        ("projects", {"visibility": "hidden"}, "visibility must be one of private, internal, public"),
        ("projects", {"size": 3}, "unknown field size"),
        ("projects", [], "a JSON object is needed, not list"),
        ("projects", {"name": "a/b"}, "name may have letters"),
        ("groups", {}, "path is missing"),
        ("jobs", {}, "project_id: there is no project None"),
        ("jobs", {"project_id": 1, "tag_list": "linux"}, "tag_list must be a list of strings"),
        ("jobs", {"project_id": 1, "duration_seconds": -1}, "duration_seconds must be a number of at least 0"),
        ("jobs", {"project_id": 1, "protected": "yes"}, "protected must be true, false or null"),
        ("jobs/x/cancel", {}, "a job's id is a number, not x"),
        ("events", {"project_id": 1, "event": "issue"}, "event must be one of push, pipeline"),
        ("tokens", {"token": "t", "projects": ["1"]}, "projects must be a list of whole numbers"),
    ],
)
def test_a_control_request_that_cannot_be_is_refused_with_the_field_and_the_reason(
    client: Client, path: str, body: object, words: str
) -> None:
    client.project()
    response = client.send("POST", path, body)
    answer: Any = response.json()
    assert response.status == 400
    assert words in answer["message"]


def test_a_body_that_is_not_json_is_refused(client: Client) -> None:
    response = client.gitlab.handle(Request("POST", "/_control/projects", {}, b"{"))
    assert response.status == 400


def test_a_bad_order_in_a_list_makes_no_job_at_all(client: Client) -> None:
    project = client.project()
    assert client.send("POST", "jobs", [{"project_id": project}, {"project_id": 99}]).status == 400
    assert client.control("GET", "jobs")["jobs"] == []


def test_orders_of_several_projects_come_in_one_request(client: Client) -> None:
    first, second = client.project(), client.project()
    orders = [{"project_id": first, "count": 2}, {"project_id": second}]
    made = client.control("POST", "jobs", orders)
    assert (made["ids"], [first, first, second]) == ([1, 2, 3], [job["project_id"] for job in made["jobs"]])


def test_jobs_are_listed_with_their_times_and_can_be_narrowed(client: Client) -> None:
    first, second = client.jobs(client.project(), 2, duration_seconds=5)
    client.clock.now += 2
    client.control("POST", f"jobs/{first}/start", {"system_id": "r_0123456789ab"})
    client.clock.now += 10
    [ended] = client.control("GET", "jobs?status=success")["jobs"]
    times = ("created_at", "queued_at", "started_at", "finished_at", "system_id")
    assert [ended[name] for name in times] == [START, START, START + 2, START + 7, "r_0123456789ab"]
    assert [second] == [job["id"] for job in client.control("GET", f"jobs?after_id={first}")["jobs"]]
    assert client.control("GET", "jobs?project_id=9")["jobs"] == []


def test_statistics_count_requests_reads_and_refusals(client: Client) -> None:
    project = client.project()
    client.jobs(project, 3)
    client.control("PUT", "settings", {"rate_limit": 3})
    path = f"projects/{project}/jobs?pagination=keyset&per_page=2"
    pages = client.get(path)
    cursor = pages.header("X-Next-Cursor")
    client.get(f"{path}&cursor={cursor}")
    client.get(f"{path}")
    client.get(f"{path}")
    client.get("projects")
    stats = client.control("GET", "stats")
    assert {
        "requests": 5,
        "too_many_requests": 1,
        "project_reads": {str(project): 2},
        "project_reads_max": 2,
        "job_list_pages": 3,
        "jobs": {"pending": 3},
    }.items() <= stats.items()
    assert stats["endpoints"]["GET /api/v4/projects/:id/jobs"] == 4
    client.control("DELETE", "stats")
    assert client.control("GET", "stats")["requests"] == 0


def test_a_taken_group_path_is_refused(client: Client) -> None:
    client.control("POST", "groups", {"path": "team"})
    assert client.send("POST", "groups", {"path": "team"}).status == 409


def test_a_reset_forgets_everything_but_the_tokens(client: Client) -> None:
    token = client.gitlab.token
    client.control("POST", "webhooks", {"url": "http://localhost/"})
    client.jobs(client.project())
    client.control("PUT", "faults", {"name": "5xx"})
    client.control("POST", "reset")
    assert client.listed("projects") == []
    assert (token, []) == (client.gitlab.token, client.control("GET", "jobs")["jobs"])
    assert client.gitlab.take_hook() is None


def test_a_hook_under_way_over_a_reset_never_counts_for_a_later_webhook(client: Client) -> None:
    client.control("POST", "webhooks", {"url": "http://localhost/"})
    client.jobs(client.project())
    under_way = client.gitlab.take_hook()
    assert under_way is not None
    client.control("POST", "reset")
    client.control("POST", "webhooks", {"url": "http://localhost/"})
    client.gitlab.report_hook(under_way, 500)
    [webhook] = client.control("GET", "webhooks")["webhooks"]
    assert (webhook["recent_failures"], webhook["deliveries"]) == (0, [])


def test_a_known_path_with_another_method_is_not_allowed(client: Client) -> None:
    assert client.send("DELETE", "jobs").status == 405


def test_the_info_has_what_a_client_needs(client: Client) -> None:
    info = client.control("GET", "info")
    assert (client.gitlab.token, client.gitlab.runner_token, 1, "http://gitlab.local") == (
        info["token"],
        info["runner_token"],
        info["runner_id"],
        info["url"],
    )


def test_the_hosts_simulator_is_refused_without_a_server(client: Client) -> None:
    assert client.send("GET", "hosts").status == 501


def test_a_further_runner_can_be_made_and_changed(client: Client) -> None:
    number = client.control("POST", "runners", {"token": "glrt-second", "tag_list": ["gpu"]})["id"]
    changed = client.control("PUT", f"runners/{number}", {"run_untagged": False})
    assert (changed["tag_list"], changed["run_untagged"]) == (["gpu"], False)
    assert client.send("PUT", "runners/99", {}).status == 404
