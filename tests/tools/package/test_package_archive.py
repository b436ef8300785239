from __future__ import annotations

import os
import zipfile
from typing import TYPE_CHECKING

from tools.package import archive

if TYPE_CHECKING:
    from pathlib import Path


def entries(folder: Path, order: list[str]) -> dict[str, Path]:
    folder.mkdir()
    for name in order:
        (folder / name).write_text(f"# {name}\n")
    return {name: folder / name for name in order}


def test_order_time_and_permissions_of_the_files_leave_no_trace(tmp_path: Path) -> None:
    archive.write(entries(tmp_path / "first", ["b.py", "a.py"]), tmp_path / "1.zip")
    second = entries(tmp_path / "second", ["a.py", "b.py"])
    for path in second.values():
        path.chmod(0o700)
        os.utime(path, (1, 1))
    archive.write(second, tmp_path / "2.zip")
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()


def test_files_are_stored_so_that_no_compressor_leaves_a_trace(tmp_path: Path) -> None:
    archive.write(entries(tmp_path / "files", ["a.py"]), tmp_path / "1.zip")
    with zipfile.ZipFile(tmp_path / "1.zip") as written:
        assert [info.compress_type for info in written.infolist()] == [zipfile.ZIP_STORED]


def test_everybody_may_read_the_files_as_lambda_must(tmp_path: Path) -> None:
    source = entries(tmp_path / "files", ["a.py"])
    source["a.py"].chmod(0o600)
    archive.write(source, tmp_path / "1.zip")
    with zipfile.ZipFile(tmp_path / "1.zip") as written:
        info = written.getinfo("a.py")
    assert (info.create_system, info.external_attr >> 16) == (3, 0o100644)
