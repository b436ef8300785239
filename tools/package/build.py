"""Build the zip of a Lambda function: `python3 build.py --package webhook --output webhook.zip`.

This file is only the door: an old Python must be able to read it, so that it is refused by a sentence and not by a
traceback. The work begins in `cli.py`.
"""

import sys
from pathlib import Path

OLDEST = (3, 8)


def start() -> int:
    """Refuse an old Python, else run the command line; returns the exit code."""
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:2]))
        sys.stderr.write(
            "package: error: Python 3.8 or newer is needed, but " + sys.executable + " is " + found + "; put a newer "
            "python3 first on PATH.\n"
        )
        return 2
    sys.dont_write_bytecode = True  # the module's folder may be shared or read-only: leave no __pycache__
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from tools.package.cli import main, stop_on_signals  # noqa: PLC0415 (not before the version is known)

    stop_on_signals()
    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(start())
