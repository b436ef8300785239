"""The audit of the lock files."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from tools.security import audit, lockfile, scanners

if TYPE_CHECKING:
    from pathlib import Path

HASH = "--hash=sha256:" + "0" * 64
GOOD = f"""# by make lock
first==1.0 ; python_version >= '3.11' \
    {HASH} \
    {HASH}
    # via second
second[extra]==2 \
    {HASH}
"""


def answer(*dependencies: dict[str, object]) -> str:
    return json.dumps({"dependencies": list(dependencies), "fixes": []})


def service(output: str) -> audit.Ask:
    return lambda name: subprocess.CompletedProcess([name], 0, output, "")


def written(folder: Path, text: str) -> tuple[str]:
    (folder / "lock.txt").write_text(text)
    return (str(folder / "lock.txt"),)


def test_every_pin_is_read_with_its_version_and_number_of_files() -> None:
    found = [(pin.name, pin.version, pin.hashes, pin.problem) for pin in lockfile.parse(GOOD)]
    assert found == [("first", "1.0", 2, ""), ("second", "2", 1, "")]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        pytest.param("bare==1.0", "no hash", id="no hash"),
        pytest.param("bare==1.0 --hash=sha256:abc", "no hash", id="half a hash"),
        pytest.param(f"open>=1.0 {HASH}", "not pinned with ==", id="a range"),
        pytest.param("-e .", "not pinned with ==", id="editable"),
        pytest.param("--extra-index-url https://example.org", "not pinned with ==", id="another index"),
        pytest.param(f"direct @ https://example.org/direct.whl {HASH}", "not pinned with ==", id="an address"),
    ],
)
def test_what_is_not_pinned_and_hashed_fails_the_audit(
    line: str, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audit.main(written(tmp_path, GOOD + line + "\n"), service("")) == 1
    assert problem in capsys.readouterr().out


def test_a_known_vulnerability_fails_the_audit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flaw = {"id": "PYSEC-1", "fix_versions": ["1.1"]}
    output = answer(
        {"name": "first", "version": "1.0", "vulns": [flaw]}, {"name": "second", "version": "2", "vulns": []}
    )
    assert audit.main(written(tmp_path, GOOD), service(output)) == 1
    shown = capsys.readouterr().out
    assert "first 1.0: PYSEC-1, fixed in 1.1" in shown
    assert "NO ADVISORY DATA" not in shown


def test_a_distribution_that_the_service_does_not_know_fails_the_audit(tmp_path: Path) -> None:
    output = answer({"name": "first", "version": "1.0", "vulns": []}, {"name": "second", "skip_reason": "not found"})
    assert audit.main(written(tmp_path, GOOD), service(output)) == 1


@pytest.mark.parametrize(
    "output",
    [
        pytest.param("", id="it did not start"),
        pytest.param(answer({"name": "first", "skip_reason": "not found"}), id="it knows none"),
    ],
)
def test_without_a_service_the_audit_says_so_and_lists_what_is_locked(
    output: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audit.main(written(tmp_path, GOOD), service(output)) == 0
    shown = capsys.readouterr().out
    assert "NO ADVISORY DATA WAS REACHED" in shown
    assert "first 1.0, 2 files allowed: not audited" in shown


def test_what_the_service_was_not_asked_about_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = answer({"name": "First", "version": "1.0", "vulns": []})
    assert audit.main(written(tmp_path, GOOD), service(output)) == 0
    shown = capsys.readouterr().out
    assert "second 2, 1 files allowed: not audited" in shown
    assert "first 1.0" not in shown


def test_an_empty_lock_is_no_clean_lock(tmp_path: Path) -> None:
    assert audit.main(written(tmp_path, "# nothing\n"), service("")) == 1


def test_every_lock_file_of_the_project_is_pinned_and_hashed() -> None:
    pins = [pin for name in audit.LOCKS for pin in lockfile.parse((scanners.ROOT / name).read_text())]
    assert len(pins) > 100
    assert [pin.text for pin in pins if pin.problem] == []
