"""Read the blocks of Terraform files, as `terraform fmt` leaves them.

Formatted files have each block's end, and each attribute's start, at a known indentation: that is all that is relied
on here, and a parser of the whole language is not needed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KINDS = "variable|output|module|resource|data|terraform"
BLOCK = re.compile(rf'^({KINDS})((?: "[^"]+")*) {{(?:}}$|\n(.*?)^}}$)', re.MULTILINE | re.DOTALL)
ATTRIBUTE = re.compile(r"^( *)([a-z0-9_]+) += (.*)$")
HEREDOC = re.compile(r"<<-?([A-Z]+)$")
OPTIONAL = re.compile(r"^optional\((.*)\)$", re.DOTALL)


class DocsError(Exception):
    """The Terraform files cannot be documented; the message says where and why."""


@dataclass(frozen=True)
class Block:
    """A block: its labels, its body, and the body's own attributes as they are written.

    Attributes:
        type: the first label of a resource or data source, else "".
    """

    kind: str
    name: str
    attributes: dict[str, str]
    type: str = ""
    body: str = ""


@dataclass(frozen=True)
class Field:
    """An attribute of an object: its type and, when it is optional, its default."""

    name: str
    type: str
    default: str | None


def blocks(folder: Path) -> list[Block]:
    """Return every block of a module that is worth documenting, by name.

    Raises:
        DocsError: there are none.
    """
    found = [
        block(*match)
        for path in sorted(folder.glob("*.tf"))
        for match in BLOCK.findall(path.read_text(encoding="utf-8"))
    ]
    if not found:
        raise DocsError(f"no variables, outputs or resources in {folder}: is it a module's folder?")
    return sorted(found, key=lambda block: block.name)


def block(kind: str, labels: str, body: str) -> Block:
    """Return a block from what its lines hold."""
    *types, name = re.findall(r'"([^"]+)"', labels) or [""]
    return Block(kind, name, dict(attributes(body, indent=2)), "".join(types), body)


def attributes(body: str, indent: int) -> Iterator[tuple[str, str]]:
    """Yield the attributes at an indentation with their values; nested blocks are passed over."""
    lines = body.splitlines()
    for number, line in enumerate(lines):
        start = ATTRIBUTE.match(line)
        if start is not None and len(start[1]) == indent:
            yield start[2], value(start[3], lines[number + 1 :], indent)


def value(first: str, following: list[str], indent: int) -> str:
    """Return a value that may go on over the following lines, up to a line that is indented like its start."""
    heredoc = HEREDOC.search(first)
    if heredoc:
        end = next(i for i, line in enumerate(following) if line.strip() == heredoc[1])
        return "\n".join(line.strip() for line in following[:end])
    if not first.endswith(("{", "(", "[")):
        return first
    end = next(i for i, line in enumerate(following) if re.match(rf"^ {{{indent}}}[^ ]", line))
    return "\n".join([first, *following[: end + 1]])


def fields(type_text: str) -> list[Field]:
    """Return the attributes of an object type, or nothing for any other type."""
    if not type_text.startswith("object({"):
        return []
    body = type_text.split("\n", 1)[1]
    return [field(name, text) for name, text in attributes(body, indent=4)]


def field(name: str, text: str) -> Field:
    """Return one attribute from what is written behind its name."""
    flat = re.sub(r"\s+", " ", text)
    optional = OPTIONAL.match(flat)
    if optional is None:
        return Field(name, flat, None)
    kind, default = split_arguments(optional[1])
    return Field(name, kind, default or "null")


def split_arguments(text: str) -> tuple[str, str]:
    """Split `type, default` at the comma that is outside of all brackets and quotes."""
    depth, quoted = 0, False
    for position, letter in enumerate(text):
        quoted ^= letter == '"'
        if quoted:
            continue
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            return text[:position], text[position + 1 :].strip()
    return text, ""
