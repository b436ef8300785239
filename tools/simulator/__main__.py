"""``python -m tools.simulator``: see tools/simulator/cli.py."""

from __future__ import annotations

import sys

from tools.simulator.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
