"""Read JSON in one way only: what two parsers could read differently is refused."""

from __future__ import annotations

import json
from typing import Any, NoReturn


class StrictJsonError(ValueError):
    """The text is not JSON, or not an object, or a name appears twice."""


def parse_object(text: bytes | str) -> dict[str, Any]:
    """Return the JSON object that the text holds.

    Raises:
        StrictJsonError: it holds none; NaN and duplicate names are refused, too.
    """
    try:
        decoded = text.decode() if isinstance(text, bytes) else text
        document = json.loads(decoded, object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError, too
        # The parser's own words could hold parts of the text, and the text may be a token.
        known = str(error) if isinstance(error, StrictJsonError) else "it is not JSON"
        raise StrictJsonError(known) from None
    if not isinstance(document, dict):
        raise StrictJsonError("it is not a JSON object")
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise StrictJsonError("a name appears twice")
    return document


def _refuse(_name: str) -> NoReturn:
    raise StrictJsonError("NaN and Infinity are not JSON")
