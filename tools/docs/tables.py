"""Write a module's tables in the layout of terraform-docs' `markdown table`, so that either tool can keep them.

https://terraform-docs.io/reference/markdown-table/
"""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING

from tools.docs.hcl import attributes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tools.docs.hcl import Block

DOCUMENTATION = "https://registry.terraform.io/providers/hashicorp/aws/latest/docs"
REQUIREMENT = re.compile(r'^    (\w+) = {\n(?:.*\n)*?      version = "([^"]+)"', re.MULTILINE)
MISSING = "n/a"


def tables(found: Sequence[Block]) -> str:
    """Return requirements, providers, modules, resources, inputs and outputs of a module."""
    kinds: dict[str, list[Block]] = {}
    for block in found:
        kinds.setdefault(block.kind, []).append(block)
    needs = [need for block in kinds.get("terraform", []) for need in requirements(block)]
    managed = sorted(kinds.get("resource", []) + kinds.get("data", []), key=lambda block: (block.type, block.name))
    parts = [
        section("Requirements", ("Name", "Version"), [named("requirement", *need) for need in needs]),
        section("Providers", ("Name", "Version"), [named("provider", *need) for need in used(needs, managed)]),
        section("Modules", ("Name", "Source", "Version"), [module(block) for block in kinds.get("module", [])]),
        section("Resources", ("Name", "Type"), [resource(block) for block in managed]),
        section(
            "Inputs",
            ("Name", "Description", "Type", "Default", "Required"),
            [variable(block) for block in kinds.get("variable", [])],
            last=":--------:",
        ),
        section("Outputs", ("Name", "Description"), [output(block) for block in kinds.get("output", [])]),
    ]
    return "\n\n".join(parts)


def section(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]], last: str = "") -> str:
    """Return a heading with a table, or with the sentence that there is nothing."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    if not lines:
        return f"## {title}\n\nNo {title.lower()}."
    rules = ["-" * (len(head) + 2) for head in heads]
    rules[-1] = last or rules[-1]
    return "\n".join([f"## {title}", "", f"| {' | '.join(heads)} |", f"|{'|'.join(rules)}|", *lines])


def requirements(block: Block) -> Iterable[tuple[str, str]]:
    """Yield what a `terraform` block asks for, with the versions."""
    if version := block.attributes.get("required_version"):
        yield "terraform", json.loads(version)
    yield from REQUIREMENT.findall(block.body)


def used(needs: Iterable[tuple[str, str]], managed: Iterable[Block]) -> Iterable[tuple[str, str]]:
    """Yield the providers that resources are of, the built-in one included."""
    versions = {name: version for name, version in needs if name != "terraform"}
    names = {block.type.split("_")[0] for block in managed}
    return ((name, versions.get(name, MISSING)) for name in sorted(names))


def named(kind: str, name: str, *cells: str) -> list[str]:
    """Return a row whose first cell can be linked to."""
    shown = name.replace("_", "\\_")
    return [f'<a name="{kind}_{name}"></a> [{shown}](#{kind}\\_{shown})', *cells]


def module(block: Block) -> list[str]:
    """Return the row of a module call."""
    return named("module", block.name, json.loads(block.attributes["source"]), MISSING)


def resource(block: Block) -> list[str]:
    """Return the row of a resource or data source."""
    provider, _, kind = block.type.partition("_")
    name = f"{block.type}.{block.name}"
    what, folder = ("resource", "resources") if block.kind == "resource" else ("data source", "data-sources")
    return [f"[{name}]({DOCUMENTATION}/{folder}/{kind})" if provider == "aws" else name, what]


def variable(block: Block) -> list[str]:
    """Return the row of an input."""
    given = block.attributes.get("default")
    return named(
        "input",
        block.name,
        described(block),
        code(block.attributes.get("type", "any")),
        MISSING if given is None else code(flat_default(given)),
        "yes" if given is None else "no",
    )


def output(block: Block) -> list[str]:
    """Return the row of an output."""
    return named("output", block.name, described(block))


def described(block: Block) -> str:
    """Return a description in one cell; the lines of a longer one stay lines."""
    text = block.attributes.get("description", "")
    if text.startswith('"'):
        text = json.loads(text)
    return cell(html.escape(text, quote=False).replace("\n", "<br/>")) or MISSING


def code(text: str) -> str:
    """Return code in one cell: several lines as preformatted text."""
    if "\n" not in text:
        return cell(f"`{text}`")
    return f"<pre>{cell(html.escape(text, quote=False)).replace(chr(10), '<br/>')}</pre>"


def flat_default(text: str) -> str:
    """Return a default that is an empty object in one line."""
    return re.sub(r"\s+", " ", text) if not list(attributes(text, indent=4)) else text


def cell(text: str) -> str:
    """Return a text that does not end its cell."""
    return text.replace("|", "\\|")
