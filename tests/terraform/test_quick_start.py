from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.terraform.conftest import ROOT, Terraform

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.terraform

BLOCK = re.compile(r"^```hcl\n(.*?)^```$", re.MULTILINE | re.DOTALL)
GITLAB = re.compile(r"^  gitlab = \{\n.*?^  \}\n", re.MULTILINE | re.DOTALL)
# An alarm more or less makes nobody wonder.
ABOUT = 3
CERTIFICATE = ROOT / "examples" / "private-gitlab" / "ca.pem"


def configurations() -> dict[str, str]:
    """Return the quick start's configuration as it stands, and with the block for a GitLab of one's own."""
    whole, own = BLOCK.findall((ROOT / "README.md").read_text())
    assert GITLAB.fullmatch(own)
    replaced, times = GITLAB.subn(lambda _: own, whole)
    assert times == 1
    return {"gitlab.com": whole, "self-managed": replaced}


def announced() -> int:
    """Return how many resources the README says there will be."""
    about = re.search(r"`terraform plan` \(about (\d+) to add\)", (ROOT / "README.md").read_text())
    assert about is not None
    return int(about[1])


@pytest.mark.parametrize("gitlab", ["gitlab.com", "self-managed"])
def test_the_readmes_quick_start_plans_as_it_stands(
    gitlab: str, tree: Path, served_environment: dict[str, str]
) -> None:
    folder = tree / f"quick-start-{gitlab}"
    folder.mkdir()
    shutil.copy(CERTIFICATE, folder)
    local = configurations()[gitlab].replace("../gitlab-runner-fleet/terraform", "../terraform")
    (folder / "main.tf").write_text(re.sub(r'"subnet-\w+"', '"subnet-xxx"', local))
    terraform = Terraform(folder, served_environment)
    terraform.init()

    printed = terraform.succeed("plan", "-input=false", "-no-color")

    planned = re.search(r"Plan: (\d+) to add, 0 to change, 0 to destroy", printed)
    assert planned is not None
    assert abs(int(planned[1]) - announced()) <= ABOUT
    assert "+ webhook_url" in printed
    assert ("aws_ssm_parameter.gitlab_ca" in printed) == (gitlab == "self-managed")
