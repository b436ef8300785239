"""Writes a zip that is the same, byte for byte, wherever and whenever it is written."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can say
_READABLE = 0o100644 << 16  # Lambda runs as another user than the one that unpacks
_UNIX = 3


def write(entries: dict[str, Path], output: Path) -> None:
    """Write files into a zip in the order of their names.

    Files are stored, not deflated: zlib and its replacements (zlib-ng and others) compress the same bytes
    differently, so that a deflated zip depends on the machine. docs/packaging.md has the price in bytes.

    Args:
        entries: The name in the zip and the file to read.
        output: The zip; an existing file is replaced.
    """
    with zipfile.ZipFile(output, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(entries):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system = _UNIX
            info.external_attr = _READABLE
            archive.writestr(info, entries[name].read_bytes())
