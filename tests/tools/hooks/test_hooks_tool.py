"""The tool against the GitLab stand-in; SSM is botocore's Stubber's stand-in of ours."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.tools.local.gitlab.certificates import make_chain
from tests.tools.local.gitlab.conftest import running
from tools.hooks.__main__ import main
from tools.hooks.gitlab import GitLab as Api
from tools.hooks.model import GroupHooksError, HooksError, Owner, Secrets
from tools.hooks.parameters import Parameter
from tools.hooks.run import Tool
from tools.local.gitlab.app import GitLab
from tools.local.gitlab.messages import Request
from tools.local.gitlab.server import Server, tls_context

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

URL = "http://127.0.0.1:9/hook"
SIGNING = "whsec_" + "QUJD" * 10 + "QUI="


class Parameters:
    """SSM with one parameter."""

    def __init__(self, value: str) -> None:
        self.value = value
        self.history: list[str] = []

    def get_parameter(self, **_: Any) -> Any:
        return {"Parameter": {"Value": self.value}}

    def put_parameter(self, *, Value: str, **_: Any) -> None:  # noqa: N803 - boto3's name
        self.value = Value
        self.history.append(Value)


@dataclass
class World:
    server: Server
    said: list[str] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    @property
    def gitlab(self) -> GitLab:
        return self.server.gitlab

    def control(self, method: str, path: str, body: bytes) -> Any:
        response = self.gitlab.handle(Request(method, f"/_control/{path}", {}, body))
        assert response.status < 300, response.body
        return response.json()

    def tool(self, *, apply: bool = True, token: str = "") -> Tool:
        api = Api(self.server.endpoint, token or self.gitlab.admin_token)
        return Tool(api, api, URL, self.said.append, self.slept.append, apply=apply)

    def secrets_of_hooks(self) -> list[tuple[str, str]]:
        return [(hook.token, hook.signing_token) for hook in self.gitlab.world.hooks.webhooks.values()]


@pytest.fixture
def world() -> Iterator[World]:
    gitlab = GitLab()
    server = Server(gitlab, 0, None)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        made = World(server)
        made.control("POST", "groups", b'{"path": "team"}')
        made.control("POST", "projects", b'{"name": "app", "group": "team", "count": 3}')
        yield made
    finally:
        server.stop()
        thread.join()


def parameter(store: Parameters, *, signing: bool = False) -> Parameter:
    return Parameter(store, "/gitlab/secret", is_signing_token=signing)  # type: ignore[arg-type]


def test_install_gives_every_project_one_webhook_and_again_changes_nothing(world: World) -> None:
    given = [parameter(Parameters("s3cret"))]

    world.tool().install(["1", "2"], [], given)
    first = world.secrets_of_hooks()
    world.said.clear()
    world.tool().install(["1", "2"], [], given)

    assert first == [("s3cret", ""), ("s3cret", "")]
    assert world.secrets_of_hooks() == first
    assert ["keep webhook" in line for line in world.said] == [True, True, False]
    assert world.said[-1] == "2 webhooks kept"


def test_a_dry_run_changes_nothing(world: World) -> None:
    world.tool(apply=False).install([], [], [parameter(Parameters("s3cret"))])

    assert world.secrets_of_hooks() == []
    assert sum("create a webhook" in line for line in world.said) == 3


def test_what_was_done_is_said_at_the_end(world: World) -> None:
    world.tool().install([], [], [parameter(Parameters("s3cret"))])
    assert world.said[-1] == "3 webhooks created"

    world.tool().remove(["1"], [])
    assert world.said[-1] == "1 webhook deleted"


def test_nothing_to_remove_is_said(world: World) -> None:
    world.tool().remove(["1"], [])

    assert world.said == [f"no webhook in this scope calls {URL}"]


@pytest.mark.parametrize("action", ["list", "install", "remove"])
def test_a_token_that_manages_no_project_is_an_error(world: World, action: str) -> None:
    tool = world.tool(token=world.gitlab.token)
    acts = {
        "list": lambda: tool.show([], []),
        "install": lambda: tool.install([], [], [parameter(Parameters("s3cret"))]),
        "remove": lambda: tool.remove([], []),
    }

    with pytest.raises(HooksError, match="manage the webhooks of no project: it needs the role Maintainer"):
        acts[action]()


def test_only_job_events_are_sent(world: World) -> None:
    world.tool().install(["1"], [], [parameter(Parameters("s3cret"))])

    assert [hook.events for hook in world.gitlab.world.hooks.webhooks.values()] == [frozenset({"job"})]


def test_a_group_without_premium_falls_back_to_its_projects(world: World) -> None:
    world.tool().install([], ["team"], [parameter(Parameters("s3cret"))])

    assert len(world.secrets_of_hooks()) == 3
    assert "Premium" in world.said[0]


def test_a_group_with_premium_gets_one_webhook(world: World) -> None:
    world.control("PUT", "settings", b'{"group_hooks": true}')

    world.tool().install([], ["team"], [parameter(Parameters("s3cret"))])

    assert [hook.owner for hook in world.gitlab.world.hooks.webhooks.values()] == [("group", 1)]


def with_project_hooks_and_premium(world: World) -> None:
    world.tool().install([], ["team"], [parameter(Parameters("s3cret"))])
    world.control("PUT", "settings", b'{"group_hooks": true}')
    world.said.clear()


def test_a_groups_new_webhook_replaces_those_of_its_projects(world: World) -> None:
    with_project_hooks_and_premium(world)

    world.tool().install([], ["team"], [parameter(Parameters("s3cret"))])

    assert [hook.owner for hook in world.gitlab.world.hooks.webhooks.values()] == [("group", 1)]
    assert sum("its group's webhook does the same" in line for line in world.said) == 3


def test_projects_keep_their_webhooks_while_their_group_cannot_get_one(world: World) -> None:
    with_project_hooks_and_premium(world)
    world.control("PUT", "settings", b'{"signing_tokens": false}')

    with pytest.raises(HooksError, match="1 of 1 steps failed"):
        world.tool().install([], ["team"], [parameter(Parameters(SIGNING), signing=True)])

    owners = [hook.owner for hook in world.gitlab.world.hooks.webhooks.values()]
    assert sum(owner is not None and owner[0] == "project" for owner in owners) == 3


def test_remove_finds_what_is_left_on_a_groups_projects(world: World) -> None:
    with_project_hooks_and_premium(world)

    world.tool().show([], ["team"])
    world.tool().remove([], ["team"])

    assert sum("beside its group's" in line for line in world.said) == 3
    assert world.secrets_of_hooks() == []


def test_a_gitlab_that_drops_signing_tokens_is_an_error_that_names_the_way_out(world: World) -> None:
    world.control("PUT", "settings", b'{"signing_tokens": false}')

    with pytest.raises(HooksError, match="1 of 1 steps failed"):
        world.tool().install(["1"], [], [parameter(Parameters(SIGNING), signing=True)])

    assert "use SECRET_PARAMETER" in world.said[-1]


def test_rotation_keeps_both_values_valid_until_every_webhook_has_the_new_one(world: World) -> None:
    store = Parameters("old")
    world.tool().install(["1", "2"], [], [parameter(store)])

    world.tool().rotate(["1", "2"], [], [parameter(store)])

    both, left = store.history
    assert both == f"old\n{left}"
    assert left != "old"
    assert world.secrets_of_hooks() == [(left, ""), (left, "")]
    assert world.slept == [70]


def test_an_interrupted_rotation_goes_on_with_the_same_value(world: World) -> None:
    store = Parameters("old\nnext")
    world.tool().install(["1"], [], [parameter(store)])

    world.tool().rotate(["1"], [], [parameter(store)])

    assert store.history == ["next"]
    assert world.secrets_of_hooks() == [("next", "")]


def test_a_rotation_that_fails_in_part_keeps_both_values(world: World) -> None:
    store = Parameters("old")
    world.tool().install(["1"], [], [parameter(store)])
    world.control("PUT", "faults", b'[{"name": "unauthorized", "path": "/api/v4/projects/1/hooks/*"}]')

    with pytest.raises(HooksError, match="the same command goes on from here"):
        world.tool().rotate(["1"], [], [parameter(store)])

    assert len(store.value.split()) == 2


def test_a_new_signing_token_has_gitlabs_form(world: World) -> None:
    store = Parameters(SIGNING)
    world.tool().install(["1"], [], [parameter(store, signing=True)])

    world.tool().rotate(["1"], [], [parameter(store, signing=True)])

    assert world.secrets_of_hooks() == [("", store.value)]
    assert store.value.startswith("whsec_")


def test_remove_takes_the_fleets_webhooks_alone(world: World) -> None:
    api = Api(world.server.endpoint, world.gitlab.admin_token)
    world.tool().install(["1"], [], [parameter(Parameters("s3cret"))])
    api.create(Owner("projects", 1, "team/app"), "http://127.0.0.1:9/other", Secrets(token="x"))

    world.tool().remove(["1"], [])

    assert [hook.url for hook in world.gitlab.world.hooks.webhooks.values()] == ["http://127.0.0.1:9/other"]


def test_the_list_shows_where_a_webhook_is_missing(world: World) -> None:
    world.tool().install(["1"], [], [parameter(Parameters("s3cret"))])
    world.said.clear()

    world.tool().show(["1", "2"], [])

    assert ["secret: token" in world.said[0], world.said[1].endswith(": none")] == [True, True]


def test_a_token_that_may_only_read_is_told_what_it_lacks(world: World) -> None:
    with pytest.raises(HooksError, match="a maintainer of the project, with the scope api"):
        world.tool(token=world.gitlab.token).show(["1"], [])


def test_an_unknown_project_is_named(world: World) -> None:
    with pytest.raises(HooksError, match="project 99: 404 Project Not Found; it does not exist, or"):
        world.tool().show(["99"], [])


def test_a_group_that_is_not_the_tokens_is_a_group_error(world: World) -> None:
    world.control("PUT", "settings", b'{"group_hooks": true}')

    with pytest.raises(GroupHooksError):
        Api(world.server.endpoint, world.gitlab.token).hooks(Owner("groups", 1, "team"))


def test_a_webhook_without_a_secret_is_not_installed(world: World) -> None:
    with pytest.raises(HooksError, match="a webhook needs a secret"):
        world.tool().install(["1"], [], [])


@pytest.mark.parametrize("value", ["", "a\nb\nc"], ids=["empty", "three values"])
def test_a_parameter_with_the_wrong_number_of_values_is_refused(value: str) -> None:
    with pytest.raises(HooksError, match="leave the one that is in use"):
        parameter(Parameters(value)).values()


@pytest.mark.parametrize("value", ["s3cret", "whsec_QUJD", "whsec_!"], ids=["token", "short", "no base64"])
def test_what_is_no_signing_token_is_refused_before_anything_is_done(world: World, value: str) -> None:
    with pytest.raises(HooksError, match="holds no signing token"):
        world.tool(apply=False).install(["1"], [], [parameter(Parameters(value), signing=True)])


def test_a_signing_token_is_not_given_away_as_a_plain_one(world: World) -> None:
    with pytest.raises(HooksError, match="name it in SIGNING_TOKEN_PARAMETER"):
        world.tool(apply=False).install(["1"], [], [parameter(Parameters(SIGNING))])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["list", "--url", "http://example.com/"], "URL must be an https address"),
        (["list", "--url", ""], "URL must be an https address"),
        (["list", "--url", URL, "--gitlab-url", "ftp://x"], "GITLAB_URL must be an https address"),
        (["list", "--url", "https://[a.b"], "URL must be an https address"),
        (["list", "--url", URL, "--ca-certificate", "/missing.pem"], "CA_CERTIFICATE names /missing.pem"),
    ],
    ids=["http", "none", "no http at all", "no address at all", "no file"],
)
def test_a_bad_address_is_named(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITLAB_TOKEN", "glpat-x")

    assert main(arguments) == 2
    assert words in capsys.readouterr().err


def test_a_missing_token_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITLAB_TOKEN", raising=False)

    assert main(["list", "--url", URL]) == 2
    assert "GITLAB_TOKEN is not set" in capsys.readouterr().err


def test_the_command_lists_against_a_gitlab(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITLAB_TOKEN", world.gitlab.admin_token)

    assert main(["list", "--url", URL, "--gitlab-url", world.server.endpoint, "--projects", "1, 2"]) == 0
    assert capsys.readouterr().out.count(": none") == 2


def test_a_gitlab_that_is_not_there_is_said_at_once() -> None:
    with pytest.raises(HooksError, match="GitLab cannot be reached"):
        Api("http://127.0.0.1:9", "glpat-x").project("1")


def test_a_certificate_that_is_not_trusted_names_the_way_out(tmp_path: Path) -> None:
    files = make_chain(tmp_path)
    with running(tls_context(str(files.certificate), str(files.key))) as server:
        with pytest.raises(HooksError, match="in CA_CERTIFICATE"):
            Api(server.endpoint, server.gitlab.admin_token).group("1")
        with pytest.raises(HooksError, match="404"):
            Api(server.endpoint, server.gitlab.admin_token, str(files.authority)).group("1")
