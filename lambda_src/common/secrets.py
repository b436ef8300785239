"""Read secrets from SSM Parameter Store and hold them for a bounded time."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from common import aws

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_ssm.type_defs import GetParametersResultTypeDef

log = logging.getLogger(__name__)

# While SSM cannot be reached, a value that should have been read anew is still better than none, for this long ...
STALE_SECONDS = 600
# ... and SSM is asked again only this often, so that an outage does not slow every invocation down.
RETRY_SECONDS = 5
# The current value and, while it is being rotated, the next one.
MAX_VALUES = 2


class SecretError(Exception):
    """A secret cannot be read; the message names the parameter, never its value."""


class ParameterClient(Protocol):
    """The part of the SSM client that is used here."""

    def get_parameters(self, *, Names: Sequence[str], WithDecryption: bool) -> GetParametersResultTypeDef:  # noqa: N803
        """Return the parameters that exist and the names of those that do not."""
        ...


@dataclass(frozen=True)
class _Held:
    """A parameter's text with the wall-clock times of its last read, of its next, and of its end should that fail."""

    text: str
    read_at: float
    check_at: float
    ends_at: float

    def is_fresh(self, now: float) -> bool:
        return self.read_at <= now < self.check_at

    def is_usable(self, now: float) -> bool:
        return self.read_at <= now < self.ends_at


class SecretStore:
    """SecureString parameters, held for at most `life_seconds`.

    One thread uses it at a time. All times are wall-clock times, so that a thawed container does not take an hour-old
    secret for a fresh one.

    Args:
        client_factory: returns an SSM client; called whenever one is needed.
        clock: wall-clock seconds.
        life_seconds: how long a value is used before it is read again.
    """

    def __init__(
        self, client_factory: Callable[[], ParameterClient], clock: Callable[[], float], life_seconds: float = 60
    ) -> None:
        self._client_factory = client_factory
        self._clock = clock
        self._life_seconds = life_seconds
        self._held: dict[str, _Held] = {}

    def values(self, parameter_name: str) -> tuple[str, ...]:
        """Return a secret's valid values, one per line of the parameter: one, or two while it is being rotated.

        Raises:
            SecretError: the parameter cannot be read or holds no or too many values.
        """
        lines = tuple(line for raw in self.text(parameter_name).splitlines() if (line := raw.strip()))
        if not 1 <= len(lines) <= MAX_VALUES:
            raise SecretError(
                f"SSM parameter {parameter_name} holds {len(lines)} values: give one, or two while rotating, one a line"
            )
        return lines

    def text(self, parameter_name: str) -> str:
        """Return a parameter as it is, for what is not a list of values, such as PEM certificates.

        Raises:
            SecretError: the parameter cannot be read.
        """
        self.load(parameter_name)
        return self._held[parameter_name].text

    def load(self, *parameter_names: str) -> None:
        """Read those parameters that are not held fresh, in one call.

        Raises:
            SecretError: one of them cannot be read and no usable value of it is held.
        """
        now = self._clock()
        due = [n for n in dict.fromkeys(parameter_names) if n not in self._held or not self._held[n].is_fresh(now)]
        if not due:
            return
        try:
            answer = self._client_factory().get_parameters(Names=due, WithDecryption=True)
        except aws.service_errors() as error:
            self._keep_stale(due, now, error)
            return
        found = {parameter["Name"]: parameter["Value"] for parameter in answer["Parameters"]}
        # Deleted on purpose is not the same as out of reach: nothing old is used then.
        if missing := [name for name in due if name not in found]:
            raise SecretError(f"SSM parameter does not exist: {', '.join(missing)}; create it as a SecureString")
        check_at = now + self._life_seconds
        self._held.update({name: _Held(found[name], now, check_at, check_at + STALE_SECONDS) for name in due})

    def invalidate(self, parameter_name: str) -> None:
        """Forget a value, because whom it was shown to has refused it."""
        self._held.pop(parameter_name, None)

    def _keep_stale(self, names: list[str], now: float, error: Exception) -> None:
        """Go on with old values when SSM fails, for a bounded time."""
        reason = f"SSM parameter cannot be read: {', '.join(names)} ({error})"
        if not all(n in self._held and self._held[n].is_usable(now) for n in names):
            raise SecretError(f"{reason}; the function's role needs ssm:GetParameters on it, and its key") from error
        log.warning("a secret cannot be read anew, its last value is used", extra={"reason": reason})
        for name in names:
            self._held[name] = replace(self._held[name], check_at=now + RETRY_SECONDS)
