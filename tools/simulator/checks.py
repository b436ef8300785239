"""What a number may be; an impossible one is refused by the name of its option."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class ValueRangeError(Exception):
    """A number is impossible; the message names its option and says what is possible."""


def not_negative(values: Mapping[str, float]) -> None:
    """Check numbers that are finite and at least 0.

    Args:
        values: the numbers, by their options.

    Raises:
        ValueRangeError: one is not.
    """
    for option, value in values.items():
        if not 0 <= value < math.inf:
            raise ValueRangeError(f"{option} {value:g}: 0 or a positive number is expected")


def positive(values: Mapping[str, float]) -> None:
    """Check numbers that are finite and more than 0, as `not_negative` does."""
    for option, value in values.items():
        if not 0 < value < math.inf:
            raise ValueRangeError(f"{option} {value:g}: a positive number is expected")


def share(values: Mapping[str, float], *, can_be_all: bool = True) -> None:
    """Check shares, as `not_negative` does.

    Args:
        values: the shares, by their options.
        can_be_all: whether 1 is possible.
    """
    for option, value in values.items():
        if not (0 <= value < 1 or (can_be_all and value == 1)):
            below = "" if can_be_all else "less than "
            raise ValueRangeError(f"{option} {value:g}: a share from 0 to {below}1 is expected; 5 % is 0.05")
