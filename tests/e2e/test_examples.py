"""Two of the examples as make examples applies them; the stack of the other tests applies a third."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tools.local import examples
from tools.local.stack import Options, Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.e2e

# The least there is, and the one with the most of its own: webhook, vendor, a role and its trust policy, a bucket.
NAMES = ["credentials-for-jobs", "minimal"]


@pytest.fixture
def stack() -> Iterator[Stack]:
    """A stack with nothing applied; what a failed test has left is kept, its processes are not."""
    own = Stack(Options(f"examples-{os.getpid()}"), with_parent=True)
    yield own
    own.down()
    shutil.rmtree(own.folder, ignore_errors=True)


def test_an_example_is_applied_unchanged_by_a_second_plan_and_destroyed(stack: Stack) -> None:
    outcomes = examples.run(stack, NAMES)
    assert [(name, "") for name in NAMES] == [(outcome.name, outcome.error) for outcome in outcomes]
