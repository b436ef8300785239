"""Each refusal in the module's tests comes from one rule, and each rule refuses something.

`expect_failures` only sees that a variable was refused; here the same values are given to the variables alone, and the
rules say themselves who they are.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.terraform.variables_only import MODULE, Complaint, complaints, copied

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

pytestmark = pytest.mark.terraform

RUN = re.compile(r'^run "([a-z0-9_]+)" {\n(.*?)^}', re.MULTILINE | re.DOTALL)
EXPECTED = re.compile(r"^  expect_failures = \[var\.([a-z_]+)\]", re.MULTILINE)
RULE = re.compile(r"^  validation {", re.MULTILINE)
WAY_OUT = re.compile(r"must|need|leave|set |give|take|knows|without")


@dataclass(frozen=True)
class Run:
    """A run of a test file: which variable must be refused, if any, and the arguments as HCL."""

    refused: str
    arguments: str


def variables_in(text: str, indent: str) -> str:
    """Return the variables of a test file, or of a run in it."""
    found = re.search(rf"^{indent}variables {{\n(.*?)^{indent}}}", text, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def attributes(text: str, indent: str) -> dict[str, str]:
    """Return the attributes of a block by name, each with all its lines."""
    parts = re.split(rf"^{indent}([a-z_]+) +=", text, flags=re.MULTILINE)
    return {name: f"  {name} ={value}" for name, value in zip(parts[1::2], parts[2::2], strict=True)}


def read_runs() -> Iterator[tuple[str, Run, str]]:
    """Yield each run's name, the run, and the locals that it needs: what its file sets for all runs."""
    for number, path in enumerate(sorted((MODULE / "tests").glob("validation_*.tftest.hcl"))):
        text = path.read_text(encoding="utf-8")
        common = attributes(variables_in(text, ""), "  ")
        shared = "".join(f"  f{number}_{part.strip()}\n" for part in common.values())
        for name, body in RUN.findall(text):
            own = attributes(variables_in(body, "  "), "    ")
            given = {attribute: f"  {attribute} = local.f{number}_{attribute}" for attribute in common} | own
            expected = EXPECTED.search(body)
            arguments = re.sub(r"\bvar\.", f"local.f{number}_", "\n".join(given.values()))
            yield f"{path.name}: {name}", Run(expected[1] if expected else "", arguments), shared


READ = list(read_runs())
RUNS = {name: run for name, run, _ in READ}
REFUSED = [name for name, run in RUNS.items() if run.refused]


def rules() -> dict[str, str]:
    """Return every rule and the line that says when it refuses."""
    found = {}
    for path in MODULE.glob("variables*.tf"):
        text = path.read_text(encoding="utf-8")
        for rule in RULE.finditer(text):
            line = text.count("\n", 0, rule.start()) + 1
            found[f"{path.name}:{line}"] = text.splitlines()[line]
    return found


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, terraform_environment: dict[str, str]) -> dict[str, list[Complaint]]:
    folder = tmp_path_factory.mktemp("rules")
    copied(folder, sorted(path.name for path in MODULE.glob("variables*.tf")))
    shutil.copytree(MODULE / "tests" / "mocks", folder / "tests" / "mocks")  # a package that exists
    head = "locals {\n" + "".join(dict.fromkeys(shared for _, _, shared in READ)) + "}\n"
    calls = {name: run.arguments for name, run in RUNS.items()}
    return complaints(folder, terraform_environment, calls, head)


def test_a_refusal_comes_from_one_rule(told: Mapping[str, list[Complaint]]) -> None:
    refused = {name: {complaint.rule for complaint in told[name]} for name in REFUSED}
    assert len(refused) > 100
    assert {name: found for name, found in refused.items() if len(found) != 1} == {}


def test_a_refusal_names_the_input_and_the_way_out(told: Mapping[str, list[Complaint]]) -> None:
    said = [(RUNS[name].refused, complaint.message) for name in REFUSED for complaint in told[name]]
    assert len(said) > 100
    assert [message for variable, message in said if not message.startswith(variable)] == []
    assert [message for _, message in said if not WAY_OUT.search(message)] == []


def test_what_is_taken_meets_no_complaint(told: Mapping[str, list[Complaint]]) -> None:
    assert {name: told[name] for name in RUNS if name not in REFUSED and told[name]} == {}


def test_every_rule_refuses_something(told: Mapping[str, list[Complaint]]) -> None:
    assert len(rules()) > 50
    hit = {complaint.rule for name in REFUSED for complaint in told[name]}
    assert {rule: condition for rule, condition in rules().items() if rule not in hit} == {}
