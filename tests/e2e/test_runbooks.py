"""Every command of the runbooks that needs no host works as it is written."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.e2e.credentials_clients import aws_cli
from tools.local.stack import ROOT, aws_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.e2e.support import Live

pytestmark = pytest.mark.e2e

RUNBOOKS = {path.stem: path for path in sorted((ROOT / "docs" / "runbooks").glob("*.md")) if path.stem != "README"}
BLOCK = re.compile(r"^```shell\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUN_SECONDS = 60
# A command of its own: a call that several runbooks have in common is made once.
CALL = re.compile(r"^aws (?:[^\\\n]|\\\n)*(?:\n|$)", re.MULTILINE)


@pytest.fixture(scope="module")
def environment(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """What a reader has: the variables that docs/runbooks/README.md names, and the AWS CLI."""
    folder = tmp_path_factory.mktemp("runbooks")
    cli = folder / "aws"
    # The option, because version 1 asks AWS for queues whatever the environment says.
    cli.write_text(
        f'#!/bin/sh\nexec {shlex.join(aws_cli())} --endpoint-url "$AWS_ENDPOINT_URL" "$@"\n', encoding="utf-8"
    )
    cli.chmod(0o755)
    addresses = {name: str(live.addresses[name]) for name in ("aws_endpoint", "fleet", "region")}
    return {
        **aws_environment(addresses["aws_endpoint"]),
        "AWS_DEFAULT_REGION": addresses["region"],
        "FLEET": addresses["fleet"],
        "HOME": str(folder),
        "PATH": f"{folder}:{os.environ['PATH']}",
    }


@pytest.fixture(scope="module")
def made() -> set[str]:
    """The calls that were made already."""
    return set()


def commands(path: Path) -> str:
    return "".join(BLOCK.findall(path.read_text(encoding="utf-8")))


def without(made: set[str], script: str) -> Iterator[str]:
    """Yield a script's text but for the calls that an earlier runbook has made."""
    end = 0
    for call in CALL.finditer(script):
        yield script[end : call.start() if call[0] in made else call.end()]
        end = call.end()
        made.add(call[0])
    yield script[end:]


@pytest.mark.parametrize("name", RUNBOOKS)
def test_the_commands_of_a_runbook_work(name: str, environment: Mapping[str, str], made: set[str]) -> None:
    script = commands(RUNBOOKS[name])
    assert "aws " in script
    ended = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "".join(without(made, script))],
        capture_output=True,
        check=False,
        cwd=environment["HOME"],
        env=dict(environment),
        text=True,
        timeout=RUN_SECONDS,
    )
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout
