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
with open({log!r}, "a") as log:
    log.write(arguments["--package"] + " " + arguments["--runtime"] + " " + arguments["--architecture"] + "\\n")
"""
PACKAGES = "-target=module.gitlab-runner.terraform_data.package"


@pytest.fixture
def predecessor(tree: Path, tmp_path: Path, terraform_environment: dict[str, str], aws: dict[str, str]) -> Terraform:
    copy = tmp_path / "tree"
    shutil.copytree(tree, copy, ignore=shutil.ignore_patterns(".terraform*"))
    (copy / "tools/package/build.py").write_text(BUILDER.format(log=str(tmp_path / "builds.log")))
    terraform = Terraform(
        copy / "tests/terraform/fixtures/predecessor", {**terraform_environment, **aws, "TMPDIR": str(tmp_path)}
    )
    terraform.init()
    return terraform


@pytest.fixture
def builds(tmp_path: Path) -> Path:
    return tmp_path / "builds.log"


def planned(terraform: Terraform) -> dict[str, dict[str, Any]]:
    terraform.succeed("plan", "-input=false", "-no-color", "-out=saved.tfplan")
    plan = json.loads(terraform.succeed("show", "-json", "saved.tfplan"))
    changes = plan["resource_changes"]
    assert {"create"} == {action for change in changes for action in change["change"]["actions"]} - {"read"}
    return {change["address"].removeprefix("module.gitlab-runner."): change["change"]["after"] for change in changes}


def apply_packages(terraform: Terraform) -> None:
    terraform.succeed("apply", "-auto-approve", "-input=false", "-no-color", PACKAGES)


def test_the_predecessors_usage_example_plans_with_only_its_source_changed(predecessor: Terraform) -> None:
    resources = planned(predecessor)
    scaler = resources["module.scaler.aws_lambda_function.this"]
    assert (scaler["memory_size"], scaler["runtime"]) == (128, "python3.13")
    template = resources["aws_launch_template.runner"]
    assert template["instance_market_options"][0]["spot_options"][0]["max_price"] == "0.0100"
    assert template["network_interfaces"][0]["associate_public_ip_address"] == "true"
    job = json.loads(resources["aws_iam_role_policy.runner_job"]["policy"])
    assert job["Statement"][0]["Action"] == ["s3:ListAllMyBuckets"]


def test_an_older_runtime_is_raised_with_a_warning(predecessor: Terraform) -> None:
    printed = predecessor.succeed("plan", "-input=false", "-no-color")
    assert 'lambda.runtime = "python3.8" is older' in printed


def test_each_package_is_built_once_and_not_again(predecessor: Terraform, builds: Path) -> None:
    apply_packages(predecessor)
    assert sorted(builds.read_text().splitlines()) == ["scaler python3.13 x86_64", "webhook python3.13 x86_64"]
    printed = predecessor.succeed("plan", "-input=false", "-no-color", PACKAGES)
    assert "No changes" in printed


def test_a_changed_source_builds_its_own_package_only(predecessor: Terraform, builds: Path) -> None:
    apply_packages(predecessor)
    builds.unlink()
    source = predecessor.folder.parents[3] / "lambda_src" / "webhook" / "added.py"
    source.write_text("VALUE = 1\n")
    apply_packages(predecessor)
    assert builds.read_text().split() == ["webhook", "python3.13", "x86_64"]


def test_compiled_files_are_no_sources(predecessor: Terraform) -> None:
    apply_packages(predecessor)
    cache = predecessor.folder.parents[3] / "lambda_src" / "common" / "__pycache__"
    cache.mkdir(exist_ok=True)
    (cache / "settings.cpython-313.pyc").write_bytes(b"\0")
    assert "No changes" in predecessor.succeed("plan", "-input=false", "-no-color", PACKAGES)


def test_a_new_name_finds_its_zip_although_another_machine_built_it(predecessor: Terraform) -> None:
    apply_packages(predecessor)
    packages = predecessor.folder.parents[3] / "build" / "packages"
    shutil.rmtree(packages)
    main = predecessor.folder / "main.tf"
    main.write_text(main.read_text().replace("  asg = {", '  name = "renamed"\n\n  asg = {', 1))
    apply_packages(predecessor)
    assert len(list(packages.glob("*.zip"))) == 2
