"""The one error of the security tools."""

from __future__ import annotations


class SecurityError(Exception):
    """A scan that could not be made; its message says what is missing and the way out."""
