"""The project's pages, and what can be read out of their Markdown."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
# What tools leave behind is not ours: hidden folders, what is built, what npm installs.
NOT_OURS = {"build", "dist", "mutants", "node_modules"}

FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"(?<!!)\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)\)|!\[[^\]]*\]\(([^()\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.*?)#*$", re.MULTILINE)
NAMED_ANCHOR = re.compile(r'<a name="([^"]+)">')
# An untagged block that begins with one of these is meant to be typed.
COMMANDS = {
    ".venv-aws/bin/python",
    ".venv/bin/python",
    "aws",
    "cd",
    "curl",
    "export",
    "git",
    "make",
    "python3",
    "terraform",
}
SHELLS = {"bash", "sh", "shell"}


@dataclass(frozen=True)
class Block:
    """A fenced block: the word behind its fence, and what is in it."""

    language: str
    text: str

    @property
    def is_shell(self) -> bool:
        """Return whether somebody would type it into a shell."""
        words = self.text.split(maxsplit=1)
        return self.language in SHELLS or (self.language == "" and bool(words) and words[0] in COMMANDS)


def every_file(root: Path = ROOT) -> Iterator[Path]:
    """Yield the repository's files; what tools leave behind is passed over."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in NOT_OURS and not name.startswith("."))
        yield from (Path(folder, name) for name in sorted(names))


PAGES = [path for path in every_file() if path.suffix == ".md"]


def title(path: Path) -> str:
    """Return how a page is named in a test's id."""
    return str(path.relative_to(ROOT))


@cache
def text_of(path: Path) -> str:
    """Return a file's text."""
    return path.read_text(encoding="utf-8")


def blocks(path: Path) -> list[Block]:
    """Return a page's fenced blocks."""
    return [Block(language, text) for _, language, text in FENCE.findall(text_of(path))]


def prose(path: Path) -> str:
    """Return a page without its fenced blocks."""
    return FENCE.sub("", text_of(path))


def spans(path: Path) -> list[str]:
    """Return what stands in backticks in a page's prose."""
    return SPAN.findall(prose(path))


def links(path: Path) -> list[str]:
    """Return the targets of a page's links and pictures."""
    found = LINK.findall(SPAN.sub("``", prose(path)))
    return [(target or picture).replace("\\_", "_") for target, picture in found]


@cache
def anchors(path: Path) -> frozenset[str]:
    """Return what can be linked to within a page: headings as GitHub and GitLab slug them, and named anchors."""
    found: list[str] = []
    for heading in HEADING.findall(prose(path)):
        slug = slugged(heading)
        again = sum(slug == each or re.fullmatch(rf"{re.escape(slug)}-\d+", each) is not None for each in found)
        found.append(f"{slug}-{again}" if again else slug)
    return frozenset(found) | frozenset(NAMED_ANCHOR.findall(text_of(path)))


def slugged(heading: str) -> str:
    """Return a heading's anchor."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.strip())
    return re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")


def tables(path: Path, head: str) -> Iterator[dict[str, str]]:
    """Yield the rows of those tables of a page whose first column has the head, by the heads of their columns."""
    heads: list[str] = []
    for line in prose(path).splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if not cells:
            heads = []
        elif not heads:
            heads = cells
        elif heads[0] == head and not set(line) <= set("|-: "):
            yield dict(zip(heads, cells, strict=True))
