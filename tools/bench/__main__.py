"""``make bench``: run every section, or the one that SECTION names."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tools.bench import figure

if TYPE_CHECKING:
    from collections.abc import Sequence

SECTIONS = ("credentials", "imds", "package", "scaling", "webhook")
FOLDER = Path(__file__).resolve().parents[2] / "build" / "bench"


def main(arguments: list[str]) -> int:
    """Run the sections that were asked for; an unknown name lists the known ones."""
    asked = arguments[0] if arguments else "all"
    if asked != "all" and asked not in SECTIONS:
        print(f"error: SECTION={asked} is not one of {', '.join(SECTIONS)}", file=sys.stderr)
        return 2
    for name in SECTIONS if asked == "all" else (asked,):
        print(f"{name} …", flush=True)
        figures: Sequence[figure.Figure] = importlib.import_module(f"tools.bench.{name}").measure()
        print(figure.table(figures))
        print(f"  → {figure.save(FOLDER, name, figures)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
