"""Section `package`: sizes of the functions' zips, with and without boto3, and what their imports cost."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tools.package.bench import measure as packages

if TYPE_CHECKING:
    from tools.bench.figure import Figure


def measure() -> list[Figure]:
    """Build every package afresh and measure it."""
    with tempfile.TemporaryDirectory() as scratch:
        return packages.measure(Path(scratch))
