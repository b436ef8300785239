"""Reading query parameters as GitLab's API does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.local.gitlab.clock import epoch
from tools.local.gitlab.errors import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

TRUE = frozenset({"true", "t", "1", "yes", "on"})
FALSE = frozenset({"false", "f", "0", "no", "off", ""})


class Parameters:
    """The parameters of one request.

    Args:
        pairs: names and values in the order of the query; the last value of a name counts.
    """

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self.pairs = pairs
        self.last = dict(pairs)

    def text(self, name: str, default: str = "") -> str:
        """Return a text."""
        return self.last.get(name, default)

    def one_of(self, name: str, allowed: Sequence[str], default: str) -> str:
        """Return one of some words."""
        value = self.last.get(name, default)
        if value not in allowed:
            raise InvalidParameterError(f"{name} does not have a valid value")
        return value

    def many(self, name: str, allowed: Sequence[str]) -> list[str]:
        """Return a list given as `name[]=a&name[]=b`, or as a single `name=a`."""
        values = [value for key, value in self.pairs if key in {name, f"{name}[]"}]
        if any(value not in allowed for value in values):
            raise InvalidParameterError(f"{name} does not have a valid value")
        return values

    def integer(self, name: str, default: int | None = None) -> int | None:
        """Return a whole number above zero."""
        value = self.last.get(name, "")
        if not value:
            return default
        if not value.isascii() or not value.isdecimal():
            raise InvalidParameterError(f"{name} is invalid")
        if int(value) < 1:
            raise InvalidParameterError(f"{name} has a value not allowed")
        return int(value)

    def boolean(self, name: str) -> bool | None:
        """Return a boolean, None when it is absent."""
        if name not in self.last:
            return None
        value = self.last[name].lower()
        if value not in TRUE | FALSE:
            raise InvalidParameterError(f"{name} is invalid")
        return value in TRUE

    def time(self, name: str) -> float | None:
        """Return a time as epoch seconds, None when it is absent."""
        value = self.last.get(name, "")
        if not value:
            return None
        try:
            return epoch(value.replace(" ", "+"))  # an unescaped + of a time zone arrives as a space
        except ValueError:
            raise InvalidParameterError(f"{name} is invalid") from None
