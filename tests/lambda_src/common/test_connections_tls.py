"""The same promises without requests: connections of urllib3 alone, against a real TLS server on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from urllib3.exceptions import SSLError

from common.connections import CertificateBundleError, aging_connections, tls_context
from tests.lambda_src.common.tls_server import Authority, TlsServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from urllib3 import PoolManager


class FakeClock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.create("the CA")


@pytest.fixture
def server(authority: Authority, tmp_path: Path) -> Iterator[TlsServer]:
    with TlsServer("first", authority.server_context("first", tmp_path)).running() as server:
        yield server


@pytest.fixture
def make(clock: FakeClock) -> Iterator[Callable[[str | None], PoolManager]]:
    made: list[PoolManager] = []

    def make(ca_pem: str | None) -> PoolManager:
        made.append(aging_connections(900, 50, ca_pem=ca_pem, pool_size=4, clock=clock))
        return made[-1]

    yield make
    for manager in made:
        manager.clear()


def ask(manager: PoolManager, server: TlsServer) -> tuple[int, str]:
    """Return which connection answered, and the certificate it was opened with."""
    answer: dict[str, Any] = manager.request("GET", server.url + "/", retries=False, timeout=5).json()
    return answer["connection"], answer["certificate"]


def test_a_rotated_certificate_is_seen_once_a_plain_urllib3_connection_is_old(
    make: Callable[[str | None], PoolManager],
    server: TlsServer,
    clock: FakeClock,
    authority: Authority,
    tmp_path: Path,
) -> None:
    manager = make(authority.pem)
    assert ask(manager, server) == (1, "first")
    server.rotate("second", authority.server_context("second", tmp_path))
    for _ in range(29):
        clock.now += 30
        assert ask(manager, server) == (1, "first")
    clock.now += 30
    assert ask(manager, server) == (2, "second")


def test_an_idle_urllib3_connection_is_not_used_again(
    make: Callable[[str | None], PoolManager], server: TlsServer, clock: FakeClock, authority: Authority
) -> None:
    manager = make(authority.pem)
    seen = []
    for seconds in (0, 49, 50):
        clock.now += seconds
        seen.append(ask(manager, server)[0])
    assert seen == [1, 1, 2]


def test_urllib3_trusts_no_authority_that_is_not_given(
    make: Callable[[str | None], PoolManager], server: TlsServer
) -> None:
    with pytest.raises(SSLError, match="certificate verify failed"):
        ask(make(None), server)
    assert server.served == []


def test_a_system_without_authorities_gets_those_of_certifi(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert tls_context().cert_store_stats()["x509_ca"] > 100


def test_nothing_of_the_environment_redirects_or_weakens_a_connection(
    make: Callable[[str | None], PoolManager],
    server: TlsServer,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert ask(make(authority.pem), server) == (1, "first")


def test_connections_with_a_malformed_bundle_are_not_made(make: Callable[[str | None], PoolManager]) -> None:
    with pytest.raises(CertificateBundleError, match="PEM"):
        make("no certificate")
