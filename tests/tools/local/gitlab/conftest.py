from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.tools.local.gitlab.support import Client
from tools.local.gitlab.app import GitLab
from tools.local.gitlab.senders import Senders
from tools.local.gitlab.server import Server

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager


@pytest.fixture
def client() -> Client:
    return Client()


@contextmanager
def running(tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    gitlab = GitLab()
    server = Server(gitlab, 0, tls)
    gitlab.world.hooks.instance_url = server.endpoint
    senders = Senders(gitlab)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    senders.start()
    try:
        yield server
    finally:
        senders.stop()
        server.stop()
        thread.join()


@pytest.fixture
def serve() -> Callable[..., AbstractContextManager[Server]]:
    return running


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as started:
        yield started
