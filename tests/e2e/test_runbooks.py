"""Every command of the runbooks that needs no host works as it is written, and its questions have answers."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.e2e.credentials_clients import aws_cli
from tests.e2e.runbook_scene import SECRET_PARAMETER, Scene
from tools.local.stack import ROOT, aws_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.e2e.support import Live

pytestmark = pytest.mark.e2e

RUNBOOKS = {path.stem: path for path in sorted((ROOT / "docs" / "runbooks").glob("*.md")) if path.stem != "README"}
BLOCK = re.compile(r"^```shell\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUN_SECONDS = 120
# A command of its own: a call that several runbooks have in common is made once.
CALL = re.compile(r"^(?:aws|make) (?:[^\\\n|]|\\\n|\|\n?)*(?:\n|$)", re.MULTILINE)
# Calls of the AWS CLI, and other programs, that are nothing without an answer.
QUESTION = re.compile(r"aws [a-z0-9-]+ (?:describe|filter|get|list|receive)-|curl |make ")
NO_ANSWER = {"None", "[]", "null", "{}"}
# Notes each call with what it answers.
NOTED = """#!/usr/bin/env bash
set -o pipefail
call=$(mktemp "$CALLS/XXXXXX")
echo "{name} $*" >"$call"
{command} "$@" | tee "$call.answer"
"""


class Reader:
    """Somebody who types a runbook's commands.

    Args:
        folder: where the programs and the notes of their calls go.
        variables: the environment.
        typed: what is typed when a command asks for it.
    """

    def __init__(self, folder: Path, variables: Mapping[str, str], typed: str) -> None:
        self.folder = folder
        self.calls = folder / "calls"
        self.calls.mkdir()
        self.environment = {
            **variables,
            "CALLS": str(self.calls),
            "HOME": str(folder),
            "PATH": f"{folder}:{os.environ['PATH']}",
        }
        self.typed = typed
        self.made: set[str] = set()

    def has(self, name: str, command: str) -> None:
        """Let there be a program whose calls are noted."""
        program = self.folder / name
        program.write_text(NOTED.format(name=name, command=command), encoding="utf-8")
        program.chmod(0o755)

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        """Type a script, without the calls that were made before."""
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "".join(self.new(script))],
            capture_output=True,
            check=False,
            cwd=self.folder,
            env=self.environment,
            input=self.typed,
            text=True,
            timeout=RUN_SECONDS,
        )

    def new(self, script: str) -> Iterator[str]:
        """Yield a script's text but for the calls that an earlier one has made."""
        end = 0
        for call in CALL.finditer(script):
            yield script[end : call.start() if call[0] in self.made else call.end()]
            end = call.end()
            self.made.add(call[0])
        yield script[end:]

    def unanswered(self) -> list[str]:
        """Return the questions since the last time that had no answer."""
        found = []
        for path in sorted(self.calls.glob("*.answer")):
            call = path.with_suffix("")
            said = call.read_text(encoding="utf-8")
            if QUESTION.match(said) and set(path.read_text(encoding="utf-8").split()) <= NO_ANSWER:
                found.append(said)
            path.unlink()
            call.unlink()
        return found


@pytest.fixture(scope="module")
def scene(live: Live) -> Iterator[Scene]:
    """There is something to see."""
    made = Scene(live)
    try:
        made.make(commands(path) for path in RUNBOOKS.values())
        yield made
    finally:
        made.clear()


@pytest.fixture(scope="module")
def reader(live: Live, scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """What a reader has: the variables that docs/runbooks/README.md names, and the programs."""
    addresses = {name: str(live.addresses[name]) for name in ("aws_endpoint", "fleet", "gitlab_token", "gitlab_url")}
    variables = {
        **aws_environment(addresses["aws_endpoint"]),
        "AWS_DEFAULT_REGION": str(live.addresses["region"]),
        "FLEET": addresses["fleet"],
        "GITLAB_PROJECTS": str(scene.project),
        "GITLAB_TOKEN": str(live.gitlab("GET", "info")["admin_token"]),
        "GITLAB_URL": addresses["gitlab_url"],
        "INSTANCE": scene.instance,
        "SECRET_PARAMETER": SECRET_PARAMETER,
        "URL": str(live.addresses["webhook_url"]),
    }
    made = Reader(tmp_path_factory.mktemp("runbooks"), variables, f"{addresses['gitlab_token']}\n")
    # The option, because version 1 asks AWS for queues whatever the environment says.
    made.has("aws", f'{shlex.join(aws_cli())} --endpoint-url "$AWS_ENDPOINT_URL"')
    made.has("curl", shlex.quote(str(shutil.which("curl"))))
    # The environments are there, or this would not run.
    made.has("make", f"{shutil.which('make')} --silent --directory {shlex.quote(str(ROOT))} --old-file environments")
    return made


def commands(path: Path) -> str:
    return "".join(BLOCK.findall(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", RUNBOOKS)
def test_the_commands_of_a_runbook_work(name: str, reader: Reader, scene: Scene) -> None:
    script = commands(RUNBOOKS[name])
    assert "aws " in script
    if name == "shared-cache-errors":
        scene.give_up_the_key()
    ended = reader.run(script)
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout
    assert reader.unanswered() == []


def test_the_commands_did_what_they_are_for(live: Live, reader: Reader, scene: Scene) -> None:
    assert "aws autoscaling complete-lifecycle-action" in "".join(reader.made)
    assert scene.states().get(scene.instance) != "Terminating:Wait"
    function = live.aws("lambda").get_function_configuration(FunctionName=f"{scene.fleet}-credentials")
    key = live.aws("kms").describe_key(KeyId=function["Environment"]["Variables"]["KMS_KEY_ID"])["KeyMetadata"]
    assert key["KeyState"] == "Enabled"
    suspended = live.describe()["SuspendedProcesses"]
    assert [process["ProcessName"] for process in suspended] == ["AZRebalance"]
