"""``make bench``: run every section, or the one that SECTION names."""

from __future__ import annotations

import importlib
import sys

from tools.bench import figure

SECTIONS = ("credentials", "imds", "package", "scaling", "webhook")


def main(arguments: list[str]) -> int:
    """Run the sections that were asked for; an unknown name lists the known ones."""
    asked = arguments[0] if arguments else "all"
    if asked != "all" and asked not in SECTIONS:
        print(f"error: SECTION={asked} is not one of {', '.join(SECTIONS)}", file=sys.stderr)
        return 2
    for name in SECTIONS if asked == "all" else (asked,):
        print(f"{name} …", flush=True)
        try:
            figures: list[figure.Figure] = list(importlib.import_module(f"tools.bench.{name}").measure())
        except figure.BenchError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
        print(figure.table(figures))
        print(f"  {figure.summary(figures)} → {figure.save(figure.FOLDER, name, figures)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
