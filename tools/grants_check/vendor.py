"""Ask the credential vendor to try its grants; errors say what to do."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ALIAS = "check"
TRIES = 3
PAUSE_SECONDS = 2.0
# Each request tries one grant at least, and a fleet has at most 300.
MOST_REQUESTS = 300
_WAYS_OUT = {
    "AccessDeniedException": "your AWS identity needs lambda:InvokeFunction on the output credentials_check_arn",
    "ResourceNotFoundException": (
        "there is no such function with the alias check in this account and region: "
        "the module makes it with credentials.enabled = true"
    ),
    "EndpointConnectionError": "nothing answers there: make up starts the local stack anew",
    "NoCredentialsError": "configure AWS credentials: AWS_PROFILE, or AWS_ACCESS_KEY_ID and the others",
    "NoRegionError": "set AWS_REGION to the fleet's region",
}


class CheckError(Exception):
    """The grants could not be tried; the message says what to do."""


class Invoker(Protocol):
    """A client of Lambda."""

    def invoke(self, *, FunctionName: str, Payload: str, Qualifier: str) -> Any:  # noqa: ANN401, N803 - boto3's
        """Invoke a function."""
        ...


@dataclass(frozen=True)
class Result:
    """How the trial of one grant ended, in the words of the vendor."""

    grant: str
    role_arn: str
    status: str
    detail: str = ""
    advice: str = ""

    @property
    def is_failure(self) -> bool:
        """Whether callers of the grant are refused as well."""
        return self.status not in {"ok", "not_tried"}


def results(client: Invoker, name: str, sleep: Callable[[float], None] = time.sleep) -> Iterator[Result]:
    """Yield how the trial of each grant ended, in as many requests as it takes.

    Raises:
        CheckError: the vendor cannot be asked, or does not answer.
    """
    event: dict[str, object] = {"version": 1}
    for _ in range(MOST_REQUESTS):
        page = answer(client, name, event, sleep)
        for entry in page["results"]:
            yield Result(**entry)
        if page["next"] is None:
            return
        event = {"version": 1, "after": page["next"]}
    raise CheckError(f"{name}: the vendor never came to an end")


def answer(client: Invoker, name: str, event: dict[str, object], sleep: Callable[[float], None]) -> dict[str, Any]:
    """Return one answer; a vendor that says it is unavailable is asked again.

    Raises:
        CheckError: it cannot be asked, or fails.
    """
    for turn in range(TRIES):
        try:
            invoked = client.invoke(FunctionName=name, Payload=json.dumps(event), Qualifier=ALIAS)
        except (BotoCoreError, ClientError) as error:
            raise CheckError(f"{name}: {way_out(error)}") from error
        document: dict[str, Any] = json.loads(invoked["Payload"].read())
        if "FunctionError" not in invoked:
            return document
        if document.get("errorType") != "UnavailableError" or turn == TRIES - 1:
            break
        sleep(PAUSE_SECONDS)
    raise CheckError(f"{name}: {document.get('errorMessage') or document}")


def way_out(error: Exception) -> str:
    """Return what to do about a call that AWS refused, and what it said."""
    response = getattr(error, "response", None) or {}
    code = str(response.get("Error", {}).get("Code", type(error).__name__))
    return f"{_WAYS_OUT[code]} ({error})" if code in _WAYS_OUT else str(error)
