"""Ask the rules of the module's variables about many values at once: a copy of them, called once for each case.

No provider is loaded, and every complaint comes with its message, which `expect_failures` hides.
"""

from __future__ import annotations

import json
import re
import shutil
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.terraform.conftest import ROOT, Terraform

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

MODULE = ROOT / "terraform"
RULE = re.compile(r"^(.*)\n\nThis was checked by the validation rule at (?:.*/)?([a-z_]+\.tf:[0-9]+),", re.DOTALL)


@dataclass(frozen=True)
class Complaint:
    """What a rule says, and where it stands, such as variables_asg.tf:12."""

    message: str
    rule: str


def copied(folder: Path, names: Sequence[str], more: str = "") -> None:
    """Copy files of variables to a module of their own below a folder, and add some Terraform to it."""
    module = folder / "variables"
    module.mkdir(parents=True)
    for name in names:
        shutil.copy(MODULE / name, module)
    (module / "more.tf").write_text(more, encoding="utf-8")


def complaints(
    folder: Path, environment: Mapping[str, str], calls: Mapping[str, str], head: str = ""
) -> dict[str, list[Complaint]]:
    """Return what the variables' rules say about each case.

    Terraform asks the rules that look at several variables only when all others are content, so what the first time
    meets no complaint is asked again by itself.

    Args:
        folder: where the variables were copied to.
        environment: Terraform's.
        calls: the arguments of each case as HCL.
        head: HCL that all of them need.
    """
    terraform = Terraform(folder, environment)
    first = asked(terraform, calls, head)
    left = {name: calls[name] for name, found in first.items() if not found}
    return first | asked(terraform, left, head)


def asked(terraform: Terraform, calls: Mapping[str, str], head: str) -> dict[str, list[Complaint]]:
    """Plan all cases in one go."""
    text, starts = head + "\n", []
    for number, arguments in enumerate(calls.values()):
        starts.append(text.count("\n") + 1)
        text += f'module "case_{number}" {{\n  source = "./variables"\n{arguments}\n}}\n'
    (terraform.folder / "main.tf").write_text(text, encoding="utf-8")
    terraform.init()
    found: dict[str, list[Complaint]] = {name: [] for name in calls}
    for line in terraform.run("plan", "-json", "-input=false").stdout.splitlines():
        if diagnostic := json.loads(line).get("diagnostic"):
            assert diagnostic.get("range", {}).get("filename") == "main.tf", diagnostic
            case = list(calls)[bisect_right(starts, diagnostic["range"]["start"]["line"]) - 1]
            told = RULE.match(diagnostic["detail"])
            assert told is not None, (calls[case], diagnostic)
            found[case].append(Complaint(told[1], told[2]))
    return found


def literal(value: object) -> str:
    """Return a value as HCL on one line: JSON, in which HCL's templates are text."""
    return json.dumps(value).replace("${", "$${").replace("%{", "%%{")
