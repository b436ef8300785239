"""Filter patterns of CloudWatch Logs for lines of text: pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tools.local.aws import emulator

if TYPE_CHECKING:
    from collections.abc import Callable

# A mark, and a phrase in quotes, a regular expression between percent signs, or a word.
TERM = re.compile(r'([?-]?)("(?:[^"\\]|\\.)*"|%[^%]*%|\S+)')
STRUCTURED = ("{", "[")


def log_patterns_are_cloudwatchs() -> None:
    """Symptom: FilterLogEvents takes a phrase for its words, any of several for all of them, ignores case."""

    def make(original: Callable[[str], Callable[[str], bool]]) -> Callable[[str], Callable[[str], bool]]:
        def compiled(pattern: str) -> Callable[[str], bool]:
            is_structured = pattern.strip().startswith(STRUCTURED)
            return original(pattern) if is_structured else lambda line: matches(pattern, line)

        return compiled

    emulator.replace("services.cloudwatch_logs", "_compile_filter_pattern", make)


def matches(pattern: str, line: str) -> bool:
    """Return whether a line is found: it has all terms, none with a minus, and any of those with a question mark.

    Source: Amazon CloudWatch Logs User Guide, "Filter pattern syntax": terms are case-sensitive, and question marks are
    ignored beside terms without one.
    """
    terms = TERM.findall(pattern)
    wanted = [has(term, line) for mark, term in terms if not mark]
    barred = [has(term, line) for mark, term in terms if mark == "-"]
    either = [has(term, line) for mark, term in terms if mark == "?"]
    is_either = not either or bool(wanted or barred) or any(either)
    return all(wanted) and not any(barred) and is_either


def has(term: str, line: str) -> bool:
    """Return whether a line has a term in it."""
    if len(term) > 1 and term[0] == term[-1] == "%":
        return re.search(term[1:-1], line) is not None
    if len(term) > 1 and term[0] == term[-1] == '"':
        return re.sub(r"\\(.)", r"\1", term[1:-1]) in line
    return term in line
