"""Every command of the AWS CLI that a page names exists, with the options that it is given: botocore's models tell."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import UnknownServiceError

from tests.docs.pages import PAGES, blocks, spans, title

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMAND = re.compile(r"(?:^|[\s(`;&|$])aws ([a-z0-9-]+) ([a-z0-9-]+)((?:[^\n;|&`)']|'[^']*')*)", re.MULTILINE)
OPTION = re.compile(r"(?:^|\s)--([a-z][a-z0-9-]+)")
# What the CLI adds to botocore.
EVERYWHERE = {"cli-binary-format", "endpoint-url", "max-items", "no-cli-pager", "output", "profile", "query", "region"}
OWN_COMMANDS = {("logs", "tail"), ("s3", "cp"), ("s3", "ls"), ("configure", "export-credentials")}


def commands(page: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Yield service, operation and options of each command that a page names."""
    for text in [block.text for block in blocks(page)] + spans(page):
        for service, operation, rest in COMMAND.findall(text.replace("\\\n", " ")):
            yield service, operation, OPTION.findall(rest)


@cache
def options(service: str, operation: str) -> frozenset[str] | None:
    """Return the options of a command, None = there is none such."""
    try:
        model = botocore.session.get_session().get_service_model(service)
    except UnknownServiceError:
        return None
    known = {xform_name(name, "-"): name for name in model.operation_names}
    if operation not in known:
        return None
    shape = model.operation_model(known[operation]).input_shape
    names = {xform_name(name, "-") for name in shape.members} if shape else set()
    return frozenset(names | {f"no-{name}" for name in names} | EVERYWHERE)


def mistakes(page: Path) -> Iterator[str]:
    """Yield what of a page's commands does not exist."""
    for service, operation, given in commands(page):
        if (service, operation) in OWN_COMMANDS:
            continue
        known = options(service, operation)
        if known is None:
            yield f"aws {service} {operation}"
        else:
            yield from (f"aws {service} {operation} --{name}" for name in given if name not in known)


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_every_command_of_the_aws_cli_exists(page: Path) -> None:
    assert list(mistakes(page)) == []


def test_commands_are_found() -> None:
    assert sum(len(list(commands(page))) for page in PAGES) > 50


def test_what_does_not_exist_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "`aws ec2 fly` and `aws nothing at-all`\n```\naws sqs send-message \\\n  --queue-url x --speed 3\n```\n"
    )
    assert list(mistakes(page)) == ["aws sqs send-message --speed", "aws ec2 fly", "aws nothing at-all"]
