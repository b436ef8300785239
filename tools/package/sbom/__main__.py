"""``python -m tools.package.sbom FOLDER``: write `<zip>.cdx.json` beside the zips of the sources as they are."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tools.package import sources
from tools.package.sbom.document import document
from tools.package.target import parse_target

if TYPE_CHECKING:
    from collections.abc import Sequence


def write(folder: Path, root: Path, runtime: str, architecture: str) -> list[Path]:
    """Write the bill of materials of every package and return the files; older zips are left as they are.

    Raises:
        FileNotFoundError: a package is not built.
    """
    lock = (root / "lambda_src/requirements.txt").read_text(encoding="utf-8")
    target = parse_target(runtime, architecture)
    written = []
    for package in sources.packages(root):
        path = folder / f"{package}-{sources.fingerprint(root, package, target)}.zip"
        written.append(path.with_suffix(".cdx.json"))
        written[-1].write_text(document(path, lock), encoding="utf-8")
    return written


def main(arguments: Sequence[str]) -> int:
    """Write what is asked for; 0, or 2 with a sentence."""
    parser = argparse.ArgumentParser(prog="tools.package.sbom", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=sources.ROOT / "build" / "packages")
    parser.add_argument("--runtime", default="python3.13")
    parser.add_argument("--architecture", default="x86_64")
    options = parser.parse_args(arguments)
    try:
        for path in write(options.folder, sources.ROOT, options.runtime, options.architecture):
            print(f"wrote {path}")
    except FileNotFoundError as error:
        print(f"error: {error.filename} is not built: run make package", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
