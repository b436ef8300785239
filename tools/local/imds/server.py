"""The HTTP server around the metadata: threads, keep-alive, late and missing answers."""

from __future__ import annotations

import json
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

from tools.local.imds.metadata import ControlError, Reply
from tools.local.loopback import LOOPBACK, LoopbackServer

if TYPE_CHECKING:
    from tools.local.imds.metadata import Metadata

CONTROL, LATEST = "/_control/", "/latest/"
NEVER_SECONDS = 600.0


class Server(LoopbackServer):
    """A metadata service on loopback; port 0 takes a free one."""

    def __init__(self, metadata: Metadata, port: int = 0) -> None:
        super().__init__(port, Handler)
        self.metadata = metadata
        self.lock = threading.Lock()

    @property
    def endpoint(self) -> str:
        """The server's address."""
        return f"http://{LOOPBACK}:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "EC2ws"

    def do_GET(self) -> None:
        """Answer any method."""
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path.startswith(CONTROL):
            self.send(self.controlled(body))
        elif self.path.startswith(LATEST):
            headers = {name.lower(): value for name, value in self.headers.items()}
            with self.server.lock:
                reply = self.server.metadata.handle(self.command, self.path.removeprefix(LATEST), headers)
            self.send(reply)
        else:
            self.send(Reply(HTTPStatus.NOT_FOUND))

    do_PUT = do_DELETE = do_POST = do_GET  # noqa: N815 (the names in the standard library)

    def controlled(self, body: bytes) -> Reply:
        """Answer the control API."""
        try:
            content = json.loads(body or b"{}")
            with self.server.lock:
                answer = self.server.metadata.control(self.command, self.path.removeprefix(CONTROL), content)
        except (ControlError, ValueError, TypeError, AttributeError) as error:
            return Reply(HTTPStatus.BAD_REQUEST, json.dumps({"error": str(error)}))
        return Reply(HTTPStatus.OK, json.dumps(answer))

    def send(self, reply: Reply) -> None:
        """Send a reply when its time has come."""
        if reply.broken or reply.delay_seconds:
            self.server.stopping.wait(reply.delay_seconds or NEVER_SECONDS)
        if reply.broken:
            self.close_connection = True
            return
        content = reply.body.encode()
        self.send_response(reply.status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name in the standard library)
        """Write no log: there is a count."""
