"""Try the role of every grant with the vendor's own role, which nobody else can: `make grants-check`.

A trial takes the role with a policy that denies everything, for the shortest time, and forgets the credentials at once.
It looks into no cache and fills none, and counts in no metric of the vendor.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Protocol

from credentials import audit, aws_error, trial_advice
from credentials.errors import RequestError, RoleDeniedError, UnavailableError, VendError
from credentials.fields import Fields
from credentials.grant_store import DocumentError
from credentials.grants import GrantError, parse_grants
from credentials.model import Mode
from credentials.trial import trial_session

if TYPE_CHECKING:
    from credentials.budget import Deadline
    from credentials.grant_store import Source
    from credentials.grants import Grants
    from credentials.model import Credentials, Grant, Session
    from credentials.shared_cache import Clocks
    from credentials.vend import Place

CONCURRENT = 5
# STS is tried again after these pauses, by chance between half and all of each.
_PAUSES = (0.2, 0.4, 0.8)

OK = "ok"
DENIED = "denied"
REFUSED = "refused"
UNAVAILABLE = "unavailable"
NOT_TRIED = "not_tried"


class Issuer(Protocol):
    """Makes sessions."""

    def session(self, session: Session, web_token: str) -> Credentials:
        """Return the credentials of a new session."""
        ...


@dataclass(frozen=True)
class Result:
    """How a trial ended.

    Args:
        grant: the grant's name.
        role_arn: its role.
        status: one of the words above.
        detail: what STS said.
        advice: what to do.
    """

    grant: str
    role_arn: str
    status: str
    detail: str = ""
    advice: str = ""


@dataclass(frozen=True)
class GrantCheck:
    """Tries grants.

    Args:
        place: where the function runs.
        source: where the grants are; they are read anew, because who asks has often just changed them.
        issuer: makes sessions.
        clocks: sleep and chance.
    """

    place: Place
    source: Source
    issuer: Issuer
    clocks: Clocks

    def answer(self, event: object, deadline: Deadline) -> dict[str, Any]:
        """Return how the trials ended, and after which grant to go on; no trial begins after the deadline.

        Raises:
            VendError: the request is malformed, the grants are not usable, or there was no time for one trial.
        """
        after = parse_check_request(event)
        waiting = [grant for name, grant in sorted(self._grants().by_name.items()) if name > after]
        with ThreadPoolExecutor(CONCURRENT, "check") as pool:
            ended = list(pool.map(partial(self._tried, deadline=deadline), waiting))
        results = list(takewhile(lambda result: result is not None, ended))
        if waiting and not results:
            raise UnavailableError("there was no time to try a grant, try again")
        statuses = [result.status for result in results if result]
        audit.log.info("grants checked", extra={status: statuses.count(status) for status in sorted(set(statuses))})
        is_done = len(results) == len(waiting)
        tried = [asdict(result) for result in results if result]
        return {"version": 1, "results": tried, "next": None if is_done else tried[-1]["grant"]}

    def _grants(self) -> Grants:
        try:
            _, text = self.source.read("") or ("", b"")
            return parse_grants(text)
        except (DocumentError, GrantError) as error:
            raise UnavailableError(f"the grants are not usable: {error}") from error

    def _tried(self, grant: Grant, deadline: Deadline) -> Result | None:
        if not deadline.left():
            return None
        ended = partial(Result, grant.name, grant.role_arn)
        if grant.mode is Mode.WEB_IDENTITY:
            return ended(NOT_TRIED, "web_identity needs a job's id_token")
        try:
            session = trial_session(grant, self.place)
        except VendError as error:
            return ended(REFUSED, error.reason, "correct the grant: no caller can get a session")
        try:
            self._take(session, deadline)
        except VendError as error:
            return ended(*_said(session, error))
        return ended(OK)

    def _take(self, session: Session, deadline: Deadline) -> None:
        for pause in _PAUSES:
            try:
                self.issuer.session(session, "")
            except UnavailableError:
                if deadline.left() <= pause:
                    raise
                self.clocks.sleep(pause * (0.5 + self.clocks.random() / 2))
            else:
                return
        self.issuer.session(session, "")


def parse_check_request(event: object) -> str:
    """Return the name of the grant to go on after, empty for the first request.

    Raises:
        RequestError: the request is malformed; the message names the field.
    """
    fields = Fields(event, "", RequestError)
    if fields.integer("version") != 1:
        raise fields.wrong("version", "must be 1")
    after = fields.text("after") if fields.has("after") else ""
    fields.finish()
    return after


def _said(session: Session, error: VendError) -> tuple[str, str, str]:
    """Return status, detail and advice."""
    cause = error.__cause__
    if not isinstance(cause, Exception):
        return UNAVAILABLE, error.reason, "try again"
    code, message = aws_error.code(cause), aws_error.message(cause)
    detail = trial_advice.shown(code, message)
    if isinstance(error, RoleDeniedError):
        return DENIED, detail, trial_advice.on_denial(session, message)
    if isinstance(error, UnavailableError):
        return UNAVAILABLE, detail, "STS did not do it, also when it was asked again: try later"
    return REFUSED, detail, trial_advice.on_fault(code, message)
