from __future__ import annotations

import re

from tests.tools.package.support import REPOSITORY
from tools.package.container import IMAGE
from tools.package.target import ARCHITECTURES, RUNTIMES
from tools.package.trim import RULES

TEXT = (REPOSITORY / "docs/packaging.md").read_text(encoding="utf-8")


def test_the_table_of_what_is_left_out_is_the_code() -> None:
    section = TEXT.split("## What is left out", 1)[1].split("\n## ", 1)[0]
    documented = re.findall(r"^\| `([^`]+)` \| (.+) \|$", section, flags=re.MULTILINE)
    assert documented == [(rule.pattern, rule.reason) for rule in RULES]


def test_runtimes_architectures_and_the_image_are_those_of_the_code() -> None:
    assert all(f"`{word}`" in TEXT for word in (*RUNTIMES, *ARCHITECTURES, IMAGE))
