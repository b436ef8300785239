"""Say on the status page what a run of the demo came to: the timeline, the figures and the chapter on credentials."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from tools.demo.emf import PREFIX
from tools.demo.timeline import timeline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.demo.credentials import Chapter
    from tools.demo.timeline import Marks
    from tools.demo.watch import Sample

TABLES = 3
CLOUDWATCH = (
    "What AWS and the fleet published. The scaler has a value for each time it looked: a short peak is missed, and "
    "after the last look nothing is known. The refused webhook is the demo's own request without a signature."
)


def opening(
    samples: Sequence[Sample],
    marks: Marks,
    figures: Sequence[tuple[str, object, str]],
    vended: Chapter | None = None,
) -> str:
    """Return the page's first sections as HTML.

    Args:
        samples: the fleet over time.
        marks: (seconds since the epoch, label) of what happened.
        figures: rows of name, value and meaning.
        vended: what the chapter on credentials came to.
    """
    run = f'<section class="whole"><h2>The run</h2>{timeline(samples, marks)}</section>'
    cloudwatch = f'<div class="whole"><h2>The same fleet in CloudWatch</h2><p>{html.escape(CLOUDWATCH)}</p></div>'
    told = credentials(vended) if vended else ""
    return f"{run}<h2>What came of it</h2>{table(figures)}{told}{cloudwatch}"


def table(figures: Sequence[tuple[str, object, str]]) -> str:
    """Return the figures as tables that stand side by side where there is room."""
    each = -(-len(figures) // TABLES)
    parts = [figures[start : start + each] for start in range(0, len(figures), each or 1)]
    return "".join(f"<section><table>{''.join(map(figure, part))}</table></section>" for part in parts)


def figure(row: tuple[str, object, str]) -> str:
    """Return a figure's row: what it means, its name in result.json below, and its value."""
    name, value, meaning = row
    words = f"{html.escape(meaning)}<small><code>{html.escape(name)}</code></small>"
    shown = html.escape(str(value)).replace(" ", "&nbsp;")
    return f"<tr><td>{words}</td><td>{shown}</td></tr>"


def credentials(vended: Chapter) -> str:
    """Return the chapter on credentials: a row for each of gitlab-runner's metrics, a column for each burst."""
    columns = [
        {"requests": burst.requests, "vended": burst.vended, "STS calls": burst.sts_calls, **burst.metrics}
        for burst in vended.bursts
    ]
    head = "".join(f"<th>{number}" for number in range(1, len(columns) + 1))
    bursts = "".join(f"<li>{html.escape(burst.name)}</li>" for burst in vended.bursts)
    rows = "".join(row(name, [column[name] for column in columns]) for name in (columns[0] if columns else {}))
    return (
        '<section class="whole"><h2>Credentials: jobs with one cache key, each downloads and uploads</h2>'
        f'<p>{html.escape(vended.identity.line())}</p><ol>{bursts}</ol><div class="scroll"><table>'
        f"<caption>In <code>code</code> gitlab-runner's own names, without <code>{PREFIX}</code></caption>"
        f"<tr><th>{head}</tr>{rows}</table></div></section>"
    )


def row(name: str, values: Sequence[float]) -> str:
    """Return a name and its numbers as a row of a table."""
    short = name.removeprefix(PREFIX)
    shown = html.escape(name) if short == name else f"<code>{html.escape(short)}</code>"
    return f"<tr><td>{shown}</td>{''.join(f'<td>{said(value)}</td>' for value in values)}</tr>"


def said(value: float) -> str:
    """Return a count as it is, and anything else to the millisecond."""
    return f"{value:.0f}" if value == int(value) else f"{value:.3f}"
