from __future__ import annotations

import os
import re
import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from subprocess import CompletedProcess
from typing import TYPE_CHECKING

import pytest

from tests.terraform.conftest import ROOT, Terraform

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Answer = CompletedProcess[str]

pytestmark = pytest.mark.terraform

TEST_FILES = sorted(path.name for path in (ROOT / "terraform" / "tests").glob("*.tftest.hcl"))
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
def module(tree: Path, terraform_environment: dict[str, str]) -> Terraform:
    terraform = Terraform(tree / "terraform", terraform_environment)
    terraform.init()
    return terraform


def test_everything_is_formatted(tree: Path, terraform_environment: dict[str, str]) -> None:
    assert Terraform(tree, terraform_environment).succeed("fmt", "-check", "-recursive") == ""


def test_the_module_is_valid(module: Terraform) -> None:
    module.succeed("validate", "-no-color")


@pytest.fixture(scope="session")
def variables(tree: Path, tmp_path_factory: pytest.TempPathFactory, module: Terraform) -> Terraform:
    """The module's variables alone: refusing a value needs no provider, and loading one takes a second a run."""
    folder = tmp_path_factory.mktemp("variables")
    shutil.copytree(tree / "terraform/tests/mocks", folder / "tests/mocks")
    for path in (tree / "terraform").glob("variables*.tf"):
        shutil.copy(path, folder)
    for path in (tree / "terraform/tests").glob("validation_*.tftest.hcl"):
        text = re.sub(r'^mock_provider "aws" {.*?^}', "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
        (folder / "tests" / path.name).write_text(text)
    terraform = Terraform(folder, module.environment)
    terraform.init()
    return terraform


@pytest.fixture(scope="session")
def own_tests(module: Terraform, variables: Terraform) -> Iterator[Mapping[str, Future[Answer]]]:
    """Run the test files side by side: each is one process that computes most of the time."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield {
            file: pool.submit(
                (variables if file.startswith("validation_") else module).run,
                "test",
                "-no-color",
                f"-filter=tests/{file}",
            )
            for file in TEST_FILES
        }


@pytest.mark.parametrize("file", TEST_FILES)
def test_the_modules_own_tests_pass(own_tests: Mapping[str, Future[Answer]], file: str) -> None:
    answer = own_tests[file].result()
    passed = re.search(r"(\d+) passed, 0 failed", answer.stdout)
    assert passed is not None, answer.stdout + answer.stderr
    assert int(passed[1]) > 0


def test_there_are_examples_for_each_way_to_use_the_module() -> None:
    assert {"webhook", "polling", "private-gitlab", "alarms-mode", "spot-arm64", "local"} <= set(EXAMPLES)


@pytest.fixture(scope="session")
def plans(
    tree: Path, terraform_environment: dict[str, str], aws: dict[str, str]
) -> Iterator[Mapping[str, Future[str]]]:
    environment = {**terraform_environment, **aws, **VALUES}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield {name: pool.submit(plan, Terraform(tree / "examples" / name, environment)) for name in EXAMPLES}


def plan(terraform: Terraform) -> str:
    terraform.init()
    terraform.succeed("validate", "-no-color")
    return terraform.succeed("plan", "-input=false", "-no-color")


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_plans_into_an_empty_account(plans: Mapping[str, Future[str]], example: str) -> None:
    assert re.search(r"Plan: [1-9]\d* to add, 0 to change, 0 to destroy", plans[example].result())


def test_no_other_provider_is_needed(module: Terraform) -> None:
    needed = set(re.findall(r"provider\[([^\]]+)\]", module.succeed("providers", "-no-color")))
    assert {"registry.terraform.io/hashicorp/aws", "terraform.io/builtin/terraform"} == needed
