"""Names of local stacks."""

from __future__ import annotations

import argparse

# Folders below build/ that belong to other tools.
TAKEN = frozenset({"bench", "packages", "report", "security", "simulator", "terraform"})


def stack_name(text: str) -> str:
    """Accept a name that is safe as a folder below build/."""
    if not text.replace("-", "").isalnum() or text in TAKEN:
        raise argparse.ArgumentTypeError(f"STACK={text}: letters, digits and hyphens, and not a folder of the tools")
    return text
