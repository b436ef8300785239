"""One stack for all end-to-end tests: the local AWS, the GitLab stand-in, examples/local applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.support import Live
from tools.local.stack import Options, Stack

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def live() -> Iterator[Live]:
    """Start the stack once; every process ends with the tests, also after a failure."""
    stack = Stack(Options("e2e", boot_seconds=1, idle_minutes="0.05"), with_parent=True)
    stack.down()
    try:
        yield Live(stack, stack.up())
    finally:
        stack.down()
