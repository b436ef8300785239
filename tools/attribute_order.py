"""Sort the attributes of Terraform blocks, as `terraform fmt` does not: ``make format``.

Attributes that follow one another without a blank line, a comment or a nested block between them are a group, and are
sorted by name; what a block is about (`count`, `for_each`, `source`) stays first. Variables, outputs and versions have
an order of their own, and locals are grouped by meaning. The files must be formatted: an attribute ends where a line
is indented like its start.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("terraform", "examples")
OWN_ORDER = ("variables", "versions", "outputs")
LOCALS = "locals {\n"
META_ARGUMENTS = frozenset({"count", "for_each", "source"})
ATTRIBUTE = re.compile(r"^( *)([a-z_]+) += (.*)$")
HEREDOC = re.compile(r"<<-?([A-Z]+)$")

# An attribute: its indentation, its name, its lines.
Attribute = tuple[str, str, list[str]]


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Sort every file, or with `--check` only name those that are not sorted; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.attribute_order", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, fail when a file is not sorted")
    options = parser.parse_args(arguments)
    wrong = [path for path in files(root) if path.read_text(encoding="utf-8") != ordered(path.read_text("utf-8"))]
    for path in wrong:
        if options.check:
            print(f"{path.relative_to(root)}: attributes are not sorted: run make format", file=sys.stderr)
        else:
            path.write_text(ordered(path.read_text(encoding="utf-8")), encoding="utf-8")
    return 1 if wrong and options.check else 0


def files(root: Path) -> list[Path]:
    """Return the files that are kept sorted."""
    found = [path for folder in FOLDERS for path in sorted((root / folder).rglob("*.tf"))]
    return [path for path in found if not path.name.startswith(OWN_ORDER) and ".terraform" not in path.parts]


def ordered(text: str) -> str:
    """Return a file's text with each group of attributes sorted."""
    blocks = re.split(r"(?m)(?<=^}\n)", text)
    return "".join(block if LOCALS in block else "".join(_sorted(block)) for block in blocks)


def _sorted(block: str) -> Iterator[str]:
    return (line for piece in pieces(block.splitlines(keepends=True)) for line in piece)


def pieces(lines: list[str]) -> Iterator[list[str]]:
    """Yield the file in pieces: sorted groups of attributes, and the lines between them."""
    group: list[Attribute] = []
    position = 0
    while position < len(lines):
        attribute = attribute_at(lines, position)
        if group and (attribute is None or attribute[0] != group[0][0]):
            yield from flat(group)
            group = []
        if attribute is None:
            yield [lines[position]]
            position += 1
        else:
            group.append(attribute)
            position += len(attribute[2])
    yield from flat(group)


def flat(group: list[Attribute]) -> Iterator[list[str]]:
    """Yield the lines of a group, sorted; what is inside of an attribute is sorted, too."""
    for _, _, lines in sorted(group, key=_place):
        whole = len(lines) == 1 or HEREDOC.search(lines[0].rstrip())
        inner = lines[1:-1] if not whole else []
        yield lines if whole else [lines[0], *(line for piece in pieces(inner) for line in piece), lines[-1]]


def _place(attribute: Attribute) -> tuple[bool, str]:
    """Return what a group is sorted by: what the block is about first, as it is written; then by name."""
    name = attribute[1]
    return (False, "") if name in META_ARGUMENTS else (True, name)


def attribute_at(lines: list[str], position: int) -> Attribute | None:
    """Return the attribute that starts in a line, or nothing."""
    start = ATTRIBUTE.match(lines[position].rstrip("\n"))
    if start is None:
        return None
    indent, name, first = start.groups()
    return indent, name, lines[position : position + length(first, lines[position + 1 :], indent)]


def length(first: str, following: list[str], indent: str) -> int:
    """Return how many lines an attribute has."""
    if heredoc := HEREDOC.search(first):
        return 2 + next(n for n, line in enumerate(following) if line.strip() == heredoc[1])
    if first.endswith(("{", "(", "[")):
        return 2 + next(n for n, line in enumerate(following) if re.match(rf"^{indent}[^ \n]", line))
    return 1


if __name__ == "__main__":
    sys.exit(main())
