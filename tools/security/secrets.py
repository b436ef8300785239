"""Which of the strings that look like secrets are none, and why; pure."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ALLOWED = Path(__file__).with_name("allowed_secrets.toml")
# They quote what is let through, and what must not be.
UNSCANNED = ("tests/tools/security/test_secrets_rules.py", "tools/security/allowed_secrets.toml")


@dataclass(frozen=True)
class Finding:
    """A line that looks like a secret.

    Args:
        path: The file, relative to the root.
        line: Its number.
        kind: The name that the scanner gives to such secrets.
        text: The line.
    """

    path: str
    line: int
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.kind}"  # without the text: it may be a secret


@dataclass(frozen=True)
class Rule:
    """Findings that are no secrets.

    Args:
        path: Pattern of the files; `*` matches across folders.
        kind: The scanner's name for what it finds.
        text: Regular expression that is found in the line.
        reason: Why it is no secret.
    """

    path: str
    kind: str
    text: str
    reason: str

    def allows(self, finding: Finding) -> bool:
        """Tell whether a finding is one of these."""
        same = finding.kind == self.kind and fnmatchcase(finding.path, self.path)
        return same and re.search(self.text, finding.text) is not None


def load(text: str) -> tuple[Rule, ...]:
    """Read the allow-list.

    Raises:
        ValueError: an entry has no reason.
    """
    rules = tuple(Rule(**entry) for entry in tomllib.loads(text)["allowed"])
    for rule in rules:
        if not rule.reason.strip():
            raise ValueError(f"the entry for {rule.path} has no reason")
    return rules


def left_over(findings: Sequence[Finding], rules: Sequence[Rule]) -> list[Finding]:
    """Return the findings that no rule allows."""
    return [finding for finding in findings if not any(rule.allows(finding) for rule in rules)]


def unused(findings: Sequence[Finding], rules: Sequence[Rule]) -> list[Rule]:
    """Return the rules that allow nothing any more: a gate that stands open for nobody."""
    return [rule for rule in rules if not any(rule.allows(finding) for finding in findings)]
