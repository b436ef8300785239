"""One HTML page with plots and tables that opens offline."""

from __future__ import annotations

import base64
import html
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_STYLE = """
body { color: #212529; font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem }
img { height: auto; max-width: 100% } pre { font-size: 12px; overflow-x: auto }
"""


def render(title: str, images: Sequence[tuple[str, bytes]], tables: Sequence[tuple[str, str]]) -> str:
    """Return the page.

    Args:
        title: the heading.
        images: (description, PNG).
        tables: (heading, aligned lines).
    """
    pictures = "".join(
        f'<figure><img alt="{html.escape(text)}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'
        f"<figcaption>{html.escape(text)}</figcaption></figure>"
        for text, png in images
    )
    figures = "".join(f"<h2>{html.escape(text)}</h2><pre>{html.escape(lines)}</pre>" for text, lines in tables)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{_STYLE}</style><h1>{html.escape(title)}</h1>{pictures}{figures}</html>\n"
    )
