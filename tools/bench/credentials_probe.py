"""What section `credentials` runs in interpreters of their own: one measurement by name, its result as JSON."""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 1500
PEER_ROUNDS = 2000
ARN = "arn:aws:lambda:us-east-1:000000000000:function:bench-credentials"


class ProbeError(Exception):
    """What is to be measured does not work; the message says how it fails."""


class Context:
    """What Lambda tells a function about an invocation."""

    aws_request_id = "bench"

    def __init__(self, alias: str) -> None:
        self.invoked_function_arn = f"{ARN}:{alias}"


def hits(order: dict[str, Any]) -> dict[str, float]:
    """Time the handler when L1 has the session, at both doors; its logs go to the standard error's file."""
    from credentials import handler  # noqa: PLC0415 - only the interpreter of this measurement has its environment

    jobs, hosts = Context("jobs"), Context("hosts")
    found: dict[str, float] = {}
    for name, event, context in (("hosts", order["hosts"], hosts), ("jobs", order["jobs"], jobs)):
        answered(handler.handle(event, context), name)  # mints, fetches keys, opens connections
        times = timed(lambda event=event, context=context: handler.handle(event, context))  # type: ignore[misc]
        found |= {f"{name}_p50": statistics.median(times), f"{name}_per_second": len(times) / sum(times)}
    return found


def first(order: dict[str, Any], door: str) -> dict[str, float]:
    """Time what Lambda does in INIT, and the first request after it, which mints a session."""
    started = time.perf_counter()
    from credentials import start  # noqa: PLC0415 - this is what is measured

    ready = time.perf_counter()
    answered(start.handle(order[door], Context(door)), door)
    return {"init": ready - started, "first": time.perf_counter() - ready}


def answered(answer: dict[str, Any], door: str) -> None:
    """Refuse to measure an answer without credentials."""
    if answer.get("statusCode", 200) != 200:  # noqa: PLR2004 - HTTP's OK
        raise ProbeError(f"{door} gets no credentials: {answer['body']}")


def timed(call: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """Return how many seconds each of many calls takes."""
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return times


def botocore_peer(order: dict[str, Any]) -> dict[str, float]:
    """Let botocore's own AssumeRole fetcher serve the burst, with one cache for all jobs of a container."""
    import boto3  # noqa: PLC0415 - one of several peers
    from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials  # noqa: PLC0415

    session, cache = boto3.Session()._session, {}  # type: ignore[var-annotated]  # noqa: SLF001

    def make(policy: str) -> Callable[[], object]:
        extra = {"Policy": policy, "RoleSessionName": "bench"}
        fetcher = AssumeRoleCredentialFetcher(
            session.create_client, session.get_credentials(), order["role"], extra_args=extra, cache=cache
        )
        credentials = DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")
        return credentials.get_frozen_credentials

    return burst(order, make)


def assume_role_lib_peer(order: dict[str, Any]) -> dict[str, float]:
    """Let aws-assume-role-lib serve the burst."""
    import aws_assume_role_lib  # type: ignore[import-not-found]  # noqa: PLC0415 - a peer that may be missing
    import boto3  # noqa: PLC0415

    parent = boto3.Session()

    def make(policy: str) -> Callable[[], object]:
        assumed = aws_assume_role_lib.assume_role(parent, order["role"], Policy=policy, RoleSessionName="bench")
        credentials = assumed.get_credentials()
        get: Callable[[], object] = credentials.get_frozen_credentials
        return get

    return burst(order, make)


def refresh_session_peer(order: dict[str, Any]) -> dict[str, float]:
    """Let boto3-refresh-session serve the burst."""
    from boto3_refresh_session import RefreshableSession  # type: ignore[import-not-found]  # noqa: PLC0415 - as above

    def make(policy: str) -> Callable[[], object]:
        wanted = {"Policy": policy, "RoleArn": order["role"], "RoleSessionName": "bench"}
        credentials = RefreshableSession(method="sts", assume_role_kwargs=wanted).get_credentials()
        get: Callable[[], object] = credentials.get_frozen_credentials
        return get

    return burst(order, make)


def burst(order: dict[str, Any], make: Callable[[str], Callable[[], object]]) -> dict[str, float]:
    """Serve every job as the peer's documentation has it, then time what a session that is held costs."""
    get: Callable[[], object] = lambda: None  # noqa: E731 - there is at least one job
    started = time.perf_counter()
    for _ in range(order["jobs"]):
        for policy in order["policies"]:
            get = make(policy)
            get()
    seconds = time.perf_counter() - started
    return {"burst": seconds, "hit": statistics.median(timed(get, PEER_ROUNDS))}


PEERS = {
    "aws-assume-role-lib": assume_role_lib_peer,
    "boto3-refresh-session": refresh_session_peer,
    "botocore": botocore_peer,
}


def main(arguments: list[str]) -> None:
    """Make the measurement that the arguments name; the order is on the standard input, the result in a file."""
    kind, name, path = arguments
    order = json.load(sys.stdin)
    measurements = {"first": lambda: first(order, name), "hits": lambda: hits(order)}
    result = measurements.get(kind, lambda: PEERS[name](order))()
    Path(path).write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
