"""What can go wrong outside: GitLab, the group, the state table, the queue, the metrics."""

from __future__ import annotations

from scaler.outcome import Outcome


class ReadError(Exception):
    """Something could not be read whole, so it is unknown; the message says why and what to do."""


class DeniedError(ReadError):
    """The token may not read it, or it does not exist."""


class GoneError(DeniedError):
    """It does not exist, or GitLab hides that it does."""


class MalformedError(ReadError):
    """The answer is not what GitLab documents."""


class StateError(Exception):
    """The state cannot be read or written."""


class ConflictError(StateError):
    """Somebody else has written the state meanwhile."""


class PublishError(Exception):
    """The metrics could not be published."""


class SendError(Exception):
    """The queue did not take a message."""


class WakeError(Exception):
    """Nobody could be asked for a tick between those of the schedule."""


class GroupError(Exception):
    """The Auto Scaling group could not be asked or changed.

    Args:
        reason: what happened.
        outcome: its name.
    """

    def __init__(self, reason: str, outcome: Outcome = Outcome.GROUP_FAILED) -> None:
        super().__init__(reason)
        self.outcome = outcome
