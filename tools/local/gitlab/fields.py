"""Reading the JSON bodies of the control API strictly: a wrong or unknown field is named, never ignored."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from tools.local.gitlab.errors import ControlError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.local.gitlab.messages import Json


def parse_body(body: bytes) -> object:
    """Return a body as JSON; an empty one is an empty object.

    Raises:
        ControlError: it is not JSON.
    """
    try:
        return json.loads(body or b"{}")
    except ValueError as error:
        raise ControlError(f"the body is not JSON: {error}") from None


class Fields:
    """The fields of one JSON object; each is read once, and `done` refuses what was not read."""

    def __init__(self, content: object) -> None:
        if not isinstance(content, dict):
            raise ControlError(f"a JSON object is needed, not {type(content).__name__}")
        self.content: Json = dict(content)
        self.names = tuple(content)

    def take(self, name: str, kinds: tuple[type, ...], words: str) -> object:
        """Return a field's value, None when it is absent or null."""
        value = self.content.pop(name, None)
        wrong_boolean = isinstance(value, bool) and bool not in kinds
        if value is not None and (wrong_boolean or not isinstance(value, kinds)):
            raise ControlError(f"{name} must be {words}, not {json.dumps(value)}")
        return value

    def given(self, name: str) -> bool:
        """Tell whether a field was in the body, null or not."""
        return name in self.names

    def text(self, name: str, default: str = "") -> str:
        """Return a text."""
        value = self.take(name, (str,), "a string")
        return default if value is None else str(value)

    def required_text(self, name: str) -> str:
        """Return a text that must be there."""
        value = self.text(name)
        if not value:
            raise ControlError(f"{name} is missing")
        return value

    def one_of(self, name: str, allowed: Sequence[str], default: str) -> str:
        """Return one of some words."""
        value = self.text(name, default)
        if value not in allowed:
            raise ControlError(f"{name} must be one of {', '.join(allowed)}, not {value}")
        return value

    def number(self, name: str, default: float | None, minimum: float = 0.0) -> float | None:
        """Return a number of at least a minimum."""
        value = self.take(name, (int, float), "a number")
        if value is None:
            return default
        if not isinstance(value, int | float) or not math.isfinite(value) or value < minimum:
            raise ControlError(f"{name} must be a number of at least {minimum:g}, not {value}")
        return float(value)

    def integer(self, name: str, default: int | None, minimum: int = 0, maximum: int = 2**53) -> int | None:
        """Return a whole number within bounds."""
        value = self.take(name, (int,), "a whole number")
        if value is None:
            return default
        if not isinstance(value, int) or not minimum <= value <= maximum:
            raise ControlError(f"{name} must be between {minimum} and {maximum}, not {value}")
        return value

    def boolean(self, name: str, *, default: bool) -> bool:
        """Return a boolean."""
        value = self.take(name, (bool,), "true or false")
        return default if value is None else bool(value)

    def optional_boolean(self, name: str) -> bool | None:
        """Return a boolean, or None when it is absent or null."""
        value = self.take(name, (bool,), "true, false or null")
        return None if value is None else bool(value)

    def texts(self, name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return a list of texts."""
        value = self.take(name, (list,), "a list of strings")
        if not isinstance(value, list):
            return default
        if not all(isinstance(entry, str) for entry in value):
            raise ControlError(f"{name} must be a list of strings, not {json.dumps(value)}")
        return tuple(value)

    def integers(self, name: str) -> frozenset[int] | None:
        """Return a set of whole numbers, None when it is absent."""
        value = self.take(name, (list,), "a list of numbers")
        if not isinstance(value, list):
            return None
        if not all(isinstance(entry, int) and not isinstance(entry, bool) for entry in value):
            raise ControlError(f"{name} must be a list of whole numbers, not {json.dumps(value)}")
        return frozenset(value)

    def done(self) -> None:
        """Refuse fields that nothing has read.

        Raises:
            ControlError: there are some.
        """
        if self.content:
            raise ControlError(f"unknown field {', '.join(sorted(self.content))}")
