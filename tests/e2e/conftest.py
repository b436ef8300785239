"""One stack for all end-to-end tests: the local AWS, the GitLab stand-in, examples/local applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.credentials_support import WORKING, Seen, Watched
from tests.e2e.support import Live, eventually
from tools.local.stack import Options, Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

USUAL_WORKERS = 4


@pytest.fixture(scope="session")
def live() -> Iterator[Live]:
    """Start the stack once; every process ends with the tests, also after a failure."""
    stack = Stack(Options("e2e", boot_seconds=1, idle_minutes="0.05"), with_parent=True)
    stack.down()
    try:
        yield Live(stack, stack.up())
    finally:
        stack.down()


@pytest.fixture(scope="session")
def seen() -> Seen:
    """What the tests have seen of the credential vendor, and done to it."""
    return Seen()


@pytest.fixture(scope="module")
def usual_workers(live: Live) -> Iterator[None]:
    """Let functions have as many containers again as they had, when a file of tests is through."""
    yield
    Watched(live.addresses).set(lambda_workers=USUAL_WORKERS)


@pytest.fixture
def vendor(live: Live, seen: Seen, usual_workers: None) -> Iterator[Watched]:
    """The credential vendor; all of AWS works before and after."""
    watched = Watched(live.addresses, seen)
    watched.set(**WORKING)
    try:
        yield watched
    finally:
        watched.set(**WORKING)


@pytest.fixture
def warm(vendor: Watched) -> Watched:
    """The vendor with one container that has answered before."""
    vendor.set(lambda_workers=1)
    if vendor.seen.containers != 1:
        vendor.containers(1)
    eventually(lambda: vendor.request(vendor.id_token())[0] == 200, "credentials for the sample grant")
    return vendor
