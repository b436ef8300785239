"""One HTML page with plots and tables that opens offline, on a phone, too."""

from __future__ import annotations

import base64
import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# On a narrow screen a row becomes its first cell, and below it the others with their headings.
_STYLE = """
body { color: #212529; font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem }
figure { margin: 0 0 1rem } h1, h2, figcaption { overflow-wrap: anywhere } img { height: auto; max-width: 100% }
table { border-collapse: collapse; font-size: 13px; width: 100% }
td, th { border-bottom: 1px solid #dee2e6; padding: .3rem .4rem; text-align: right; vertical-align: top }
td:first-child, th:first-child { overflow-wrap: anywhere; text-align: left }
@media (max-width: 45rem) {
  tr:first-child { display: none } tr { border-bottom: 1px solid #dee2e6; display: flex; flex-wrap: wrap }
  td { border: 0; flex: 0 0 25%; box-sizing: border-box; overflow-wrap: anywhere; text-align: left }
  td:first-child { flex-basis: 100%; font-weight: 600 } td:last-child { flex-grow: 1 }
  td:not(:first-child)::before { color: #6c757d; content: attr(data-name); display: block; font-size: 11px }
}
"""


@dataclass(frozen=True)
class Table:
    """A heading and rows, of which the first has the names of the columns."""

    title: str
    rows: Sequence[Sequence[str]]


def render(title: str, images: Sequence[tuple[str, bytes]], tables: Sequence[Table]) -> str:
    """Return the page.

    Args:
        title: the heading.
        images: (description, PNG).
        tables: what is below them.
    """
    pictures = "".join(
        f'<figure><img alt="{html.escape(text)}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'
        f"<figcaption>{html.escape(text)}</figcaption></figure>"
        for text, png in images
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style><h1>{html.escape(title)}</h1>{pictures}{''.join(map(_table, tables))}</html>\n"
    )


def _table(table: Table) -> str:
    names = [html.escape(name) for name in table.rows[0]]
    head = "".join(f"<th>{name}</th>" for name in names)
    rows = "".join(
        f"<tr>{''.join(_cell(name, value) for name, value in zip(names, row, strict=True))}</tr>"
        for row in table.rows[1:]
    )
    return f"<h2>{html.escape(table.title)}</h2><table><tr>{head}</tr>{rows}</table>"


def _cell(name: str, value: str) -> str:
    return f'<td data-name="{name}">{html.escape(value).replace(",", ",<wbr>")}</td>'
