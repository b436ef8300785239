"""Write logs as JSON, one object a line, with the standard library alone.

The field names are those of AWS Lambda Powertools where it has them (level, message, timestamp, exception), so that
one query works for every function. Nothing is redacted here: no secret is ever given to a logger.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from typing import TextIO

# What every record has; anything else was given as `extra`.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class Context(Protocol):
    """The part of Lambda's context object that is logged."""

    @property
    def aws_request_id(self) -> str:
        """The id of this invocation."""
        ...


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON.

    Args:
        fleet: the fleet's name, written on every line.
    """

    def __init__(self, fleet: str) -> None:
        super().__init__()
        self._fleet = fleet
        self.request_id = ""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON; a traceback is a string with escaped line ends."""
        line: dict[str, Any] = {k: v for k, v in vars(record).items() if k not in _STANDARD}
        line |= {
            "level": record.levelname,
            "message": record.getMessage(),
            "timestamp": _rfc3339(record.created),
            "logger": record.name,
            "fleet": self._fleet,
            "request_id": self.request_id,
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def _rfc3339(epoch_seconds: float) -> str:
    return datetime.fromtimestamp(epoch_seconds, tz=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def configure(fleet: str, level: str, stream: TextIO | None = None) -> JsonFormatter:
    """Send every log of this process to one JSON handler.

    The handlers that the Lambda runtime put on the root logger are replaced, else each line would appear twice.

    Args:
        fleet: the fleet's name.
        level: the least level of our own loggers, such as "INFO"; libraries log warnings and worse.
        stream: where lines go; standard output unless given.

    Returns:
        The formatter; its `request_id` is set at the start of each invocation.
    """
    formatter = JsonFormatter(fleet)
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for package in ("common", "credentials", "scaler", "webhook"):
        logging.getLogger(package).setLevel(level)
    return formatter
