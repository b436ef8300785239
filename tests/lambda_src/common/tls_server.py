"""A small HTTP(S) server on loopback that can change its certificate, and the certificates to do so with."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = dt.timedelta(days=1)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(subject: str, issuer: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(tz=dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + DAY)
    )


@dataclass(frozen=True)
class Authority:
    """A certificate authority that signs certificates for 127.0.0.1."""

    name: str
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def create(cls, name: str) -> Authority:
        key = ec.generate_private_key(ec.SECP256R1())
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        built = (
            _builder(name, name, key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(identifier, critical=False)
        )
        return cls(name, key, built.sign(key, hashes.SHA256()))

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def server_context(self, name: str, folder: Path) -> ssl.SSLContext:
        """Return TLS settings of a server with a new certificate."""
        key = ec.generate_private_key(ec.SECP256R1())
        loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        built = (
            _builder(name, self.name, key)
            .add_extension(x509.SubjectAlternativeName([loopback]), critical=False)
            .add_extension(issuer, critical=False)
        )
        return _context(built.sign(self.key, hashes.SHA256()), key, folder / f"{name}.pem")


def self_signed(name: str, folder: Path) -> tuple[str, ssl.SSLContext]:
    """Return a server's own certificate as PEM, without any CA extension, and TLS settings with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    built = _builder(name, name, key).add_extension(x509.SubjectAlternativeName([loopback]), critical=False)
    certificate = built.sign(key, hashes.SHA256())
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    return pem, _context(certificate, key, folder / f"{name}.pem")


def _context(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey, path: Path) -> ssl.SSLContext:
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(certificate.public_bytes(pem) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


class _Handler(BaseHTTPRequestHandler):
    """Says which connection answered, and with which certificate."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one packet, else each answer waits for a delayed acknowledgement
    server: TlsServer

    def setup(self) -> None:
        with suppress(OSError):  # a client that does not trust us hangs up
            if isinstance(self.request, ssl.SSLSocket):
                self.request.do_handshake()
            self.number = self.server.note_connection(self.request)
        super().setup()

    def do_GET(self) -> None:
        if self.path == "/elsewhere":
            self.server.redirect(self)
            return
        if self.path == "/slow":
            self.server.slow_started.set()
            self.server.slow_may_end.wait(timeout=10)
        body = json.dumps({"connection": self.number, "certificate": self.server.served[self.number - 1]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle(self) -> None:
        with suppress(OSError):
            super().handle()

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


class TlsServer(ThreadingHTTPServer):
    """A server with keep-alive whose certificate can be changed while it runs; plain HTTP without one."""

    daemon_threads = False
    block_on_close = True

    def __init__(self, name: str, context: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.server_port}"
        self.redirect_to = ""
        self.served: list[str] = []
        self.slow_started = threading.Event()
        self.slow_may_end = threading.Event()
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self.rotate(name, context)

    def rotate(self, name: str, context: ssl.SSLContext | None) -> None:
        """Serve another certificate to every connection that is opened from now on."""
        self._name, self._context = name, context

    def get_request(self) -> tuple[socket.socket, Any]:
        sock, address = super().get_request()
        if self._context is None:
            return sock, address
        # The handshake is left to the connection's own thread.
        return self._context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False), address

    def note_connection(self, sock: socket.socket) -> int:
        with self._lock:
            self.served.append(self._name)
            self._sockets.append(sock)
            return len(self.served)

    def redirect(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", self.redirect_to)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    def drop_connections(self) -> None:
        """Close every connection, as a server does with idle ones."""
        with self._lock:
            for sock in self._sockets:
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
            self._sockets.clear()

    @contextmanager
    def running(self) -> Iterator[TlsServer]:
        """Serve as long as the block runs."""
        thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield self
        finally:
            self.slow_may_end.set()
            self.shutdown()
            self.drop_connections()
            self.server_close()
            thread.join()
