"""Command line: `python -m tools.docs [--check]`.

Three parts of a README are written: the tables in terraform-docs' layout, between its own markers, in the module and in
every example; in the module, a reference of every attribute of its objects, which terraform-docs does not do; and the
monthly costs that stand before a command of make cost.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from tools.docs.figures import priced
from tools.docs.hcl import DocsError, blocks
from tools.docs.render import reference
from tools.docs.tables import tables

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ("<!-- BEGIN_REFERENCE: written by make docs -->", "<!-- END_REFERENCE -->")
TABLES = ("<!-- BEGIN_TF_DOCS -->", "<!-- END_TF_DOCS -->")


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Write the parts, or check that they are up to date; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, fail when a README is out of date")
    options = parser.parse_args(arguments)
    try:
        stale = [readme for readme in readmes(root) if not is_written(readme, check=options.check)]
    except (DocsError, OSError) as error:
        print(f"docs: {error}", file=sys.stderr)
        return 2
    for readme in stale:
        print(f"docs: {readme.relative_to(root)} is out of date: run make docs", file=sys.stderr)
    if not options.check and (program := shutil.which("terraform-docs")):
        let_terraform_docs_write(program, root)
    return 1 if stale else 0


def readmes(root: Path) -> list[Path]:
    """Return the READMEs of the module and of the examples.

    Raises:
        DocsError: an example has none.
    """
    folders = sorted({path.parent for path in (root / "examples").glob("*/*.tf")})
    found = [root / "terraform" / "README.md", *(folder / "README.md" for folder in folders)]
    if missing := [str(path.relative_to(root)) for path in found if not path.exists()]:
        raise DocsError(
            f"missing: {', '.join(missing)}; write what it shows, and {' and '.join(TABLES)} on lines of their own"
        )
    return found


def is_written(readme: Path, *, check: bool) -> bool:
    """Write a README's parts if they are not up to date; with `check`, tell whether they are."""
    present = readme.read_text(encoding="utf-8")
    wanted = content(readme, present)
    if present == wanted:
        return True
    if not check:
        readme.write_text(wanted, encoding="utf-8")
    return not check


def content(readme: Path, text: str) -> str:
    """Return a README's text with its parts up to date."""
    found = blocks(readme.parent)
    if REFERENCE[0] in text:
        text = injected(text, REFERENCE, f"\n{reference(found)}\n")
    return injected(priced(text), TABLES, tables(found))


def injected(text: str, markers: tuple[str, str], part: str) -> str:
    """Return a text with another part between two markers.

    Raises:
        DocsError: the markers are not there, once and in order.
    """
    begin, end = markers
    before, found_begin, rest = text.partition(begin)
    _, found_end, after = rest.partition(end)
    if not (found_begin and found_end):
        raise DocsError(f"a README has no lines {begin} and {end}: put them where that part belongs")
    return f"{before}{begin}\n{part}\n{end}{after}"


def let_terraform_docs_write(program: str, root: Path) -> None:
    """Let terraform-docs, where it is installed, write its own tables."""
    for readme in readmes(root):
        subprocess.run([program, "--config", str(root / ".terraform-docs.yml"), str(readme.parent)], check=True)


if __name__ == "__main__":
    sys.exit(main())
