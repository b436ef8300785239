"""What a check is and how one ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.smoke.fleet import Fleet

OK = "ok"
FAILED = "failed"
NOT_TRIED = "not tried"


class SmokeError(Exception):
    """The fleet cannot be checked at all; the message says what to do."""


class FailedError(Exception):
    """A check has failed.

    Args:
        detail: What was seen.
        advice: What to do.
    """

    def __init__(self, detail: str, advice: str) -> None:
        super().__init__(detail)
        self.advice = advice


class NotTriedError(Exception):
    """A check could not be made; the message says why."""


@dataclass(frozen=True)
class Check:
    """One thing that is true of a healthy fleet.

    Args:
        name: Its name, as in docs/limits.md.
        look: Looks, and returns what was seen; raises FailedError or NotTriedError.
        is_change: Whether it changes something, and puts it back.
    """

    name: str
    look: Callable[[Fleet], str]
    is_change: bool = False


@dataclass(frozen=True)
class Result:
    """How a check ended: OK, FAILED or NOT_TRIED."""

    name: str
    status: str
    detail: str
    advice: str = ""


def counted(count: int, noun: str) -> str:
    """Return a number with its noun, in the plural where it has to be."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def require(condition: object, detail: str, advice: str) -> None:
    """Fail a check unless a condition holds.

    Raises:
        FailedError: it does not hold.
    """
    if not condition:
        raise FailedError(detail, advice)
