from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.tools.local.gitlab.support import Client


@pytest.mark.parametrize("token", ["", "glpat-unknown"])
def test_a_missing_or_unknown_token_is_unauthorized(client: Client, token: str) -> None:
    response = client.get("projects", token)
    assert (response.status, response.json()) == (401, {"message": "401 Unauthorized"})


def test_a_revoked_token_is_unauthorized(client: Client) -> None:
    client.control("POST", "tokens", {"token": "old", "revoked": True})
    assert client.get("projects", "old").status == 401


def test_a_bearer_token_is_as_good_as_a_private_token(client: Client) -> None:
    assert client.get("user", "", authorization=f"Bearer {client.gitlab.token}").status == 200


def test_a_token_without_the_api_scope_is_refused_but_may_ask_who_it_is(client: Client) -> None:
    client.control("POST", "tokens", {"token": "who", "scopes": ["read_user"]})
    refused = client.get("projects", "who")
    assert refused.status == 403
    assert refused.json()["error"] == "insufficient_scope"  # type: ignore[index]
    assert client.get("user", "who").status == 200
    assert client.get("personal_access_tokens/self", "who").status == 200


def test_a_private_project_of_others_does_not_exist(client: Client) -> None:
    project = client.project(membership=False)
    response = client.get(f"projects/{project}/jobs")
    assert (response.status, response.json()) == (404, {"message": "404 Project Not Found"})
    assert client.admin(f"projects/{project}/jobs").status == 200


def test_a_token_of_one_project_sees_no_other(client: Client) -> None:
    mine, other = client.project(), client.project()
    client.control("POST", "tokens", {"token": "one", "projects": [mine]})
    assert [client.get(f"projects/{number}", "one").status for number in (mine, other)] == [200, 404]


def test_a_guest_reads_jobs_only_where_they_are_public(client: Client) -> None:
    client.control("POST", "tokens", {"token": "guest", "access_level": 10})
    hidden, shown = client.project(public_jobs=False), client.project(public_jobs=True)
    assert [client.get(f"projects/{number}/jobs", "guest").status for number in (hidden, shown)] == [403, 200]


def test_protected_refs_need_the_roles_that_gitlab_asks_for(client: Client) -> None:
    project = client.project(protected_tags=["v*"])
    client.control("POST", "tokens", {"token": "guest", "access_level": 10})
    assert client.get(f"projects/{project}/protected_branches", "guest").status == 403
    assert [branch["name"] for branch in client.listed(f"projects/{project}/protected_branches")] == ["main"]
    assert client.get(f"projects/{project}/protected_tags").status == 403
    tags = client.admin(f"projects/{project}/protected_tags").json()
    assert [tag["name"] for tag in tags] == ["v*"]  # type: ignore[attr-defined]


def test_an_instance_runner_is_shown_to_everyone_but_its_jobs_to_admins_only(client: Client) -> None:
    assert [client.get(f"runners/1{rest}").status for rest in ("", "/managers", "/jobs")] == [200, 200, 403]
    assert client.admin("runners/1/jobs").status == 200


def test_a_group_runner_is_hidden_from_low_roles(client: Client) -> None:
    client.control("PUT", "runners/1", {"runner_type": "group_type"})
    responses = [client.get(f"runners/1{rest}") for rest in ("", "/managers", "/jobs")]
    assert [response.status for response in responses] == [403, 403, 403]
    assert responses[0].json() == {"message": "403 Forbidden - No access granted"}


def test_what_is_not_there_is_not_found(client: Client) -> None:
    project = client.project()
    paths = ["projects/99", "groups/99", "runners/99", f"projects/{project}/jobs/99", "nothing"]
    assert [client.get(path).status for path in paths] == [404] * 5


def test_a_branch_says_whether_it_is_protected(client: Client) -> None:
    project = client.project(protected_branches=["main", "release/*"])
    client.jobs(project, ref="release/1")
    client.jobs(project, ref="feature")
    names = ("main", "release%2F1", "feature")
    found = [client.get(f"projects/{project}/repository/branches/{name}").json() for name in names]
    assert [branch["protected"] for branch in found] == [True, True, False]  # type: ignore[index]
    assert client.get(f"projects/{project}/repository/branches/none").status == 404
