from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.tools.local.hosts.support import AwsServer, MemoryRunner

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def runner() -> MemoryRunner:
    return MemoryRunner()


@pytest.fixture
def aws_server() -> Iterator[AwsServer]:
    server = AwsServer()
    server.thread.start()
    try:
        yield server
    finally:
        server.stop()
