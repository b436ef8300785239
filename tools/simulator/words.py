"""Numbers as they are read: with the digits that matter."""

from __future__ import annotations

_FEW = 10


def amount(value: float) -> str:
    """Return hours or money: with two decimals below ten, else whole."""
    return f"{value:.2f}" if abs(value) < _FEW else f"{value:.0f}"
