from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.terraform.conftest import ROOT, Terraform

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.terraform


def test_the_readmes_quick_start_plans_as_it_stands(tree: Path, served_environment: dict[str, str]) -> None:
    [configuration] = re.findall(r"^```hcl\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    folder = tree / "quick-start"
    folder.mkdir()
    local = configuration.replace("../gitlab-runner-fleet/terraform", "../terraform")
    (folder / "main.tf").write_text(re.sub(r'"subnet-\w+"', '"subnet-xxx"', local))
    terraform = Terraform(folder, served_environment)
    terraform.init()

    printed = terraform.succeed("plan", "-input=false", "-no-color")

    assert re.search(r"Plan: \d+ to add, 0 to change, 0 to destroy", printed)
    assert "+ webhook_url" in printed
