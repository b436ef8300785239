"""Connections and certificates, against a real TLS server on loopback that changes its certificate."""

from __future__ import annotations

import ssl
import threading
from typing import TYPE_CHECKING, Any

import pytest
import requests

from common.http import CertificateBundleError, aging_session, tls_context
from tests.lambda_src.common.tls_server import Authority, TlsServer, self_signed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MAX_AGE = 900
MAX_IDLE = 50


class FakeClock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="module")
def old_ca() -> Authority:
    return Authority.create("old CA")


@pytest.fixture(scope="module")
def new_ca() -> Authority:
    return Authority.create("new CA")


@pytest.fixture
def server(old_ca: Authority, tmp_path: Path) -> Iterator[TlsServer]:
    with TlsServer("first", old_ca.server_context("first", tmp_path)).running() as server:
        yield server


@pytest.fixture
def make_session(clock: FakeClock) -> Iterator[Callable[..., requests.Session]]:
    made: list[requests.Session] = []

    def make(ca_pem: str | None, max_idle_seconds: float = MAX_IDLE) -> requests.Session:
        made.append(aging_session(MAX_AGE, max_idle_seconds, ca_pem=ca_pem, pool_size=4, clock=clock))
        return made[-1]

    yield make
    for session in made:
        session.close()


@pytest.fixture
def session(make_session: Callable[..., requests.Session], old_ca: Authority) -> requests.Session:
    return make_session(old_ca.pem)


def ask(session: requests.Session, server: TlsServer, path: str = "/") -> tuple[int, str]:
    """Return which connection answered, and the certificate it was opened with."""
    answer: dict[str, Any] = session.get(server.url + path).json()
    return answer["connection"], answer["certificate"]


def keep_busy(session: requests.Session, server: TlsServer, clock: FakeClock, seconds: int) -> list[tuple[int, str]]:
    """Let time pass with a request every 30 seconds, so that nothing is idle."""
    seen = []
    for _ in range(seconds // 30):
        clock.now += 30
        seen.append(ask(session, server))
    return seen


def test_a_rotated_certificate_is_seen_once_the_connection_is_old(
    session: requests.Session, server: TlsServer, clock: FakeClock, old_ca: Authority, tmp_path: Path
) -> None:
    assert ask(session, server) == (1, "first")
    server.rotate("second", old_ca.server_context("second", tmp_path))
    assert keep_busy(session, server, clock, 870) == [(1, "first")] * 29
    assert keep_busy(session, server, clock, 60) == [(2, "second")] * 2


def test_a_certificate_of_a_new_authority_is_seen_once_the_connection_is_old(
    make_session: Callable[..., requests.Session],
    server: TlsServer,
    clock: FakeClock,
    old_ca: Authority,
    new_ca: Authority,
    tmp_path: Path,
) -> None:
    session = make_session(old_ca.pem + new_ca.pem)
    assert ask(session, server) == (1, "first")
    server.rotate("second", new_ca.server_context("second", tmp_path))
    assert keep_busy(session, server, clock, 900)[-2:] == [(1, "first"), (2, "second")]


def test_a_certificate_that_is_not_trusted_is_a_clear_error_once_the_connection_is_old(
    session: requests.Session, server: TlsServer, clock: FakeClock, new_ca: Authority, tmp_path: Path
) -> None:
    ask(session, server)
    server.rotate("second", new_ca.server_context("second", tmp_path))
    keep_busy(session, server, clock, 870)
    clock.now += 30
    with pytest.raises(requests.exceptions.SSLError, match="certificate verify failed"):
        ask(session, server)


def test_an_own_authority_is_not_trusted_unless_it_is_given(
    make_session: Callable[..., requests.Session], server: TlsServer
) -> None:
    with pytest.raises(requests.exceptions.SSLError, match="certificate verify failed"):
        ask(make_session(None), server)


def test_a_server_certificate_that_is_given_is_trusted_though_no_authority_signed_it(
    make_session: Callable[..., requests.Session], server: TlsServer, tmp_path: Path
) -> None:
    pem, context = self_signed("own", tmp_path)
    server.rotate("own", context)
    assert ask(make_session(pem), server) == (1, "own")


def test_only_a_given_certificate_loosens_what_is_asked_of_certificates() -> None:
    usual, with_own = tls_context(), tls_context(Authority.create("own").pem)
    assert usual.verify_flags == ssl.create_default_context().verify_flags
    assert not with_own.verify_flags & ssl.VERIFY_X509_STRICT
    assert with_own.verify_mode == ssl.CERT_REQUIRED
    assert with_own.check_hostname


def test_plain_connections_grow_old_as_well(make_session: Callable[..., requests.Session], clock: FakeClock) -> None:
    session = make_session(None)
    with TlsServer("plain", None).running() as server:
        assert ask(session, server) == (1, "plain")
        clock.now += MAX_IDLE - 1
        assert ask(session, server) == (1, "plain")
        clock.now += MAX_IDLE
        assert ask(session, server) == (2, "plain")


def test_a_thawed_container_works_though_the_server_hung_up_meanwhile(
    session: requests.Session, server: TlsServer, clock: FakeClock
) -> None:
    assert ask(session, server) == (1, "first")
    server.drop_connections()
    clock.now += 3600
    assert ask(session, server) == (2, "first")


def test_a_thawed_container_opens_a_new_connection_though_the_old_one_is_still_up(
    session: requests.Session, server: TlsServer, clock: FakeClock
) -> None:
    assert ask(session, server) == (1, "first")
    clock.now += 3600
    assert ask(session, server) == (2, "first")


def test_a_connection_that_the_server_closed_is_not_used_whatever_the_clock_says(
    session: requests.Session, server: TlsServer
) -> None:
    assert ask(session, server) == (1, "first")
    server.drop_connections()
    assert ask(session, server) == (2, "first")


@pytest.mark.parametrize(("idle", "connection"), [(49.9, 1), (50, 2)])
def test_an_idle_connection_is_not_used_again(
    session: requests.Session, server: TlsServer, clock: FakeClock, idle: float, connection: int
) -> None:
    ask(session, server)
    clock.now += 49
    ask(session, server)
    clock.now += idle
    assert ask(session, server) == (connection, "first")


def test_a_clock_that_went_backwards_makes_a_connection_old(
    session: requests.Session, server: TlsServer, clock: FakeClock
) -> None:
    ask(session, server)
    clock.now -= 1
    assert ask(session, server) == (2, "first")


def test_each_connection_has_an_age_of_its_own(
    make_session: Callable[..., requests.Session], server: TlsServer, clock: FakeClock, old_ca: Authority
) -> None:
    session = make_session(old_ca.pem, 10 * MAX_AGE)
    ask(session, server)
    clock.now += 600
    with in_background(session, server) as slow:
        assert ask(session, server) == (2, "first")
    assert slow == [(1, "first")]
    clock.now += 300
    with in_background(session, server) as slow:
        assert ask(session, server) == (2, "first")
    assert slow == [(3, "first")]


def test_a_request_under_way_is_not_touched_when_its_connection_gets_old(
    session: requests.Session, server: TlsServer, clock: FakeClock
) -> None:
    with in_background(session, server) as slow:
        clock.now += 3600
        assert ask(session, server) == (2, "first")
    assert slow == [(1, "first")]


class in_background:  # noqa: N801 - used like a function
    """A request that is under way as long as the block runs."""

    def __init__(self, session: requests.Session, server: TlsServer) -> None:
        self._server = server
        self._answers: list[tuple[int, str]] = []
        self._thread = threading.Thread(target=lambda: self._answers.append(ask(session, server, "/slow")))

    def __enter__(self) -> list[tuple[int, str]]:
        self._server.slow_started.clear()
        self._server.slow_may_end.clear()
        self._thread.start()
        assert self._server.slow_started.wait(timeout=10)
        return self._answers

    def __exit__(self, *_: object) -> None:
        self._server.slow_may_end.set()
        self._thread.join()


@pytest.mark.parametrize("verify", [False, "/some/bundle.pem"])
def test_certificates_cannot_be_left_unverified(
    session: requests.Session, server: TlsServer, verify: bool | str
) -> None:
    with pytest.raises(ValueError, match="always verified"):
        session.get(server.url, verify=verify)
    assert server.served == []


def test_a_proxy_cannot_be_given(session: requests.Session, server: TlsServer) -> None:
    with pytest.raises(ValueError, match="through a proxy"):
        session.get(server.url, proxies={"https": "http://127.0.0.1:9"})


def test_nothing_of_the_environment_redirects_or_weakens_a_request(
    session: requests.Session, server: TlsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert ask(session, server) == (1, "first")


def test_a_redirect_within_the_origin_is_followed(session: requests.Session, server: TlsServer) -> None:
    server.redirect_to = "/moved"
    assert ask(session, server, "/elsewhere") == (1, "first")


@pytest.mark.parametrize("target", ["https://127.0.0.1:9/", "http://127.0.0.1:{port}/", "//localhost:{port}/"])
def test_a_redirect_to_another_origin_is_not_followed(
    session: requests.Session, server: TlsServer, target: str
) -> None:
    server.redirect_to = target.format(port=server.server_port)
    assert session.get(server.url + "/elsewhere").status_code == 302
    assert len(server.served) == 1


def test_a_server_that_does_not_answer_is_given_up_after_the_default_time(
    session: requests.Session, server: TlsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("common.http.READ_TIMEOUT_SECONDS", 0.05)
    with pytest.raises(requests.exceptions.ReadTimeout):
        session.get(server.url + "/slow")


def test_a_given_timeout_wins(session: requests.Session, server: TlsServer) -> None:
    with pytest.raises(requests.exceptions.ReadTimeout):
        session.get(server.url + "/slow", timeout=(3, 0.05))


@pytest.mark.parametrize("pem", ["not PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_malformed_bundle_is_named(make_session: Callable[..., requests.Session], pem: str) -> None:
    with pytest.raises(CertificateBundleError, match="the CA certificates cannot be read"):
        make_session(pem)
