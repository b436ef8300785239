"""The two doors, and what each is told.

Which door it is says the alias that was invoked: who may invoke an alias is IAM's business, while the shape of an event
is whatever the sender likes.
"""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from credentials import audit, documents
from credentials.errors import UnavailableError, VendError
from credentials.host_request import parse_host_request
from credentials.job_request import parse_job_request

if TYPE_CHECKING:
    from collections.abc import Callable

    from credentials.budget import Deadline
    from credentials.grants import Grants
    from credentials.vend import Vendor

log = logging.getLogger(__name__)

JOBS = "jobs"
HOSTS = "hosts"
CHECK = "check"

# The JavaScript SDK waits one second: answers leave by 900 ms, network and encoding included.
JOB_SECONDS = 0.85
HOST_SECONDS = 8.0
# A trial that begins now ends within seven seconds, STS's timeouts, and the function within twelve.
CHECK_SECONDS = 4.0
SECONDS = {JOBS: JOB_SECONDS, HOSTS: HOST_SECONDS, CHECK: CHECK_SECONDS}

_ARN_PARTS = 8  # arn:partition:lambda:region:account:function:name:qualifier


class AliasError(Exception):
    """The function was not invoked through one of its doors."""


class GrantSource(Protocol):
    """Where the grants are."""

    def current(self, deadline: Deadline) -> Grants:
        """Return the grants as they are now."""
        ...


@dataclass(frozen=True)
class Doors:
    """Answers invocations.

    Args:
        vendor: vends credentials.
        grants: where the grants are.
        on_grants: called with the grants of each invocation, before they are used.
    """

    vendor: Vendor
    grants: GrantSource
    on_grants: Callable[[Grants], None]

    def answer_job(self, event: object, deadline: Deadline) -> dict[str, Any]:
        """Return the HTTP answer to a CI job; the only place where errors become HTTP."""
        try:
            request = parse_job_request(event)
        except VendError as error:
            audit.refused(JOBS, "", error, {})
            return documents.http_error(error)
        try:
            return documents.container_credentials(self.vendor.to_job(request, self._grants(deadline), deadline))
        except VendError as error:
            return documents.http_error(error)
        except Exception as error:  # noqa: BLE001 - an SDK must get an answer that it understands
            _log_unexpected(error)
            return documents.http_error(UnavailableError("the credential vendor failed"))

    def answer_host(self, event: object, deadline: Deadline) -> dict[str, Any]:
        """Return the credential_process document for a runner host.

        Raises:
            VendError: it gets none; Lambda hands the class and the message to the invoker.
        """
        try:
            request = parse_host_request(event)
        except VendError as error:
            audit.refused(HOSTS, "", error, {})
            raise
        return documents.process_credentials(self.vendor.to_host(request, self._grants(deadline), deadline))

    def _grants(self, deadline: Deadline) -> Grants:
        grants = self.grants.current(deadline)
        self.on_grants(grants)
        return grants


def door(invoked_function_arn: str) -> str:
    """Return the door that was invoked.

    Raises:
        AliasError: it was none.
    """
    parts = invoked_function_arn.split(":")
    alias = parts[-1] if len(parts) == _ARN_PARTS else ""
    if alias not in SECONDS:
        raise AliasError(
            f"invoke the function through its alias {JOBS}, {HOSTS} or {CHECK}, not as {invoked_function_arn}"
        )
    return alias


def _log_unexpected(error: Exception) -> None:
    # Where it happened, not what it says: the message of an unforeseen error could quote anything.
    frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    log.error("unexpected failure", extra={"error": type(error).__name__, "frames": frames})
