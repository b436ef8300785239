"""Run the module's own tests and plan its examples.

A new Terraform test is quick when it asks everything about one input in one run of terraform/tests, and plans
(command = plan) unless it needs what only an apply knows: each run costs half a second, each apply three times that.
What a variable refuses belongs into a file named validation_*.tftest.hcl: those run on the variables alone, without the
provider, in milliseconds, and may therefore refer to nothing but variables.
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.terraform.conftest import ROOT, Terraform

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.terraform

# The longest first, so that none is left for the end, when one of the workers has nothing more to do.
TEST_FILES = [
    path.name
    for path in sorted(
        (ROOT / "terraform" / "tests").glob("*.tftest.hcl"), key=lambda path: (-path.stat().st_size, path)
    )
]
# What the examples that have no default for them are given.
VALUES = {
    "TF_VAR_gitlab_token": "glpat-test",
    "TF_VAR_gitlab_url": "https://gitlab.example.com",
    "TF_VAR_name": "example",
    "TF_VAR_webhook_secret": "test",
    "TF_VAR_webhook_signing_token": "whsec_test",
}
EXAMPLES = sorted(path.parent.name for path in (ROOT / "examples").glob("*/main.tf"))


@pytest.fixture(scope="session")
def module(initialised: Path, served_environment: dict[str, str]) -> Terraform:
    return Terraform(initialised, served_environment)


def test_everything_is_formatted(tree: Path, terraform_environment: dict[str, str]) -> None:
    # Other tests write into the tree beside what is ours.
    ours = ("fmt", "-check", "-recursive", "terraform", "examples", "tests")
    assert Terraform(tree, terraform_environment).succeed(*ours) == ""


def test_the_module_is_valid(module: Terraform) -> None:
    module.succeed("validate", "-no-color")


@pytest.fixture(scope="session")
def variables(tree: Path, tmp_path_factory: pytest.TempPathFactory, terraform_environment: dict[str, str]) -> Terraform:
    """The module's variables alone: refusing a value needs no provider, and loading one takes a second a run."""
    folder = tmp_path_factory.mktemp("variables")
    shutil.copytree(tree / "terraform/tests/mocks", folder / "tests/mocks")
    for path in (tree / "terraform").glob("variables*.tf"):
        shutil.copy(path, folder)
    for path in (tree / "terraform/tests").glob("validation_*.tftest.hcl"):
        text = re.sub(r'^mock_provider "aws" {.*?^}', "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
        (folder / "tests" / path.name).write_text(text)
    terraform = Terraform(folder, terraform_environment)
    terraform.init()
    return terraform


@pytest.mark.parametrize("file", TEST_FILES)
def test_the_modules_own_tests_pass(request: pytest.FixtureRequest, file: str) -> None:
    terraform = request.getfixturevalue("variables" if file.startswith("validation_") else "module")
    answer = terraform.run("test", "-no-color", f"-filter=tests/{file}")
    passed = re.search(r"(\d+) passed, 0 failed", answer.stdout)
    assert passed is not None, answer.stdout + answer.stderr
    assert int(passed[1]) == runs_in(file), "a run was left out"


def test_the_copy_of_the_variables_is_the_modules_own(variables: Terraform) -> None:
    own = {path.name: path.read_bytes() for path in (ROOT / "terraform").glob("*.tf") if declares(path, "variable")}
    assert own
    assert own == {path.name: path.read_bytes() for path in variables.folder.glob("*.tf")}


def declares(path: Path, kind: str) -> bool:
    return re.search(rf'^{kind} "', path.read_text(encoding="utf-8"), re.MULTILINE) is not None


def runs_in(file: str) -> int:
    text = (ROOT / "terraform" / "tests" / file).read_text(encoding="utf-8")
    return len(re.findall(r'^run "', text, re.MULTILINE))


def test_there_are_examples_for_each_way_to_use_the_module() -> None:
    noticed = {"minimal", "webhook", "webhook-and-night-schedule", "groups", "several-fleets"}
    instances = {"arm64", "custom-image", "shell-executor", "spot-diversified", "warm-pool"}
    further = {"alarms-mode", "credentials-for-jobs", "observability", "private-gitlab", "private-subnets"}
    assert noticed | instances | further | {"local", "network"} == set(EXAMPLES)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_plans_into_an_empty_account(tree: Path, served_environment: dict[str, str], example: str) -> None:
    terraform = Terraform(tree / "examples" / example, {**served_environment, **VALUES})
    terraform.init()
    terraform.succeed("validate", "-no-color")
    printed = terraform.succeed("plan", "-input=false", "-no-color")
    assert re.search(r"Plan: [1-9]\d* to add, 0 to change, 0 to destroy", printed)


def test_no_example_configures_the_provider_twice() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in (ROOT / "examples").rglob("*.tf")}
    assert texts
    twice = [path for path, text in texts.items() if re.search(r"^ +alias +=", text, re.MULTILINE)]
    assert twice == [], "the one provider of served_environment has one configuration: plan these without it"


def test_no_other_provider_is_needed(module: Terraform) -> None:
    needed = set(re.findall(r"provider\[([^\]]+)\]", module.succeed("providers", "-no-color")))
    assert {"registry.terraform.io/hashicorp/aws", "terraform.io/builtin/terraform"} == needed
