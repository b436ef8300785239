"""Write logs as JSON, one object a line, in the form of AWS Lambda Powertools, so that one query works everywhere.

Powertools' formatter does it, behind the standard library's loggers: modules and libraries log as they would anywhere.
Importing it costs a start about 8 ms beside botocore and 15 ms without, measured; every function can afford that.
Its switches for debugging (POWERTOOLS_DEV, logged events) have no effect here.

What tells lines of several functions that belong together is given as the extra `correlation_id`: the deduplication id
of the message that one function puts on the queue and another one takes from it.

Nothing is redacted here: no secret is ever given to a logger.
"""

from __future__ import annotations

import functools
import json
import logging
import sys
from typing import TYPE_CHECKING, Any, Protocol

from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

if TYPE_CHECKING:
    from typing import TextIO

    from aws_lambda_powertools.logging.types import LogRecord

# Only ASCII: some readers take U+2028 for the end of a line.
_serialize = functools.partial(json.dumps, default=str, separators=(",", ":"))


class Context(Protocol):
    """The part of Lambda's context object that is logged."""

    @property
    def aws_request_id(self) -> str:
        """The id of this invocation."""
        ...


class JsonFormatter(LambdaPowertoolsFormatter):
    """Formats a record as one line of JSON.

    Args:
        fleet: the fleet's name, written on every line.
    """

    def __init__(self, fleet: str) -> None:
        super().__init__(
            json_serializer=_serialize,
            # A message is text, also if it looks like JSON.
            json_deserializer=str,
            location="%(name)s.%(funcName)s:%(lineno)d",
            serialize_stacktrace=False,
            use_rfc3339=True,
            utc=True,
        )
        self._fleet = fleet
        self.request_id = ""
        self.correlation_ids: tuple[str, ...] = ()

    def serialize(self, log: LogRecord) -> str:
        """Return a line; what a caller gave as `extra` cannot replace where the line comes from."""
        origin: dict[str, Any] = {"fleet": self._fleet, "function_request_id": self.request_id}
        about = {"correlation_id": list(self.correlation_ids)} if self.correlation_ids else {}
        line: str = super().serialize({**about, **log, **origin})
        return line


def configure(fleet: str, level: str, stream: TextIO | None = None) -> JsonFormatter:
    """Send every log of this process to one JSON handler.

    The handlers that the Lambda runtime put on the root logger are replaced, else each line would appear twice.

    Args:
        fleet: the fleet's name.
        level: the least level of our own loggers, such as "INFO"; libraries log warnings and worse.
        stream: where lines go; standard output unless given.

    Returns:
        The formatter; its `request_id`, and its `correlation_ids` if there are any, are set at the start of each
        invocation.
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
