"""What the metadata service of one instance answers: no sockets, and the clock is an argument."""

from __future__ import annotations

import datetime as dt
import fnmatch
import json
import secrets
from collections import Counter, deque
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LONGEST_TOKEN_SECONDS = 21600
TARGET = "autoscaling/target-lifecycle-state"
BEGINNINGS = {"Pending": "InService", "InService": "InService", "Terminating": "Terminated", "Terminated": "Terminated"}


class ControlError(Exception):
    """A request of the control API that makes no sense; the message says why."""


@dataclass(frozen=True)
class Reply:
    """A status and a body; broken = the connection ends without an answer after the delay."""

    status: int
    body: str = ""
    delay_seconds: float = 0.0
    broken: bool = False


@dataclass(frozen=True)
class State:
    """What the instance is and what is in store for it; None = the item does not exist.

    Args:
        instance_id: its id.
        market: "spot" or "on-demand".
        target: the lifecycle state that Auto Scaling takes it to.
        spot_action: "terminate", "stop" or "hibernate".
        spot_time: the moment of that, in epoch seconds.
        rebalance_time: the moment of a rebalance recommendation, in epoch seconds.
        role: the instance profile's role.
        credential_seconds: how long its credentials are valid.
    """

    instance_id: str = "i-0123456789abcdef0"
    market: str = "on-demand"
    target: str | None = "InService"
    spot_action: str | None = None
    spot_time: float = 0.0
    rebalance_time: float | None = None
    role: str = "runner"
    credential_seconds: float = 21600.0


@dataclass(frozen=True)
class Fault:
    """What requests get instead of an answer.

    Args:
        path: which paths, below /latest; * stands for any characters.
        status: the status; 0 = the right one, which goes with delay_seconds.
        body: the body, such as another program's HTML.
        count: how many requests it strikes; None = all.
        delay_seconds: how late the answer comes.
        broken: no answer comes at all.
    """

    path: str = "*"
    status: int = 503
    body: str = ""
    count: int | None = None
    delay_seconds: float = 0.0
    broken: bool = False


@dataclass
class Metadata:
    """The service.

    Args:
        clock: epoch seconds.
        target_of: asks somebody else for the lifecycle state, such as the local AWS; None = the state's own.
        requests_per_second: more are answered 429; None = no limit.
    """

    clock: Callable[[], float]
    target_of: Callable[[], str | None] | None = None
    requests_per_second: float | None = None
    state: State = field(default_factory=State)
    faults: list[Fault] = field(default_factory=list)
    tokens: dict[str, float] = field(default_factory=dict)
    paths: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    recent: deque[float] = field(default_factory=deque)

    def handle(self, method: str, path: str, headers: Mapping[str, str]) -> Reply:
        """Answer a request and count it.

        Args:
            method: the HTTP method.
            path: what follows /latest/.
            headers: names in lower case.
        """
        reply = self.spoiled(path) or self.answer(method, path, headers)
        if reply.status == 0:
            reply = replace(self.answer(method, path, headers), delay_seconds=reply.delay_seconds)
        self.paths[f"{method} {path}"] += 1
        self.statuses[reply.status] += 1
        return reply

    def spoiled(self, path: str) -> Reply | None:
        """Return what a fault or the limit makes of a request."""
        if self.is_too_fast():
            return Reply(429)
        for index, fault in enumerate(self.faults):
            if fnmatch.fnmatchcase(path, fault.path):
                if fault.count is not None:
                    self.faults[index : index + 1] = [replace(fault, count=fault.count - 1)] if fault.count > 1 else []
                return Reply(fault.status, fault.body, fault.delay_seconds, fault.broken)
        return None

    def is_too_fast(self) -> bool:
        """Tell whether this request is one too many within a second."""
        if self.requests_per_second is None:
            return False
        now = self.clock()
        while self.recent and self.recent[0] <= now - 1:
            self.recent.popleft()
        self.recent.append(now)
        return len(self.recent) > self.requests_per_second

    def answer(self, method: str, path: str, headers: Mapping[str, str]) -> Reply:
        """Answer as the service does when nothing is wrong."""
        if path == "api/token":
            return self.new_token(method, headers)
        if method != "GET":
            return Reply(405)
        if self.tokens.get(headers.get("x-aws-ec2-metadata-token", ""), 0) <= self.clock():
            return Reply(401)
        body = self.items().get(path.removeprefix("meta-data/")) if path.startswith("meta-data/") else None
        return Reply(404) if body is None else Reply(200, body)

    def new_token(self, method: str, headers: Mapping[str, str]) -> Reply:
        """Answer a request for a session token."""
        text = headers.get("x-aws-ec2-metadata-token-ttl-seconds", "")
        if method != "PUT" or "x-forwarded-for" in headers:
            return Reply(405 if method != "PUT" else 403)
        if not text.isdecimal() or not 1 <= int(text) <= LONGEST_TOKEN_SECONDS:
            return Reply(400)
        token = secrets.token_urlsafe(40)
        self.tokens[token] = self.clock() + int(text)
        return Reply(200, token)

    def items(self) -> dict[str, str | None]:
        """Return every item of the metadata; None = there is none."""
        state = self.state
        spot = {"action": state.spot_action, "time": moment(state.spot_time)}
        rebalance = None if state.rebalance_time is None else json.dumps({"noticeTime": moment(state.rebalance_time)})
        return {
            TARGET: self.target_of() if self.target_of else state.target,
            "events/recommendations/rebalance": rebalance,
            "iam/security-credentials/": state.role,
            f"iam/security-credentials/{state.role}": json.dumps(self.credentials()),
            "instance-id": state.instance_id,
            "instance-life-cycle": state.market,
            "placement/availability-zone": "us-east-1a",
            "spot/instance-action": None if state.spot_action is None else json.dumps(spot),
        }

    def credentials(self) -> dict[str, str]:
        """Return credentials of the instance profile's role."""
        now = self.clock()
        return {
            "AccessKeyId": "ASIAINSTANCEPROFILE",
            "Code": "Success",
            "Expiration": moment(now + self.state.credential_seconds),
            "LastUpdated": moment(now),
            "SecretAccessKey": "test",
            "Token": "test",
            "Type": "AWS-HMAC",
        }

    def control(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Answer the control API.

        Raises:
            ControlError: there is no such request, or a field is unknown.
        """
        match method, path:
            case "GET", "state":
                pass
            case "PUT", "state":
                self.state = replace(self.state, **known(State, self.in_seconds(body)))
            case "PUT", "faults":
                self.faults = [Fault(**known(Fault, each)) for each in body.get("faults", [])]
            case "PUT", "limit":
                self.requests_per_second = body.get("requests_per_second")
            case "DELETE", "tokens":
                self.tokens.clear()
            case "GET", "stats":
                return self.stats()
            case "DELETE", "stats":
                stats = self.stats()
                self.paths.clear()
                self.statuses.clear()
                return stats
            case _:
                raise ControlError(f"there is no {method} /_control/{path}")
        return asdict(self.state)

    def in_seconds(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the body with moments that were given as so many seconds from now."""
        now = self.clock()
        given = dict(body)
        for name in ("spot", "rebalance"):
            if (seconds := given.pop(f"{name}_in_seconds", None)) is not None:
                given[f"{name}_time"] = now + seconds
        return given

    def stats(self) -> dict[str, Any]:
        """Return how many requests came, in all, by method and path, and by status."""
        statuses = {str(status): count for status, count in sorted(self.statuses.items())}
        return {"requests": self.paths.total(), "paths": dict(sorted(self.paths.items())), "statuses": statuses}


def known(kind: type[State | Fault], body: dict[str, Any]) -> dict[str, Any]:
    """Return the body if every field is one of a class's.

    Raises:
        ControlError: one is not.
    """
    names = {each.name for each in fields(kind)}
    if unknown := sorted(set(body) - names):
        raise ControlError(f"unknown: {', '.join(unknown)}; known are {', '.join(sorted(names))}")
    return body


def moment(seconds: float) -> str:
    """Return epoch seconds as the service writes them."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def target_of(lifecycle_state: str) -> str | None:
    """Return the lifecycle state that an instance in another one is on its way to; None when that is not known."""
    return BEGINNINGS.get(lifecycle_state.partition(":")[0])
