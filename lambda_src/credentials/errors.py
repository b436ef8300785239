"""What can go wrong with a request, with the HTTP status and the code that the caller is told.

An error has two texts: its message is for the caller and reveals nothing that the caller does not know, its `reason`
is for the log.
"""

from __future__ import annotations

from typing import ClassVar


class VendError(Exception):
    """A request is not answered with credentials.

    Args:
        message: for the caller.
        reason: for the log; the message again unless given.
    """

    status: ClassVar[int] = 503
    code: ClassVar[str] = "ServiceUnavailable"
    is_transient: ClassVar[bool] = False
    retry_after_seconds: ClassVar[int] = 0

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason or message


class RequestError(VendError):
    """The request is malformed; the message names the field."""

    status = 400
    code = "InvalidRequest"


class MethodError(VendError):
    """The HTTP method is not GET."""

    status = 405
    code = "MethodNotAllowed"


class TokenError(VendError):
    """The id_token does not show who the caller is."""

    status = 401
    code = "InvalidToken"

    def __init__(self, reason: str) -> None:
        super().__init__("the id_token is missing, malformed, expired or not from this fleet's GitLab", reason)


class DeniedError(VendError):
    """No grant allows it. Unknown, not meant for the caller and not matching all read the same: no oracle."""

    status = 403
    code = "AccessDenied"

    def __init__(self, reason: str) -> None:
        super().__init__("no grant allows this", reason)


class RoleDeniedError(VendError):
    """STS refuses the role to this function; only a caller whom the grant allows gets to see it."""

    status = 403
    code = "AccessDenied"


class BusyError(VendError):
    """This container is minting too many sessions already."""

    status = 429
    code = "TooManyRequests"
    retry_after_seconds = 1


class UnavailableError(VendError):
    """Something that is needed does not answer; trying again makes sense."""

    is_transient = True
    retry_after_seconds = 1
