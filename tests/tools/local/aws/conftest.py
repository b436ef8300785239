"""Fixtures of the local AWS's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.tools.local.aws.fakes import World
from tests.tools.local.aws.stack import Stack, running

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def world() -> World:
    """An Auto Scaling emulator without groups, whose clock stands still."""
    return World()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A server that the end-to-end tests share; each uses names of its own."""
    with running(tmp_path_factory.mktemp("aws")) as started:
        yield started
