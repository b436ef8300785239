"""Put the plots into one page that opens offline, on a phone and in the dark."""

from __future__ import annotations

import html
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tools.report.plot import COLOURS, Line, plot

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tools.report.cloudwatch import Points, Span
    from tools.report.panels import Metric, Panel

STYLE = """
:root { color-scheme: light dark; --back: #fff; --text: #212529; --soft: #6c757d; --rule: #dee2e6; --card: #f8f9fa;
  --c0: #1864ab; --c1: #d9480f; --c2: #2b8a3e; --c3: #862e9c; --c4: #a17300; --c5: #495057 }
@media (prefers-color-scheme: dark) { :root { --back: #16181c; --text: #e9ecef; --soft: #adb5bd; --rule: #343a40;
  --card: #1f2227; --c0: #74c0fc; --c1: #ffa94d; --c2: #8ce99a; --c3: #e599f7; --c4: #ffe066; --c5: #ced4da } }
* { box-sizing: border-box }
body { background: var(--back); color: var(--text); font: 15px/1.5 system-ui, sans-serif; margin: 0 auto;
  max-width: 92rem; padding: 1rem }
h1 { font-size: 1.4rem; margin: 0 } h2 { font-size: 1rem; margin: 0 0 .25rem }
p { color: var(--soft); margin: .25rem 0 }
main { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr));
  margin-top: 1rem }
section { background: var(--card); border: 1px solid var(--rule); border-radius: 8px; padding: .75rem }
svg { display: block; height: auto; width: 100% } svg text { fill: var(--soft); font-size: 11px }
.grid { stroke: var(--rule) } .line { fill: none; stroke-linecap: round; stroke-linejoin: round; stroke-width: 2 }
.none { padding: 2rem 0; text-align: center }
ul { display: flex; flex-wrap: wrap; font-size: 13px; gap: 0 1rem; list-style: none; margin: .25rem 0 0; padding: 0 }
li::before { background: currentColor; border-radius: 2px; content: ""; display: inline-block; height: 3px;
  margin-right: .4em; vertical-align: middle; width: 1em }
li span { color: var(--text) }
"""


def render(fleet: str, panels: Sequence[Panel], values: Mapping[Metric, Points], span: Span) -> str:
    """Return the report as HTML.

    Args:
        fleet: the fleet's name.
        panels: what is shown together.
        values: what CloudWatch holds.
        span: the time it is shown for.
    """
    start, end = (datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M") for at in (span.start, span.end))
    sections = "".join(_section(panel, values, span) for panel in panels)
    name = html.escape(fleet)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Fleet {name}</title><style>{STYLE}{_colours()}</style><h1>Fleet {name}</h1>"
        f"<p>{start} to {end} UTC, one point for {span.period_seconds} s. A gap means that nothing was published: "
        f"unknown, not zero.</p><main>{sections}</main></html>\n"
    )


def _section(panel: Panel, values: Mapping[Metric, Points], span: Span) -> str:
    lines = [Line(metric.label, values.get(metric, ())) for metric in panel.metrics]
    seen = [line for line in lines if line.points]
    legend = "".join(_entry(line, number) for number, line in enumerate(seen))
    return f"<section><h2>{html.escape(panel.title)}</h2>{plot(panel.title, seen, span)}<ul>{legend}</ul></section>"


def _entry(line: Line, number: int) -> str:
    numbers = [value for _, value in line.points]
    words = f"{html.escape(line.label)}: last {numbers[-1]:.4g}, most {max(numbers):.4g}"
    return f'<li class="t{number % COLOURS}"><span>{words}</span></li>'


def _colours() -> str:
    rules: Iterable[str] = (f".c{n} {{ stroke: var(--c{n}) }} .t{n} {{ color: var(--c{n}) }}" for n in range(COLOURS))
    return "\n".join(rules)
