"""How the pages look: by day and at night, on a wide screen and on a phone."""

from __future__ import annotations

COLOURS = 6

STYLE = """
:root { color-scheme: light dark; --back: #fff; --text: #212529; --soft: #5c636a; --rule: #dee2e6; --card: #f8f9fa;
  --c0: #1864ab; --c1: #d9480f; --c2: #2b8a3e; --c3: #862e9c; --c4: #946a00; --c5: #495057 }
@media (prefers-color-scheme: dark) { :root { --back: #16181c; --text: #e9ecef; --soft: #adb5bd; --rule: #343a40;
  --card: #1f2227; --c0: #74c0fc; --c1: #ffa94d; --c2: #8ce99a; --c3: #e599f7; --c4: #ffe066; --c5: #ced4da } }
* { box-sizing: border-box }
body { background: var(--back); color: var(--text); font: 15px/1.5 system-ui, sans-serif; margin: 0 auto;
  max-width: 92rem; overflow-wrap: break-word; padding: 1rem }
h1 { font-size: 1.4rem; line-height: 1.3; margin: 0 } h2 { font-size: 1rem; margin: 0 0 .25rem }
main > h2, div > h2 { font-size: 1.15rem; margin: .75rem 0 0 }
p { color: var(--soft); margin: .25rem 0 }
main { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr));
  margin-top: 1rem }
main > h2, .whole { grid-column: 1 / -1 }
section { background: var(--card); border: 1px solid var(--rule); border-radius: 8px; min-width: 0; padding: .75rem }
svg { display: block; height: auto; width: 100% } svg text { fill: var(--soft); font-size: 11px }
.narrow { display: none } .narrow text { font-size: 15px }
.grid { stroke: var(--rule) } .line { fill: none; stroke-linecap: round; stroke-linejoin: round; stroke-width: 2 }
.bars { fill: none; stroke-width: 2 }
.mark { stroke: var(--soft); stroke-dasharray: 3 3 }
.legend { display: flex; flex-wrap: wrap; font-size: 13px; gap: 0 1rem; list-style: none; margin: .25rem 0 0;
  padding: 0 }
.legend li::before { background: currentColor; border-radius: 2px; content: ""; display: inline-block; height: 3px;
  margin-right: .4em; vertical-align: middle; width: 1em }
.legend span { color: var(--text) }
.alarms .alarm::before { background: var(--c1); height: 1em; width: 1em }
.alarms .ok::before { background: var(--c2) } .alarms .insufficient_data::before { background: var(--soft) }
.silent { font-size: 13px; margin: 0; padding-left: 1.2em } ol { margin: .5rem 0; padding-left: 1.5em }
table { border-collapse: collapse; width: 100% } caption { color: var(--soft); text-align: left }
td, th { border-bottom: 1px solid var(--rule); padding: .25rem .75rem .25rem 0; text-align: left; vertical-align: top }
td + td, th + th { font-variant-numeric: tabular-nums; padding-right: 0; padding-left: .5rem; text-align: right }
td small { color: var(--soft); display: block } .scroll { overflow-x: auto }
@media (max-width: 640px) { body { padding: .75rem } section svg text { font-size: 15px }
  .broad { display: none } .narrow { display: block } .scroll { font-size: 12px } }
"""


def colours() -> str:
    """Return a class for the stroke and one for the text of every colour."""
    rules = (f".c{n} {{ stroke: var(--c{n}) }} .t{n} {{ color: var(--c{n}) }}" for n in range(COLOURS))
    return "\n".join(rules)
