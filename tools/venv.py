"""Build a virtual environment from a hash-locked requirements file, once per content of that file.

Run with the newcomer's own Python (standard library only): ``python3 tools/venv.py .venv requirements-dev.txt``.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

OLDEST = (3, 11)
STAMP = "requirements.sha256"


def main(arguments: list[str]) -> int:
    """Build the environment named first from the lock file named second; return the exit code."""
    if sys.version_info < OLDEST:
        return fail(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}: see python.org/downloads")
    folder, lock = Path(arguments[0]), Path(arguments[1])
    wanted = fingerprint(lock)
    if (folder / STAMP).is_file() and (folder / STAMP).read_text(encoding="ascii") == wanted:
        return 0
    print(f"{folder}: installing {lock} …", flush=True)
    started = time.monotonic()
    try:
        build(folder, lock)
    except subprocess.CalledProcessError as error:
        return fail(explain(error, lock))
    (folder / STAMP).write_text(wanted, encoding="ascii")
    print(f"{folder}: ready after {time.monotonic() - started:.0f} s", flush=True)
    return 0


def fingerprint(lock: Path) -> str:
    """Return what the environment's content depends on: the lock file, this interpreter and the folder's place."""
    identity = f"{sys.version_info[:2]} {sys.base_prefix} {lock.resolve()}".encode()
    return hashlib.sha256(lock.read_bytes() + identity).hexdigest()


def build(folder: Path, lock: Path) -> None:
    """Create the environment afresh and install the locked distributions with their hashes checked."""
    shutil.rmtree(folder, ignore_errors=True)
    run(sys.executable, "-m", "venv", str(folder))
    python = str(folder / ("Scripts" if os.name == "nt" else "bin") / "python")
    options = ["--quiet", "--disable-pip-version-check", "--no-input", "--require-hashes"]
    run(python, "-m", "pip", "install", *options, "--requirement", str(lock))


def run(*command: str) -> None:
    """Run a command whose complaints are kept for the error message."""
    subprocess.run(command, check=True, stderr=subprocess.PIPE, text=True)


def explain(error: subprocess.CalledProcessError, lock: Path) -> str:
    """Turn a failed step into one sentence with the way out, and the step's own last words."""
    words = "\n".join((error.stderr or "").strip().splitlines()[-5:])
    if "ensurepip" in f"{error.cmd} {words}" or "venv" in error.cmd:
        return f"this Python cannot make virtual environments (on Debian: apt install python3-venv)\n{words}"
    return f"{lock} could not be installed: is the package index reachable?\n{words}"


def fail(sentence: str) -> int:
    """Say what is missing and return the exit code for it."""
    print(f"error: {sentence}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
