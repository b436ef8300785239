from __future__ import annotations

from tests.tools.local.gitlab.support import START, Client, all_pages, next_link
from tools.local.gitlab.clock import iso


def ids(found: list[dict[str, int]]) -> list[int]:
    return [project["id"] for project in found]


def test_membership_leaves_out_public_projects_of_others(client: Client) -> None:
    mine = client.project()
    public = client.project(membership=False, visibility="public")
    assert [public, mine] == ids(client.listed("projects"))
    assert [mine] == ids(client.listed("projects?membership=true"))


def test_last_activity_after_leaves_out_quiet_projects(client: Client) -> None:
    busy = client.project()
    client.project(last_activity_seconds_ago=5 * 3600)
    since = iso(START - 4 * 3600)
    assert [busy] == ids(client.listed(f"projects?last_activity_after={since}"))


def test_a_time_that_is_none_is_refused_by_name(client: Client) -> None:
    response = client.get("projects?last_activity_after=yesterday")
    assert (response.status, response.json()) == (400, {"error": "last_activity_after is invalid"})


def test_archived_projects_are_listed_unless_they_are_asked_away(client: Client) -> None:
    live, archived = client.project(), client.project(archived=True)
    assert [archived, live] == ids(client.listed("projects"))
    assert [live] == ids(client.listed("projects?archived=false"))


def test_keyset_pages_of_projects_link_on_until_an_empty_page(client: Client) -> None:
    client.project(count=5)
    newest_first = "projects?pagination=keyset&order_by=id&per_page=2"
    assert all_pages(client, newest_first) == [[5, 4], [3, 2], [1], []]
    assert all_pages(client, newest_first + "&sort=asc") == [[1, 2], [3, 4], [5], []]
    assert "id_before=4" in str(next_link(client.get(newest_first)))


def test_keyset_pages_of_projects_need_the_order_by_id(client: Client) -> None:
    assert client.get("projects?pagination=keyset").status == 405


def test_offset_pages_carry_all_of_gitlabs_headers(client: Client) -> None:
    client.project(count=45)
    response = client.get("projects?page=2", host="gitlab.example.com:8080")
    names = ("X-Page", "X-Per-Page", "X-Next-Page", "X-Prev-Page", "X-Total", "X-Total-Pages")
    assert [response.header(name) for name in names] == ["2", "20", "3", "1", "45", "3"]
    link = response.header("Link")
    assert link is not None
    assert '<http://gitlab.example.com:8080/api/v4/projects?page=3>; rel="next"' in link
    assert next_link(client.get("projects?page=3")) is None


def test_a_page_has_at_most_a_hundred_projects(client: Client) -> None:
    client.project(count=120)
    assert len(client.listed("projects?per_page=500")) == 100


def test_a_project_is_found_by_its_encoded_path(client: Client) -> None:
    client.control("POST", "groups", {"path": "team"})
    project = client.project(group="team", name="app")
    found = client.get("projects/team%2Fapp").json()
    assert (project, "team/app") == (found["id"], found["path_with_namespace"])  # type: ignore[index]


def test_a_group_lists_its_subgroups_projects_when_asked_to(client: Client) -> None:
    client.control("POST", "groups", {"path": "team"})
    client.control("POST", "groups", {"path": "sub", "parent": "team"})
    client.control("POST", "groups", {"path": "deep", "parent": "team/sub"})
    top, deep = client.project(group="team"), client.project(group="team/sub/deep")
    assert [top] == ids(client.listed("groups/team/projects"))
    assert [deep, top] == ids(client.listed("groups/team/projects?include_subgroups=true"))
    assert [deep] == ids(client.listed("groups/team%2Fsub/projects?include_subgroups=true"))


def test_a_group_lists_projects_shared_with_it_unless_asked_not_to(client: Client) -> None:
    group = client.control("POST", "groups", {"path": "team"})["id"]
    shared = client.project(shared_with_groups=[group])
    assert [shared] == ids(client.listed("groups/team/projects"))
    assert client.listed("groups/team/projects?with_shared=false") == []


def test_a_private_group_of_others_does_not_exist(client: Client) -> None:
    client.control("POST", "groups", {"path": "secret", "membership": False})
    assert client.get("groups/secret").json() == {"message": "404 Group Not Found"}
    assert client.get("groups/secret/projects").status == 404


def test_pushed_jobs_move_the_last_activity_once_an_hour_and_scheduled_ones_never(client: Client) -> None:
    project = client.project(last_activity_seconds_ago=7200)

    def last_activity() -> object:
        return client.get(f"projects/{project}").json()["last_activity_at"]  # type: ignore[index]

    client.jobs(project, source="schedule")
    assert last_activity() == iso(START - 7200)
    client.jobs(project)
    assert last_activity() == iso(START)
    client.clock.now += 1800
    client.jobs(project)
    assert last_activity() == iso(START)
