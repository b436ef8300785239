"""Show how trials of grants ended; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.grants_check.vendor import Result

WORDS = {"not_tried": "not tried"}


def lines(results: Sequence[Result]) -> list[str]:
    """Return a line for each grant, below it what STS said and what to do, and the sum."""
    widths = [
        max((len(result.grant) for result in results), default=0),
        max(map(len, (*WORDS.values(), "unavailable"))),
    ]
    shown: list[str] = []
    for result in results:
        word = WORDS.get(result.status, result.status)
        shown.append(f"  {result.grant:{widths[0]}}  {word:{widths[1]}}  {result.role_arn}")
        shown += [f"    {text}" for text in (result.detail, result.advice and f"→ {result.advice}") if text]
    return [*shown, total(results)]


def total(results: Sequence[Result]) -> str:
    """Return how many grants there are of each status."""
    if not results:
        return "there are no grants"
    statuses = [WORDS.get(result.status, result.status) for result in results]
    counts = ", ".join(f"{statuses.count(word)} {word}" for word in dict.fromkeys(sorted(statuses)))
    return f"{len(results)} grants: {counts}"
