"""How the clients of the end-to-end tests are installed: locked, once, with bounded patience."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e import credentials_clients as clients

if TYPE_CHECKING:
    from pathlib import Path


class Registry:
    """Stands in for the commands that install: fails a few times, each time with the same words."""

    def __init__(self, failures: int = 0, error: type[Exception] = subprocess.CalledProcessError) -> None:
        self.failures = failures
        self.error = error
        self.calls: list[list[str]] = []
        self.pauses: list[float] = []

    def run(self, command: list[str], **_: Any) -> None:
        self.calls.append(command)
        if len(self.calls) > self.failures:
            return
        if self.error is subprocess.TimeoutExpired:
            raise subprocess.TimeoutExpired(command, 180, output=b"still fetching")
        raise subprocess.CalledProcessError(1, command, output="ETIMEDOUT while fetching")


@pytest.fixture
def client(tmp_path: Path) -> clients.Client:
    return clients.Client(tmp_path / "client", ("package.json",), ("npm", "ci"), needs_copies=True)


def test_a_client_is_installed_once_as_long_as_its_lock_stays(client: clients.Client) -> None:
    registry = Registry()
    for _ in range(2):
        clients.install(client, registry.run, registry.pauses.append)
    assert registry.calls == [["npm", "ci"]]
    changed = clients.Client(client.folder, (*client.locks, "package-lock.json"), client.command)
    clients.install(changed, registry.run, registry.pauses.append)
    assert len(registry.calls) == 2


@pytest.mark.parametrize("error", [subprocess.CalledProcessError, subprocess.TimeoutExpired])
def test_a_slow_registry_gets_a_few_tries(client: clients.Client, error: type[Exception]) -> None:
    registry = Registry(2, error)
    clients.install(client, registry.run, registry.pauses.append)
    assert (len(registry.calls), registry.pauses) == (3, [0.0, 5.0, 10.0])


@pytest.mark.parametrize(
    ("error", "words"), [(subprocess.CalledProcessError, "ETIMEDOUT"), (subprocess.TimeoutExpired, "still fetching")]
)
def test_a_registry_that_stays_away_is_named(client: clients.Client, error: type[Exception], words: str) -> None:
    registry = Registry(99, error)
    with pytest.raises(clients.InstallError, match=f"(?s)in 3 tries: is its registry reachable.*{words}"):
        clients.install(client, registry.run, registry.pauses.append)
    assert not (client.folder / clients.STAMP).exists()


def test_the_clients_are_locked_and_the_locks_name_no_registry() -> None:
    lock = json.loads((clients.LOCKED / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert len(packages) > 10
    assert [name for name, entry in packages.items() if "resolved" in entry or "integrity" not in entry] == []
    requirements = (clients.LOCKED / "awscli.txt").read_text(encoding="utf-8")
    assert "awscli==" in requirements
    assert "://" not in requirements
    assert requirements.count("==") <= requirements.count("--hash=")


def test_without_node_the_test_is_skipped_and_says_what_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pytest.skip.Exception, match=r"Node\.js 20 or newer with npm"):
        clients.javascript(tmp_path)
