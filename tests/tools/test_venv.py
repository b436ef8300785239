"""The newcomer's virtual environments."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from tools import venv

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def lock(folder: Path, text: str) -> Path:
    path = folder / "lock.txt"
    path.write_text(text)
    return path


def test_an_environment_is_built_once_per_content_of_its_lock_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = lock(tmp_path, "# nothing\n")
    arguments = [str(tmp_path / "venv"), str(empty)]
    assert venv.main(arguments) == 0
    assert "installing" in capsys.readouterr().out
    assert venv.main(arguments) == 0
    assert not capsys.readouterr().out
    lock(tmp_path, "# changed\n")
    assert venv.main(arguments) == 0
    assert "installing" in capsys.readouterr().out


def test_a_distribution_without_a_hash_is_refused_and_leaves_no_stamp(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = lock(tmp_path, "pip==24.0\n")
    assert venv.main([str(tmp_path / "venv"), str(bare)]) == 2
    assert "could not be installed" in capsys.readouterr().err
    assert not (tmp_path / "venv" / venv.STAMP).exists()


def test_a_python_without_venv_is_named_with_the_way_out(tmp_path: Path) -> None:
    error = subprocess.CalledProcessError(1, ["python3", "-m", "venv", "x"], stderr="ensurepip is not available")
    assert "apt install python3-venv" in venv.explain(error, tmp_path)


def test_an_old_python_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(venv, "OLDEST", (sys.version_info.major, sys.version_info.minor + 1))
    assert venv.main([str(tmp_path / "venv"), str(lock(tmp_path, ""))]) == 2
    assert "Python 3.11 or newer is needed" in capsys.readouterr().err
