"""What the simulator advises is Terraform that plans."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.terraform.conftest import Terraform
from tools.simulator.advise import Target, advise, terraform
from tools.simulator.setup import Boot, Setup
from tools.simulator.workload import plain

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


def test_advice_plans_and_is_formatted(tree: Path, served_environment: dict[str, str]) -> None:
    setup = Setup(boot=Boot(60), slots=2)
    advice = advise(plain("few", [(100.0, 60.0), (900.0, 60.0)]), setup, Target(1000, 0.0))
    folder = tree / "advice"
    folder.mkdir()
    (folder / "main.tf").write_text(terraform(advice, setup, "../terraform"))
    values = "".join(f"{name} = {value}\n" for name, value in VARIABLES.items())
    (folder / "terraform.tfvars").write_text(values)
    module = Terraform(folder, served_environment)

    module.init()

    assert module.run("fmt", "-check", "main.tf").stdout == ""
    assert "Plan: " in module.succeed("plan", "-input=false", "-no-color")
