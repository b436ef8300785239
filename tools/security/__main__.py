"""``make security`` and ``make audit``: 0 if nothing is found, 1 if something is, 2 if it could not run."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from tools.security import audit, scanners, secrets
from tools.security.errors import SecurityError

if TYPE_CHECKING:
    from collections.abc import Sequence


def static() -> int:
    """Scan the Terraform code; return how many complaints there are."""
    failures = scanners.checkov()
    print("static: " + ("findings above" if failures else "no finding without a reason beside it"))
    return failures


def hidden() -> int:
    """Look for secrets; return how many complaints there are."""
    rules = secrets.load(secrets.ALLOWED.read_text(encoding="utf-8"))
    files = [name for name in scanners.tracked() if name not in secrets.UNSCANNED]
    findings = scanners.detect_secrets(files)
    bad = secrets.left_over(findings, rules)
    stale = secrets.unused(findings, rules)
    for finding in bad:
        print(f"  {finding}: take it out and revoke it, or say in {secrets.ALLOWED.name} why it is none")
    for rule in stale:
        print(f"  {secrets.ALLOWED.name}: nothing is like {rule.path}, {rule.kind}, {rule.text!r} any more: remove it")
    print(f"secrets: {len(files)} files, {len(findings)} look-alikes, {len(bad)} without a reason, {len(stale)} stale")
    return len(bad) + len(stale)


def main(arguments: Sequence[str]) -> int:
    """Run what is named and return the exit code."""
    parser = argparse.ArgumentParser(prog="tools.security", description=__doc__)
    parser.add_argument(
        "what", nargs="?", choices=["audit", "secrets", "static"], help="one of them; none = all but audit"
    )
    named = parser.parse_args(arguments).what
    wanted = [named] if named else ["static", "secrets"]
    steps = {"audit": audit.main, "secrets": hidden, "static": static}
    try:
        complaints = sum(steps[name]() for name in wanted)
    except SecurityError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return int(complaints > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
