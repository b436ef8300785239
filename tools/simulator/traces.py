"""Binary traces: records of two big-endian unsigned 32-bit integers, arrival and duration in milliseconds."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from tools.simulator.workload import Workload, WorkloadError, plain

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_RECORD = struct.Struct(">II")


def read_binary(path: Path) -> Workload:
    """Return the independent jobs of a binary trace.

    Raises:
        WorkloadError: the file does not consist of whole records.
    """
    data = path.read_bytes()
    if not data or len(data) % _RECORD.size:
        raise WorkloadError(f"{path}: {len(data)} bytes are not records of {_RECORD.size} bytes")
    arrivals = ((arrival / 1000, duration / 1000) for arrival, duration in _RECORD.iter_unpack(data))
    return plain(path.stem, arrivals)


def write_binary(path: Path, arrivals: Iterable[tuple[float, float]]) -> None:
    """Write arrivals and durations in seconds as a binary trace."""
    path.write_bytes(b"".join(_RECORD.pack(round(at * 1000), round(seconds * 1000)) for at, seconds in arrivals))
