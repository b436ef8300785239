"""Read a function's environment once, strictly: what is missing or malformed fails by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class SettingsError(Exception):
    """An environment variable is missing or malformed; Terraform sets all of them."""


class Environment:
    """Typed access to environment variables.

    Args:
        variables: names and values, as in `os.environ`.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def text(self, name: str) -> str:
        """Return a variable that must hold something."""
        value = self.optional(name)
        if not value:
            raise SettingsError(f"environment variable {name} is empty: set it to a value")
        return value

    def optional(self, name: str) -> str:
        """Return a variable that must exist and may be empty."""
        value = self._variables.get(name)
        if value is None:
            raise SettingsError(f"environment variable {name} is missing: set it on the function")
        return value.strip()

    def integer(self, name: str, minimum: int = 0) -> int:
        """Return a whole number that is at least `minimum`."""
        text = self.text(name)
        # int() alone would also take "1_000" and digits of other scripts.
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit()):
            raise SettingsError(f"environment variable {name} must be a whole number, not {text!r}")
        if int(text) < minimum:
            raise SettingsError(f"environment variable {name} must be at least {minimum}, not {text}")
        return int(text)

    def flag(self, name: str) -> bool:
        """Return whether a variable is "true"; anything but "true" and "false" is refused."""
        return self.choice(name, ("true", "false")) == "true"

    def words(self, name: str) -> tuple[str, ...]:
        """Return the comma separated words of a variable, without empty ones."""
        return tuple(word for part in self.optional(name).split(",") if (word := part.strip()))

    def choice(self, name: str, allowed: tuple[str, ...]) -> str:
        """Return a variable that must be one of the allowed words."""
        text = self.text(name)
        if text not in allowed:
            raise SettingsError(f"environment variable {name} must be one of {', '.join(allowed)}, not {text!r}")
        return text
