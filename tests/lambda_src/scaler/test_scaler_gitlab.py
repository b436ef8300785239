"""The GitLab client, over python-gitlab, against the project's stand-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from scaler.call import Call
from scaler.errors import DeniedError, ReadError
from scaler.observe import JobList
from scaler.scope import Page
from scaler.silent import Manager
from tests.lambda_src.scaler.fakes import START, FakeClock, system_id
from tests.lambda_src.scaler.standin import URL, StandIn

if TYPE_CHECKING:
    from scaler.gitlab import GitLabClient


@pytest.fixture
def standin() -> StandIn:
    return StandIn(FakeClock())


def client(standin: StandIn, **call: Any) -> GitLabClient:
    return standin.connect(standin.call(**call))


def listed(made: GitLabClient, source: str, active_since: float | None = None) -> list[int]:
    found: list[int] = []
    page = Page((), "")
    while True:
        page = made.projects(source, page.cursor, active_since)
        found += page.ids
        if not page.cursor:
            return sorted(found)


def test_pending_and_running_jobs_come_in_one_request(standin: StandIn) -> None:
    project = standin.project()
    first, second = standin.jobs(project, count=2, tag_list=["linux"])
    standin.start(first, system_id(7))
    standin.jobs(project, status="created")
    standin.clock.sleep(30)

    found = client(standin).jobs(project)

    assert found.requests == len(standin.transport.sent) == 1
    jobs = {job.id: job for job in found.jobs}
    assert set(jobs) == {first, second}
    assert (jobs[first].is_running, jobs[first].system_id, jobs[first].runner_id) == (True, system_id(7), "1")
    assert (jobs[second].is_running, jobs[second].system_id, jobs[second].tags) == (False, "", frozenset({"linux"}))
    assert jobs[second].queued_at == pytest.approx(START)
    assert (jobs[second].ref, jobs[second].is_tag) == ("main", False)


@pytest.mark.parametrize("count", [100, 101, 250])
def test_every_page_is_read(standin: StandIn, count: int) -> None:
    project = standin.project()
    standin.jobs(project, count=count)
    assert len(client(standin).jobs(project).jobs) == count


@pytest.mark.parametrize("count", [100, 101, 250])
def test_a_page_whose_link_was_dropped_is_not_taken_for_the_last(standin: StandIn, count: int) -> None:
    project = standin.project()
    standin.jobs(project, count=count)
    standin.fault("dropped_page")
    assert len(client(standin).jobs(project).jobs) == count


def test_a_list_without_an_end_is_given_up(standin: StandIn) -> None:
    project = standin.project()
    standin.jobs(project, count=5100)
    with pytest.raises(ReadError, match="more than 5000 entries"):
        client(standin, allowed=1000).jobs(project)


def test_a_project_that_the_token_may_not_read_is_denied(standin: StandIn) -> None:
    with pytest.raises(DeniedError, match="404 at projects/:id: it is gone or hidden"):
        client(standin).jobs(99)


def test_a_project_whose_jobs_are_hidden_says_the_way_out(standin: StandIn) -> None:
    project = standin.project()
    standin.fault("html", status=403, path="*/jobs")
    with pytest.raises(DeniedError, match="403 at projects/:id/jobs: give the token's user the Reporter role"):
        client(standin).jobs(project)


def test_a_project_with_ci_turned_off_has_no_jobs(standin: StandIn) -> None:
    project = standin.project()
    standin.fault("html", status=403, path="*/jobs")
    standin.transport.change = lambda body: body.replace(b'"jobs_enabled":true', b'"jobs_enabled":false')
    assert client(standin).jobs(project) == JobList((), requests=2)


def test_a_server_error_is_tried_again(standin: StandIn) -> None:
    project = standin.project()
    standin.jobs(project)
    standin.fault("5xx", count=2)
    call = standin.call()
    assert len(standin.connect(call).jobs(project).jobs) == 1
    assert (len(call.times), call.failures) == (3, 2)
    assert standin.clock.now == pytest.approx(START + 0.3 + 0.6)


def test_three_tries_are_enough(standin: StandIn) -> None:
    project = standin.project()
    standin.fault("5xx")
    with pytest.raises(ReadError, match="GitLab answers 503"):
        client(standin).jobs(project)
    assert len(standin.transport.sent) == 3


def test_while_everything_fails_nothing_is_tried_again(standin: StandIn) -> None:
    projects = [standin.project() for _ in range(5)]
    standin.fault("5xx")
    made = client(standin)
    for project in projects:
        with pytest.raises(ReadError):
            made.jobs(project)
    assert len(standin.transport.sent) == 3 + 4


def test_a_request_that_cannot_help_is_not_repeated(standin: StandIn) -> None:
    project = standin.project()
    standin.fault("html", status=400)
    with pytest.raises(ReadError, match="GitLab answers 400"):
        client(standin).jobs(project)
    assert len(standin.transport.sent) == 1


def test_a_redirect_is_not_an_answer(standin: StandIn) -> None:
    project = standin.project()
    standin.fault("html", status=302)
    with pytest.raises(ReadError, match="GitLab answers 302"):
        client(standin).jobs(project)


def test_a_short_pause_is_waited_for(standin: StandIn) -> None:
    project = standin.project()
    standin.fault("rate_limit", seconds=2, count=1)
    call = standin.call()
    standin.connect(call).jobs(project)
    assert standin.clock.now == START + 2


def test_a_long_pause_is_kept_in_mind(standin: StandIn) -> None:
    project = standin.project()
    standin.fault("rate_limit", seconds=30, count=1)
    call = standin.call(seconds=60)
    made = standin.connect(call)
    with pytest.raises(ReadError, match=r"GitLab asked for a pause \(429\)$"):
        made.jobs(project)
    assert call.not_before == START + 30
    with pytest.raises(ReadError, match="GitLab asked for a pause"):
        made.jobs(project)
    assert len(standin.transport.sent) == 1


def test_a_refused_token_is_fetched_again_once(standin: StandIn) -> None:
    project = standin.project()
    standin.secrets.values("/fleet/token")
    standin.parameters.text = standin.gitlab.token
    good = standin.gitlab.token
    standin.parameters.text = "glpat-old"
    standin.secrets.invalidate("/fleet/token")
    standin.secrets.values("/fleet/token")
    standin.parameters.text = good
    client(standin).jobs(project)
    assert standin.parameters.reads == 3


def test_of_two_tokens_the_valid_one_is_found(standin: StandIn) -> None:
    project = standin.project()
    standin.parameters.text = f"glpat-next\n{standin.gitlab.token}\n"
    made = client(standin)
    made.jobs(project)
    made.jobs(project)
    assert len(standin.transport.sent) == 3


def test_without_a_valid_token_the_parameter_is_named(standin: StandIn) -> None:
    project = standin.project()
    standin.fault("unauthorized")
    with pytest.raises(ReadError, match=r"the token in SSM parameter /fleet/token \(401\): store a valid one"):
        client(standin).jobs(project)


def test_a_token_that_cannot_be_read_is_unknown(standin: StandIn) -> None:
    standin.parameters.text = ""
    with pytest.raises(ReadError, match="SSM parameter /fleet/token holds 0 values"):
        client(standin).jobs(1)


def test_a_project_is_found_by_its_path(standin: StandIn) -> None:
    standin.control("POST", "groups", {"path": "team"})
    project = standin.project(name="app", group="team")
    assert listed(client(standin), "project:team/app") == [project]


def test_a_group_is_listed_with_its_subgroups(standin: StandIn) -> None:
    standin.control("POST", "groups", {"path": "team"})
    standin.control("POST", "groups", {"path": "sub", "parent": "team"})
    inside = [standin.project(group="team"), standin.project(group="team/sub")]
    standin.project()
    assert listed(client(standin), "group:team") == inside


@pytest.mark.parametrize("fault", [None, "dropped_page"])
def test_every_page_of_a_group_is_listed(standin: StandIn, fault: str | None) -> None:
    standin.control("POST", "groups", {"path": "team"})
    standin.project(group="team", count=230)
    if fault:
        standin.fault(fault)
    assert len(listed(client(standin), "group:team")) == 230


@pytest.mark.parametrize("fault", [None, "dropped_page"])
def test_every_page_of_the_membership_is_listed(standin: StandIn, fault: str | None) -> None:
    standin.project(count=230)
    if fault:
        standin.fault(fault)
    assert len(listed(client(standin), "membership")) == 230


def test_the_membership_can_be_filtered_by_activity(standin: StandIn) -> None:
    active = standin.project()
    quiet = standin.project(last_activity_seconds_ago=9000)
    foreign = standin.project(membership=False, visibility="public")
    assert listed(client(standin), "membership", START - 3600) == [active]
    assert listed(client(standin), "membership") == [active, quiet]
    assert foreign not in listed(client(standin), "membership")


def test_the_protected_refs_of_a_project_are_listed(standin: StandIn) -> None:
    project = standin.project(protected_branches=["main", "release/*"], protected_tags=["v*"])
    assert sorted(client(standin).protected_refs(project, "protected_branches")) == ["main", "release/*"]
    with pytest.raises(DeniedError, match="403 at projects/:id/protected_tags"):
        client(standin).protected_refs(project, "protected_tags")
    standin.parameters.text = standin.gitlab.admin_token
    standin.secrets.invalidate("/fleet/token")
    assert client(standin).protected_refs(project, "protected_tags") == ("v*",)


def test_managers_are_busy_or_silent_for_some_time(standin: StandIn) -> None:
    project = standin.project()
    first, second = standin.jobs(project, count=2)
    standin.start(second, system_id(2))
    standin.control("POST", f"jobs/{second}/finish", {})
    standin.clock.sleep(700)
    standin.start(first, system_id(1))
    assert set(client(standin).managers("1")) == {
        Manager(system_id(1), is_busy=True, silent_seconds=0),
        Manager(system_id(2), is_busy=False, silent_seconds=700),
    }


def test_the_budget_is_a_hard_limit(standin: StandIn) -> None:
    project = standin.project()
    standin.jobs(project, count=250)
    with pytest.raises(ReadError, match="the requests of this minute are used up"):
        client(standin, allowed=2).jobs(project)
    assert len(standin.transport.sent) == 2


def test_no_request_is_made_after_the_deadline(standin: StandIn) -> None:
    project = standin.project()
    made = client(standin, seconds=5)
    standin.clock.sleep(5)
    with pytest.raises(ReadError, match="no time left"):
        made.jobs(project)
    assert standin.transport.sent == []


def test_the_token_goes_to_gitlab_alone(standin: StandIn) -> None:
    project = standin.project()
    standin.jobs(project, count=150)
    client(standin).jobs(project)
    assert all(str(request.url).startswith(f"{URL}/api/v4/") for request in standin.transport.sent)
    assert all(request.headers["PRIVATE-TOKEN"] == standin.gitlab.token for request in standin.transport.sent)


def test_a_call_counts_what_its_threads_do() -> None:
    clock = FakeClock()
    call = Call(2, START + 10, clock)
    assert call.take() == 10
    clock.sleep(4)
    assert call.take() == 6
    assert call.times == (START, START + 4)
    clock.sleep(6)
    assert not call.has_time
    assert not call.pause(1)
