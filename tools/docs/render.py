"""Make Markdown from variables and outputs."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from tools.docs.hcl import DocsError, fields

if TYPE_CHECKING:
    from tools.docs.hcl import Block, Field

DESCRIBED = re.compile(r"^([a-z0-9_]+(?:, [a-z0-9_]+)*): (.+)$")


def reference(found: list[Block]) -> str:
    """Return the whole reference: a section an input, then a table of the outputs."""
    inputs = [block for block in found if block.kind == "variable"]
    outputs = [block for block in found if block.kind == "output"]
    sections = [section(block) for block in sorted(inputs, key=lambda block: "default" in block.attributes)]
    rows = [row(f"`{block.name}`", description(block)) for block in outputs]
    return "\n".join(["## Inputs", "", *sections, "## Outputs", "", *table(["Output", "What it is"], rows)])


def section(block: Block) -> str:
    """Return one input's section."""
    need = f"Default: `{block.attributes['default']}`." if "default" in block.attributes else "Required."
    attributes = fields(block.attributes["type"])
    if not attributes:
        return "\n".join([f"### {block.name}", "", f"{description(block)} {need}", ""])
    intro, about = descriptions(block, attributes)
    rows = [
        row(f"`{each.name}`", f"`{each.type}`", shown_default(each), ", ".join(about[each.name]))
        for each in sorted(attributes, key=lambda each: each.name)
    ]
    heads = ["Attribute", "Type", "Default", "What it is"]
    return "\n".join([f"### {block.name}", "", f"{intro} {need}", "", *table(heads, rows), ""])


def descriptions(block: Block, attributes: list[Field]) -> tuple[str, dict[str, list[str]]]:
    """Return a description's opening line, and what it says about each attribute.

    Raises:
        DocsError: an attribute is not described, or something is described that is no attribute.
    """
    intro, *lines = block.attributes["description"].splitlines()
    about: dict[str, list[str]] = {}
    for line in lines:
        found = DESCRIBED.match(line)
        if found is None:
            raise DocsError(f"variable {block.name}: description line is not 'attribute: text': {line}")
        for name in found[1].split(", "):
            about.setdefault(name, []).append(found[2])
    names = {each.name for each in attributes}
    if names != set(about):
        raise DocsError(
            f"variable {block.name}: attributes and their descriptions differ: {sorted(names ^ set(about))}"
        )
    return intro, about


def description(block: Block) -> str:
    """Return a description that is written as one string."""
    return str(json.loads(block.attributes["description"]))


def shown_default(each: Field) -> str:
    """Return an attribute's default, or that there is none."""
    return "required" if each.default is None else f"`{each.default}`"


def table(heads: list[str], rows: list[str]) -> list[str]:
    """Return a table's lines."""
    return [row(*heads), row(*["---"] * len(heads)), *rows]


def row(*cells: str) -> str:
    """Return one line of a table."""
    return "| " + " | ".join(cell.replace("|", "\\|").replace("<", "&lt;") for cell in cells) + " |"
