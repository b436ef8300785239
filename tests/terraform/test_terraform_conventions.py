"""Conventions that neither Terraform nor its linter knows. Each test fails when it matches nothing."""

from __future__ import annotations

import ast
import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.terraform.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODULE = ROOT / "terraform"
SETTINGS = {
    "credentials": ("credentials", "Settings"),
    "schedule": ("webhook", "ScheduleSettings"),
    "scaler": ("scaler", "Settings"),
    "termination": ("scaler", "TerminationSettings"),
    "webhook": ("webhook", "WebhookSettings"),
}
# Variables of Lambda and of boto3, which no settings parse or no Terraform sets.
OF_AWS = "AWS_"
METHODS = {"text", "optional", "integer", "flag", "words", "choice"}
ATTRIBUTE = re.compile(r"^( *)([a-z_]+) += ")
# What a block is about comes first, whatever its letter.
META_ARGUMENTS = {"count", "for_each", "source"}


def files(folder: Path) -> list[Path]:
    found = sorted(folder.rglob("*.tf"))
    assert found, f"no Terraform in {folder}"
    return found


def set_by_terraform(function: str) -> set[str]:
    text = (MODULE / "functions.tf").read_text(encoding="utf-8")
    block = re.search(rf'^module "{function}" {{.*?^  environment = {{\n(.*?)^  }}', text, re.MULTILINE | re.DOTALL)
    assert block is not None, f"module {function} sets no environment"
    return {name for name in re.findall(r"^    ([A-Z_]+) ", block[1], re.MULTILINE) if not name.startswith(OF_AWS)}


def parsed_by(package: str, name: str) -> set[str]:
    tree = ast.parse((ROOT / "lambda_src" / package / "settings.py").read_text(encoding="utf-8"))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    return {name for name in names_in(classes[name], functions) if not name.startswith(OF_AWS)}


def names_in(node: ast.AST, functions: dict[str, ast.FunctionDef]) -> Iterator[str]:
    """Yield the variables that a piece of code reads, in the functions it calls too."""
    for call in (each for each in ast.walk(node) if isinstance(each, ast.Call)):
        match call.func, call.args:
            case ast.Attribute(attr=method), [ast.Constant(value=str(variable)), *_] if method in METHODS:
                yield variable
            case ast.Name(id=called), _ if called in functions:
                yield from names_in(functions[called], functions)
            # `needed` is one of the methods, chosen at run time.
            case ast.Name(id="needed"), [ast.Constant(value=str(variable))]:
                yield variable


@pytest.mark.parametrize("function", SETTINGS)
def test_terraform_sets_exactly_the_variables_that_a_function_parses(function: str) -> None:
    parsed = parsed_by(*SETTINGS[function])
    assert "FLEET" in parsed
    assert parsed == set_by_terraform(function)


def test_every_function_of_the_module_is_checked() -> None:
    text = (MODULE / "functions.tf").read_text(encoding="utf-8")
    assert set(SETTINGS) == set(re.findall(r'^module "([a-z]+)"', text, re.MULTILINE))


def test_every_validation_has_a_run_that_expects_its_failure() -> None:
    validations: Counter[str] = Counter()
    for path in MODULE.glob("variables*.tf"):
        for block in re.split(r"^variable ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            validations[block.split('"')[1]] = len(re.findall(r"^  validation {", block, re.MULTILINE))
    runs = Counter(
        name
        for path in (MODULE / "tests").glob("validation_*.tftest.hcl")
        for name in re.findall(r"expect_failures = \[var\.([a-z_]+)\]", path.read_text(encoding="utf-8"))
    )
    names = "asg cache credentials gitlab lambda name observability provisioner runner_host scaling"
    assert set(names.split()) == set(validations)
    assert {name: n for name, n in validations.items() if runs[name] < n} == {}
    assert set(runs) <= set(validations), "a run expects the failure of a variable that has no validation"


def test_what_a_variable_refuses_is_tested_where_no_provider_is_loaded() -> None:
    elsewhere = [
        path.name
        for path in (MODULE / "tests").glob("*.tftest.hcl")
        if re.search(r"expect_failures = \[var\.", path.read_text(encoding="utf-8"))
        and not path.name.startswith("validation_")
    ]
    assert elsewhere == [], "move these runs into a validation_*.tftest.hcl"
    assert len(list((MODULE / "tests").glob("validation_*.tftest.hcl"))) > 1


def test_every_error_message_names_its_variable() -> None:
    checked = 0
    for path in MODULE.glob("variables*.tf"):
        for block in re.split(r"^variable ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            name = block.split('"')[1]
            for message in re.findall(r'error_message = "(.*)"$', block, re.MULTILINE):
                checked += 1
                assert message.startswith(name), message
    assert checked > len(SETTINGS)


def test_attributes_are_sorted() -> None:
    checked = 0
    for path in [*files(MODULE), *files(ROOT / "examples")]:
        if path.name.startswith(("variables", "versions", "outputs")):
            continue  # description, type, default: the order people expect
        checked += sum(1 for _ in unsorted_attributes(path))
        assert [pair for pair in unsorted_attributes(path) if pair[0] > pair[1]] == [], path
    assert checked > len(SETTINGS)


def unsorted_attributes(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each two attributes that follow one another on neighbouring lines of one block."""
    last: tuple[str, str] | None = None
    for line in path.read_text(encoding="utf-8").splitlines():
        found = ATTRIBUTE.match(line)
        if found is None or path.name == "locals.tf":
            last = None
            continue
        if last and last[0] == found[1] and last[1] not in META_ARGUMENTS:
            yield last[1], found[2]
        last = (found[1], found[2])


def test_this_is_a_name_in_the_small_module_only() -> None:
    named = {
        path.parent.relative_to(ROOT).as_posix()
        for path in [*files(MODULE), *files(ROOT / "examples")]
        if re.search(r'^resource "[a-z_0-9]+" "this"', path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert {"terraform/modules/lambda"} == named
