from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.terraform.conftest import Terraform

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.terraform

# Notes which packages it is asked for; what a real build takes time for is not what is tested here.
BUILDER = """
import pathlib, sys
arguments = dict(zip(sys.argv[1::2], sys.argv[2::2]))
target = pathlib.Path(arguments["--output"])
target.parent.mkdir(parents=True, exist_ok=True)
target.write_text("zip")
with open(pathlib.Path(__file__).resolve().parents[2] / "builds.log", "a") as log:
    log.write(arguments["--package"] + " " + arguments["--runtime"] + " " + arguments["--architecture"] + "\\n")
"""
PACKAGES = "-target=module.gitlab-runner.terraform_data.package"
FIXTURE = "tests/terraform/fixtures/predecessor"


@pytest.fixture(scope="session")
def predecessor(tree: Path, tmp_path_factory: pytest.TempPathFactory, served_environment: dict[str, str]) -> Terraform:
    """The predecessor's usage example in a tree of its own, to plan."""
    copy = tmp_path_factory.mktemp("predecessor") / "tree"
    shutil.copytree(tree, copy, ignore=shutil.ignore_patterns(".terraform*"))
    (copy / "tools/package/build.py").write_text(BUILDER)
    terraform = Terraform(copy / FIXTURE, served_environment)
    terraform.init()
    return terraform


@pytest.fixture(scope="session")
def built_once(predecessor: Terraform, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree whose packages were built."""
    copy = tmp_path_factory.mktemp("built") / "tree"
    shutil.copytree(predecessor.folder.parents[3], copy, symlinks=True)
    apply_packages(Terraform(copy / FIXTURE, predecessor.environment))
    return copy


@pytest.fixture
def built(built_once: Path, tmp_path: Path, predecessor: Terraform) -> Terraform:
    """The same tree and state in a copy, to change."""
    copy = tmp_path / "tree"
    shutil.copytree(built_once, copy, symlinks=True)
    return Terraform(copy / FIXTURE, {**predecessor.environment, "TMPDIR": str(tmp_path)})


@pytest.fixture
def builds(built: Terraform) -> Path:
    return built.folder.parents[3] / "builds.log"


@pytest.fixture(scope="session")
def printed_plan(predecessor: Terraform) -> str:
    """What the one plan of the example prints; it is saved beside it."""
    return predecessor.succeed("plan", "-input=false", "-no-color", "-out=saved.tfplan")


def planned(terraform: Terraform) -> dict[str, dict[str, Any]]:
    plan = json.loads(terraform.succeed("show", "-json", "saved.tfplan"))
    changes = plan["resource_changes"]
    assert {"create"} == {action for change in changes for action in change["change"]["actions"]} - {"read"}
    return {change["address"].removeprefix("module.gitlab-runner."): change["change"]["after"] for change in changes}


def apply_packages(terraform: Terraform) -> None:
    terraform.succeed("apply", "-auto-approve", "-input=false", "-no-color", PACKAGES)


def test_the_predecessors_usage_example_plans_with_only_its_source_changed(
    predecessor: Terraform, printed_plan: str
) -> None:
    assert "Plan: " in printed_plan
    resources = planned(predecessor)
    scaler = resources["module.scaler.aws_lambda_function.this"]
    assert (scaler["memory_size"], scaler["runtime"]) == (128, "python3.13")
    template = resources["aws_launch_template.runner"]
    assert template["instance_market_options"][0]["spot_options"][0]["max_price"] == "0.0100"
    assert template["network_interfaces"][0]["associate_public_ip_address"] == "true"
    job = json.loads(resources["aws_iam_role_policy.runner_job"]["policy"])
    assert job["Statement"][0]["Action"] == ["s3:ListAllMyBuckets"]


def test_an_older_runtime_is_raised_with_a_warning(printed_plan: str) -> None:
    assert 'lambda.runtime = "python3.8" is older' in printed_plan


def test_each_package_is_built_once_and_not_again(built: Terraform, builds: Path) -> None:
    assert sorted(builds.read_text().splitlines()) == ["scaler python3.13 x86_64", "webhook python3.13 x86_64"]
    printed = built.succeed("plan", "-input=false", "-no-color", PACKAGES)
    assert "No changes" in printed


def test_a_changed_source_builds_its_own_package_only(built: Terraform, builds: Path) -> None:
    builds.unlink()
    source = built.folder.parents[3] / "lambda_src" / "webhook" / "added.py"
    source.write_text("VALUE = 1\n")
    apply_packages(built)
    assert builds.read_text().split() == ["webhook", "python3.13", "x86_64"]


def test_compiled_files_are_no_sources(built: Terraform) -> None:
    cache = built.folder.parents[3] / "lambda_src" / "common" / "__pycache__"
    cache.mkdir(exist_ok=True)
    (cache / "settings.cpython-313.pyc").write_bytes(b"\0")
    assert "No changes" in built.succeed("plan", "-input=false", "-no-color", PACKAGES)


def test_a_new_name_finds_its_zip_although_another_machine_built_it(built: Terraform) -> None:
    packages = built.folder.parents[3] / "build" / "packages"
    shutil.rmtree(packages)
    main = built.folder / "main.tf"
    main.write_text(main.read_text().replace("  asg = {", '  name = "renamed"\n\n  asg = {', 1))
    apply_packages(built)
    assert len(list(packages.glob("*.zip"))) == 2
