"""Ask the schedule function for a tick between those of the schedule."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from common.aws import service_errors
from scaler.errors import WakeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_lambda import LambdaClient


class Waker:
    """The schedule function, which waits in the scaler's place: hooks would wait behind it.

    Args:
        client: returns a Lambda client.
        function: the function's name.
    """

    def __init__(self, client: Callable[[], LambdaClient], function: str) -> None:
        self._client = client
        self._function = function

    def wake(self, seconds: float) -> None:
        """Ask for a tick in so many seconds; nobody waits for it here.

        Raises:
            WakeError: the function cannot be invoked.
        """
        payload = {"kind": "tick", "after_seconds": round(seconds, 3)}
        try:
            self._client().invoke(
                FunctionName=self._function, InvocationType="Event", Payload=json.dumps(payload).encode()
            )
        except service_errors() as error:
            raise WakeError(str(error)) from error
