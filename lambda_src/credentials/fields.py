"""Take the fields of a document one by one; whatever is malformed, missing or left over is named. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


class Fields:
    """The fields of one object.

    Args:
        values: the object.
        path: where it stands in the document, such as "grants.deploy"; empty for the document itself.
        error: makes the error for a message.

    Raises:
        Exception: what `error` makes, from every method.
    """

    def __init__(self, values: object, path: str, error: Callable[[str], Exception]) -> None:
        self._path = path
        self._error = error
        if not isinstance(values, dict):
            raise self.wrong("", "must be an object")
        self._left: dict[str, Any] = dict(values)

    def wrong(self, name: str, problem: str) -> Exception:
        """Return the error that says what is wrong with a field."""
        where = ".".join(part for part in (self._path, name) if part) or "the document"
        return self._error(f"{where} {problem}")

    def finish(self) -> None:
        """Refuse fields that nobody has taken: a misspelt one must not be ignored."""
        if unknown := sorted(map(str, self._left)):
            raise self.wrong(unknown[0][:64], "is not known here")

    def leave_out(self, names: Iterable[str]) -> None:
        """Take these fields if they are null; nothing else that is left over is taken for left out."""
        for name in names:
            self.has(name)

    def has(self, name: str) -> bool:
        """Return whether a field is there; null, which Terraform writes for what is left out, is not."""
        if self._left.get(name, self) is None:
            del self._left[name]
        return name in self._left

    def raw(self, name: str) -> Any:  # noqa: ANN401 - any JSON
        """Take a field as it is."""
        if not self.has(name):
            raise self.wrong(name, "is missing")
        return self._left.pop(name)

    def text(self, name: str, default: str | None = None) -> str:
        """Take a text that is not empty."""
        if default is not None and not self.has(name):
            return default
        value = self.raw(name)
        if not isinstance(value, str) or not value:
            raise self.wrong(name, "must be text that is not empty")
        return value

    def choice(self, name: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        """Take a text that is one of a few."""
        value = self.text(name, default)
        if value not in allowed:
            raise self.wrong(name, f"must be one of {', '.join(allowed)}")
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        """Take true or false."""
        value = self.raw(name) if self.has(name) else default
        if not isinstance(value, bool):
            raise self.wrong(name, "must be true or false")
        return value

    def integer(self, name: str, default: int | None = None) -> int:
        """Take a whole number."""
        value = self.raw(name) if default is None or self.has(name) else default
        # bool is a subclass of int: true would pass for 1.
        if type(value) is not int:
            raise self.wrong(name, "must be a whole number")
        return value

    def names(self, name: str) -> tuple[str, ...]:
        """Take a list of different texts, empty if the field is not there."""
        value = self.raw(name) if self.has(name) else []
        if not isinstance(value, list) or not all(isinstance(word, str) and word for word in value):
            raise self.wrong(name, "must be a list of texts")
        if len(set(value)) != len(value):
            raise self.wrong(name, "lists something twice")
        return tuple(value)

    def mapping(self, name: str) -> Mapping[str, Any]:
        """Take an object that is not empty."""
        value = self.raw(name)
        if not isinstance(value, dict) or not value:
            raise self.wrong(name, "must be an object that is not empty")
        return value
