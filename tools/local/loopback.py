"""What the stand-ins' HTTP servers have in common: a thread a connection, on loopback only, stopped at once."""

from __future__ import annotations

import sys
import threading
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler

LOOPBACK = "127.0.0.1"


class LoopbackServer(ThreadingHTTPServer):
    """A server on loopback.

    Args:
        port: the port, 0 for a free one.
        handler: answers a connection.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__((LOOPBACK, port), handler)
        self.stopping = threading.Event()

    def server_bind(self) -> None:
        """Bind without the reverse name look-up of HTTPServer, which may take seconds."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def stop(self) -> None:
        """Stop serving; answers that are held back are let go."""
        self.stopping.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Print what is ours; clients that go away or distrust our certificate are no news."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]
