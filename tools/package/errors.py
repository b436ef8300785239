"""The one error of the package builder."""

from __future__ import annotations


class PackageError(Exception):
    """A build that cannot go on; its message is one sentence that names what is missing and the way out.

    Args:
        message: The sentence.
        details: Lines of another program's output that show why, printed indented below the sentence.
    """

    def __init__(self, message: str, details: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.details = details
