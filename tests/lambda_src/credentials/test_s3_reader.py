"""Reading the grants from S3, against a server on loopback."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from botocore.session import get_session

from credentials.grant_store import DocumentError, GrantsObject, SlowDocumentError
from credentials.s3 import S3Reader, bucket_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.session import Session


@dataclass
class Server:
    """A bucket with one object."""

    status: int = 200
    body: bytes = b"{}"
    cut: int = 0
    url: str = ""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    connections: set[tuple[str, int]] = field(default_factory=set)


@pytest.fixture
def server() -> Iterator[Server]:
    told = Server()

    class Front(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            told.asked.append((self.path, dict(self.headers)))
            told.connections.add(self.client_address)
            is_known = told.status == 200 and self.headers["If-None-Match"] == '"2"'
            self.send_response(304 if is_known else told.status)
            self.send_header("ETag", '"2"')
            body = b"" if is_known else told.body
            if not is_known:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) - told.cut])
            self.close_connection = bool(told.cut)

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Front)
    http.daemon_threads = True
    told.url = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, args=(0.01,))
    thread.start()
    yield told
    http.shutdown()
    http.server_close()
    thread.join()


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Session:
    values = {"AWS_ACCESS_KEY_ID": "AKIAX", "AWS_SECRET_ACCESS_KEY": "canary", "AWS_SESSION_TOKEN": "token"}
    for name, value in {**values, "AWS_DEFAULT_REGION": "eu-west-1"}.items():
        monkeypatch.setenv(name, value)
    return get_session()


@pytest.fixture
def source(server: Server, session: Session) -> Iterator[GrantsObject]:
    reader = S3Reader(session, server.url, seconds=2)
    yield GrantsObject(lambda: reader, "b", "fleets/blue 1.json")
    reader.close()


def test_an_object_is_read_with_a_signature_and_its_version(source: GrantsObject, server: Server) -> None:
    assert source.read("") == ('"2"', b"{}")
    ((path, headers),) = server.asked
    assert path == "/b/fleets/blue%201.json"
    assert headers["If-None-Match"] == '"none"'
    assert headers["X-Amz-Security-Token"] == "token"
    assert headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIAX/")
    assert "/eu-west-1/s3/aws4_request" in headers["Authorization"]
    assert "canary" not in str(headers)


def test_an_object_that_is_the_same_is_not_read_again(source: GrantsObject, server: Server) -> None:
    for _ in range(3):
        assert source.read('"2"') is None
    assert source.read('"1"') == ('"2"', b"{}")
    assert len(server.connections) == 1


@pytest.mark.parametrize(("status", "kind"), [(403, DocumentError), (404, DocumentError), (503, SlowDocumentError)])
def test_a_refusal_is_told_by_its_code(
    source: GrantsObject, server: Server, status: int, kind: type[DocumentError]
) -> None:
    server.status, server.body = status, b"<Error><Code>WhyNot</Code><Message>m</Message></Error>"
    with pytest.raises(DocumentError, match=r"s3://b/fleets/blue 1.json.*WhyNot") as caught:
        source.read("")
    assert caught.type is kind


def test_a_redirect_is_not_followed(source: GrantsObject, server: Server) -> None:
    server.status, server.body = 307, b""
    with pytest.raises(DocumentError, match="307"):
        source.read("")
    assert len(server.asked) == 1


def test_half_an_object_is_none(source: GrantsObject, server: Server) -> None:
    server.body, server.cut = b"x" * 100, 50
    with pytest.raises(SlowDocumentError):
        source.read("")


def test_an_s3_that_is_not_there_is_said_so(session: Session) -> None:
    reader = S3Reader(session, "http://127.0.0.1:1", seconds=1)
    with pytest.raises(SlowDocumentError, match="s3://b/g"):
        GrantsObject(lambda: reader, "b", "g").read("")


@pytest.mark.parametrize(
    ("sts", "bucket", "expected"),
    [
        ("https://sts.eu-west-1.amazonaws.com", "grants", "https://grants.s3.eu-west-1.amazonaws.com"),
        ("https://sts.cn-north-1.amazonaws.com.cn", "grants", "https://grants.s3.cn-north-1.amazonaws.com.cn"),
        ("https://sts.eu-west-1.amazonaws.com", "my.grants", "https://s3.eu-west-1.amazonaws.com/my.grants"),
        ("http://127.0.0.1:4566", "grants", "http://127.0.0.1:4566/grants"),
        ("http://127.0.0.1:4566/", "grants", "http://127.0.0.1:4566/grants"),
    ],
)
def test_the_address_of_a_bucket_follows_from_that_of_sts(sts: str, bucket: str, expected: str) -> None:
    assert bucket_url(sts, bucket) == expected
