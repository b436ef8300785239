"""What is suppressed in the Terraform code."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SKIP = re.compile(r"checkov:skip=([^:\s]*)(?::(.*))?$")


def suppressions() -> list[tuple[str, str, str]]:
    files = [
        path
        for folder in ("terraform", "examples")
        for path in (ROOT / folder).rglob("*.tf")
        if ".terraform" not in path.parts
    ]
    return [
        (f"{path.relative_to(ROOT)}:{number}", match[1], match[2] or "")
        for path in sorted(files)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if (match := SKIP.search(line))
    ]


def test_every_suppressed_finding_has_its_reason_beside_it() -> None:
    found = suppressions()
    assert len(found) > 20
    assert [
        place for place, check, reason in found if not re.fullmatch(r"CKV2?_AWS_\d+", check) or len(reason.split()) < 3
    ] == []
