"""What the runbooks tell to type is run by tests/e2e/test_runbooks.py; what they look for in logs is written there."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import ROOT, blocks, every_file, spans, text_of
from tools.local.aws.log_patterns import TERM

RUNBOOKS = {path.stem: path for path in sorted((ROOT / "docs" / "runbooks").glob("*.md")) if path.stem != "README"}
PROGRAMS = ("aws", "curl", "make")
# What a command is called by: its program, and the next two words.
NAME = re.compile(rf"(?:^|[(|]\s*)((?:{'|'.join(PROGRAMS)})(?: [\w=-]+){{0,2}})", re.MULTILINE)
# The local EC2 has no instances, so no consoles either.
NOT_RUN = {"aws ec2 get-console-output"}
FILTER = re.compile(r"--filter-pattern ('[^']*'|\S+)")
# Words of others: Python's and Lambda's, gitlab-runner's, and of TLS.
FOREIGN = {"ERROR", "Traceback", "timed out", "no EC2 IMDS role found", "certificate"}
WRITERS = [
    path
    for folder in (ROOT / "lambda_src", ROOT / "terraform" / "runner_host")
    for path in every_file(folder)
    if path.suffix in {".py", ".sh"}
]
by_runbook = pytest.mark.parametrize("name", RUNBOOKS)


def scripts(name: str) -> str:
    return "".join(block.text for block in blocks(RUNBOOKS[name]) if block.language == "shell")


def run_by_tests() -> set[str]:
    return {command for name in RUNBOOKS for command in NAME.findall(scripts(name))}


@by_runbook
def test_every_command_that_a_runbook_names_is_run_by_a_test(name: str) -> None:
    texts = [block.text for block in blocks(RUNBOOKS[name]) if block.language != "shell"] + spans(RUNBOOKS[name])
    named = {command for text in texts for command in NAME.findall(text)}
    assert named - NOT_RUN - run_by_tests() == set()


def test_commands_of_runbooks_are_found() -> None:
    assert {"aws lambda invoke", "aws sqs get-queue-url", "make hooks ACTION=rotate"} <= run_by_tests()
    assert len(run_by_tests()) > 25
    named = {command for name in RUNBOOKS for block in blocks(RUNBOOKS[name]) for command in NAME.findall(block.text)}
    assert named >= NOT_RUN


@by_runbook
def test_what_a_runbook_looks_for_in_logs_is_written_there(name: str) -> None:
    written = "".join(map(text_of, WRITERS))
    terms = [term.strip('"') for found in FILTER.findall(scripts(name)) for _, term in TERM.findall(found.strip("'"))]
    assert [term for term in terms if term not in FOREIGN and term not in written] == []


def test_patterns_of_runbooks_are_found() -> None:
    terms = {term for name in RUNBOOKS for found in FILTER.findall(scripts(name)) for term in TERM.findall(found)}
    assert len(terms) > 10
