"""Everything that is answered with an error status, in GitLab's own shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.local.gitlab.messages import Response, json_response

if TYPE_CHECKING:
    from collections.abc import Mapping


class AnswerError(Exception):
    """A request that is answered with an error status."""

    def __init__(self, status: int, content: object, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status}: {content}")
        self.status = status
        self.content = content
        self.headers = headers or {}

    def response(self) -> Response:
        """Return the answer."""
        return json_response(self.content, self.status, self.headers)


class UnauthorizedError(AnswerError):
    """No token, or one that GitLab does not know."""

    def __init__(self) -> None:
        super().__init__(401, {"message": "401 Unauthorized"})


class InsufficientScopeError(AnswerError):
    """A known token without the scope that the endpoint needs."""

    def __init__(self, scopes: str) -> None:
        words = "The request requires higher privileges than provided by the access token."
        super().__init__(403, {"error": "insufficient_scope", "error_description": words, "scope": scopes})


class ForbiddenError(AnswerError):
    """A role that is too low."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(403, {"message": f"403 Forbidden - {reason}" if reason else "403 Forbidden"})


class NotFoundError(AnswerError):
    """Something that does not exist, or that the token may not see."""

    def __init__(self, what: str) -> None:
        super().__init__(404, {"message": f"404 {what} Not Found"})


class InvalidParameterError(AnswerError):
    """A query parameter that GitLab refuses."""

    def __init__(self, words: str) -> None:
        super().__init__(400, {"error": words})


class ControlError(AnswerError):
    """A control request that cannot be carried out; the message names the input and the way out."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(status, {"message": message})
