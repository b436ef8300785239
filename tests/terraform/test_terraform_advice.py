"""What the simulator advises is Terraform that plans."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.terraform.conftest import Terraform
from tools.simulator.advise import source_from
from tools.simulator.cli import main

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.terraform

VARIABLES = {
    "gitlab_api_token_ssm_path": '"/gitlab/api-token"',
    "gitlab_runner_token_ssm_path": '"/gitlab/runner-token"',
    "gitlab_url": '"https://gitlab.example.com"',
    "subnet_ids": '["subnet-xxx"]',
    "webhook_secret_ssm_path": '"/gitlab/webhook-secret"',
}


def test_advice_plans_where_it_is_written_and_is_formatted(tree: Path, served_environment: dict[str, str]) -> None:
    trace = tree / "few.csv"
    trace.write_text("created,duration\n100,60\n900,60\n")
    file = tree / "some" / "folder" / "main.tf"
    where = ["--file", str(file), "--source", source_from(file.parent, tree / "terraform")]

    assert main(["advise", str(trace), "--boot", "60", "--slots", "2", "--wait", "1000", "--share", "0", *where]) == 0

    values = "".join(f"{name} = {value}\n" for name, value in VARIABLES.items())
    (file.parent / "terraform.tfvars").write_text(values)
    module = Terraform(file.parent, served_environment)
    module.init()
    assert module.run("fmt", "-check", "main.tf").stdout == ""
    assert "Plan: " in module.succeed("plan", "-input=false", "-no-color")
