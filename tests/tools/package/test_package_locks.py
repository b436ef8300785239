from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tools.package.locks import _is_at, exclusive

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import sys
from pathlib import Path
from tools.package.locks import exclusive
with exclusive(Path(sys.argv[1]), lambda: None):
    print("held", flush=True)
    sys.stdin.read()
"""


def never() -> None:
    pytest.fail("nobody else holds the lock")


def test_a_free_lock_is_taken_without_waiting_and_leaves_no_file(tmp_path: Path) -> None:
    with exclusive(tmp_path / "a.lock", never):
        assert (tmp_path / "a.lock").exists()
    assert list(tmp_path.iterdir()) == []


def test_a_lock_file_left_by_a_killed_process_means_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.lock").write_text("4711")
    with exclusive(tmp_path / "a.lock", never):
        pass


def test_a_lock_is_freed_when_the_block_fails(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="inside"), exclusive(tmp_path / "a.lock", never):
        raise RuntimeError("inside")
    with exclusive(tmp_path / "a.lock", never):
        pass


@pytest.mark.parametrize("end", ["leaves", "is killed"])
def test_a_held_lock_is_waited_for_until_its_holder(tmp_path: Path, end: str) -> None:
    told: list[str] = []
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "a.lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        try:
            assert holder.stdout is not None
            assert holder.stdin is not None
            assert holder.stdout.readline() == b"held\n"

            def sleep(_seconds: float) -> None:
                holder.stdin.close() if end == "leaves" else holder.kill()  # type: ignore[union-attr]
                holder.wait(timeout=10)

            with exclusive(tmp_path / "a.lock", lambda: told.append("waiting"), sleep):
                assert holder.returncode is not None
        finally:
            holder.kill()
    assert told == ["waiting"]


@pytest.mark.parametrize("successor", [False, True], ids=["removed", "replaced"])
def test_a_lock_on_a_file_that_is_no_longer_there_does_not_count(tmp_path: Path, successor: bool) -> None:
    """Between the opening and the locking of the file its last holder may have removed it."""
    path = tmp_path / "a.lock"
    with path.open("a+b") as handle:
        assert _is_at(handle, path)
        path.unlink()
        if successor:
            path.touch()
        assert not _is_at(handle, path)
