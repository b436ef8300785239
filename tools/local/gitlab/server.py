"""The HTTP server around the application: threads, keep-alive, TLS, and the faults that happen on the wire."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

from tools.local.gitlab.messages import Request, Response, json_response
from tools.local.loopback import LOOPBACK, LoopbackServer

if TYPE_CHECKING:
    from tools.local.gitlab.app import GitLab

KEEP_ALIVE_SECONDS = 75.0
MAXIMUM_BODY_BYTES = 32 * 1024 * 1024
NEVER_SECONDS = 600.0


class BadBodyError(Exception):
    """A request whose body cannot be read; the argument is the answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


class Server(LoopbackServer):
    """A server for one GitLab on loopback.

    Args:
        gitlab: the application.
        port: the port, 0 for a free one.
        tls: serves https when given.
    """

    request_queue_size = 256

    def __init__(self, gitlab: GitLab, port: int, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(port, Handler)
        self.gitlab = gitlab
        self.tls = tls

    @property
    def endpoint(self) -> str:
        """The server's address."""
        return f"{'https' if self.tls else 'http'}://{LOOPBACK}:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "nginx"
    sys_version = ""
    disable_nagle_algorithm = True
    timeout = KEEP_ALIVE_SECONDS
    wbufsize = -1

    def setup(self) -> None:
        """Do the TLS handshake here, in the connection's own thread, so that a slow client holds up nobody."""
        if self.server.tls is not None:
            self.request.settimeout(KEEP_ALIVE_SECONDS)
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self) -> None:
        """Close the connection, the TLS one too: the server only knows the socket below it."""
        with contextlib.suppress(OSError):
            super().finish()
        if self.server.tls is not None:
            self.request.close()

    def answer(self) -> None:
        """Answer one request."""
        try:
            body = self.read_body()
        except BadBodyError as error:
            self.close_connection = True
            self.send(error.response)
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        scheme = "https" if self.server.tls else "http"
        response = self.server.gitlab.handle(Request(self.command, self.path, headers, body, scheme))
        if response.broken:
            self.break_off(response)
        elif not self.server.stopping.wait(response.delay_seconds):
            self.send(response)

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 (the names that http.server looks for)

    def read_body(self) -> bytes:
        """Return the request's body.

        Raises:
            BadBodyError: its length is missing, wrong or too large.
        """
        if "transfer-encoding" in self.headers:
            raise BadBodyError(json_response({"message": "Content-Length is needed"}, HTTPStatus.LENGTH_REQUIRED))
        length = self.headers.get("content-length", "0").strip()
        if not length.isascii() or not length.isdecimal():
            raise BadBodyError(json_response({"message": "Content-Length is not a number"}, HTTPStatus.BAD_REQUEST))
        if int(length) > MAXIMUM_BODY_BYTES:
            too_large = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            raise BadBodyError(json_response({"message": f"at most {MAXIMUM_BODY_BYTES} bytes"}, too_large))
        return self.rfile.read(int(length))

    def send(self, response: Response) -> None:
        """Write an answer; http.server flushes it afterwards, head and body in one piece."""
        self.send_response_only(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(response.body)

    def break_off(self, response: Response) -> None:
        """Let an answer fail to arrive: keep silent until the client gives up, or reset the connection."""
        self.close_connection = True
        if response.broken == "timeout":
            self.wait_for_client()
        else:
            # Closing with a linger time of 0 sends RST instead of FIN.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def wait_for_client(self) -> None:
        """Wait until the client has gone away, this server stops, or ten minutes are over."""
        self.connection.settimeout(0.1)
        for _ in range(round(NEVER_SECONDS / 0.1)):
            if self.server.stopping.is_set():
                return
            try:
                if not self.connection.recv(1024):
                    return
            except TimeoutError:
                continue
            except OSError:
                return

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's own name)
        """Keep quiet: statistics are in the control API."""


def tls_context(certificate: str, key: str) -> ssl.SSLContext:
    """Return the server side of TLS.

    Raises:
        OSError: the files cannot be read, or do not belong together (ssl.SSLError is an OSError).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
