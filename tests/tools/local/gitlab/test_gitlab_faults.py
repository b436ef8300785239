from __future__ import annotations

import json
from typing import Any

import pytest

from tests.tools.local.gitlab.support import Client, all_pages, next_link
from tools.local.gitlab.faults import NAMES


def fault(client: Client, name: str, **fields: object) -> None:
    client.control("PUT", "faults", {"name": name, **fields})


@pytest.fixture
def busy(client: Client) -> Client:
    client.jobs(client.project(), 5)
    return client


@pytest.mark.parametrize(
    ("name", "status"),
    [("5xx", 503), ("html", 502), ("rate_limit", 429), ("unauthorized", 401)],
)
def test_a_fault_answers_in_gitlabs_stead(busy: Client, name: str, status: int) -> None:
    fault(busy, name)
    assert busy.get("projects/1/jobs").status == status


def test_an_html_page_may_come_with_200(busy: Client) -> None:
    fault(busy, "html", status=200)
    response = busy.get("projects/1/jobs")
    assert (response.status, response.header("content-type")) == (200, "text/html; charset=utf-8")
    assert response.body.startswith(b"<!DOCTYPE html>")


def test_a_rate_limit_says_when_to_come_back(busy: Client) -> None:
    fault(busy, "rate_limit", seconds=7)
    assert busy.get("projects").header("Retry-After") == "7"


@pytest.mark.parametrize("path", ["projects/1/jobs", "projects/1/jobs?scope[]=running"])
def test_truncated_json_never_parses(busy: Client, path: str) -> None:
    fault(busy, "truncated_json")
    with pytest.raises(json.JSONDecodeError):
        busy.get(path).json()


def test_a_dropped_page_leaves_a_full_page_that_says_nothing_of_another(busy: Client) -> None:
    fault(busy, "dropped_page")
    keyset = busy.get("projects/1/jobs?pagination=keyset&per_page=2")
    offset = busy.get("projects/1/jobs?per_page=2")
    found: Any = keyset.json()
    assert len(found) == 2
    assert [next_link(keyset), next_link(offset)] == [None, None]
    assert not offset.header("X-Next-Page")
    assert not keyset.header("X-Next-Cursor")
    explicit: Any = busy.get("projects/1/jobs?per_page=2&page=2").json()
    assert len(explicit) == 2


def test_a_wrong_type_is_an_object_where_a_list_belongs(busy: Client) -> None:
    fault(busy, "wrong_type")
    assert isinstance(busy.get("projects/1/jobs").json(), dict)
    assert isinstance(busy.get("projects/1").json(), list)


def test_slow_answers_are_right_but_late(busy: Client) -> None:
    right = busy.get("projects/1/jobs").body
    fault(busy, "slow", seconds=4)
    response = busy.get("projects/1/jobs")
    assert (right, 4.0) == (response.body, response.delay_seconds)


@pytest.mark.parametrize(("name", "broken"), [("timeout", "timeout"), ("connection_reset", "reset")])
def test_answers_that_do_not_arrive_are_marked_for_the_server(busy: Client, name: str, broken: str) -> None:
    fault(busy, name)
    assert busy.get("projects/1/jobs").broken == broken


def test_a_fault_ends_by_itself_after_its_time(busy: Client) -> None:
    fault(busy, "5xx", for_seconds=300)
    busy.clock.now += 299
    assert busy.get("projects").status == 503
    busy.clock.now += 1
    assert busy.get("projects").status == 200


def test_a_fault_strikes_only_as_often_as_it_is_told(busy: Client) -> None:
    fault(busy, "5xx", count=2)
    assert [busy.get("projects").status for _ in range(3)] == [503, 503, 200]


def test_a_fault_strikes_only_the_paths_of_its_pattern(busy: Client) -> None:
    fault(busy, "5xx", path="/api/v4/projects/*/jobs")
    assert [busy.get(path).status for path in ("projects/1/jobs", "projects")] == [503, 200]


def test_several_faults_share_the_paths_and_can_be_taken_away(busy: Client) -> None:
    faults = [{"name": "html", "path": "*/jobs"}, {"name": "5xx"}]
    busy.control("PUT", "faults", {"faults": faults})
    assert [busy.get(path).status for path in ("projects/1/jobs", "projects")] == [502, 503]
    assert busy.control("GET", "stats")["faults"] == {"html": 1, "5xx": 1}
    busy.control("DELETE", "faults")
    assert all_pages(busy, "projects/1/jobs") == [[5, 4, 3, 2, 1]]


def test_requests_that_a_fault_swallows_do_not_use_up_the_rate_limit(busy: Client) -> None:
    busy.control("PUT", "settings", {"rate_limit": 1})
    fault(busy, "5xx", count=3)
    assert [busy.get("projects/1/jobs").status for _ in range(4)] == [503, 503, 503, 200]


def test_an_unknown_fault_is_refused_with_the_names_of_all(client: Client) -> None:
    message = client.send("PUT", "faults", {"name": "gremlins"}).body.decode()
    assert [name for name in NAMES if name not in message] == []
