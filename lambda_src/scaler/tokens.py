"""Choose the API token while it is being rotated."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from common.secrets import SecretError
from scaler.errors import ReadError

if TYPE_CHECKING:
    from common.secrets import SecretStore


class Tokens:
    """The API token to use; two are valid while it is being rotated, and a new one is fetched when none is.

    Args:
        secrets: reads the parameter.
        parameter: the SSM parameter's name.
    """

    def __init__(self, secrets: SecretStore, parameter: str) -> None:
        self._secrets = secrets
        self._parameter = parameter
        self._refused: set[str] = set()
        self._is_renewed = False
        self._lock = threading.Lock()

    def get(self) -> str:
        """Return a token that GitLab has not refused.

        Raises:
            ReadError: there is none.
        """
        with self._lock:
            token = self._usable()
            if token is None and not self._is_renewed:
                self._is_renewed = True
                self._secrets.invalidate(self._parameter)
                token = self._usable()
            if token is None:
                raise ReadError(f"GitLab refuses the token in SSM parameter {self._parameter} (401): store a valid one")
            return token

    def refuse(self, token: str) -> None:
        """Note that GitLab has refused a token."""
        with self._lock:
            self._refused.add(token)

    def _usable(self) -> str | None:
        try:
            values = self._secrets.values(self._parameter)
        except SecretError as error:
            raise ReadError(str(error)) from error
        return next((value for value in values if value not in self._refused), None)
