"""Command line: `python -m tools.docs [--check]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools.docs.hcl import DocsError, blocks
from tools.docs.render import reference

ROOT = Path(__file__).resolve().parents[2]
BEGIN = "<!-- BEGIN_REFERENCE: written by make docs -->"
END = "<!-- END_REFERENCE -->"


def main(arguments: list[str] | None = None, module: Path = ROOT / "terraform") -> int:
    """Write the reference, or check that it is up to date; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, fail when the README is out of date")
    options = parser.parse_args(arguments)
    readme = module / "README.md"
    try:
        present = readme.read_text(encoding="utf-8")
        wanted = injected(present, reference(blocks(module)))
    except (DocsError, OSError) as error:
        print(f"docs: {error}", file=sys.stderr)
        return 2
    if present == wanted:
        return 0
    if options.check:
        print(f"docs: {readme} is out of date: run make docs", file=sys.stderr)
        return 1
    readme.write_text(wanted, encoding="utf-8")
    return 0


def injected(text: str, content: str) -> str:
    """Return a text with other content between the two markers.

    Raises:
        DocsError: the markers are not there, once and in order.
    """
    before, found_begin, rest = text.partition(BEGIN)
    _, found_end, after = rest.partition(END)
    if not (found_begin and found_end):
        raise DocsError(f"the README has no lines {BEGIN} and {END}: put them where the reference belongs")
    return f"{before}{BEGIN}\n\n{content}\n\n{END}{after}"


if __name__ == "__main__":
    sys.exit(main())
