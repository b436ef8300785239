"""Resolve every requirements file anew into its hash-locked form: ``make lock``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

RESOLVER = "uv==0.13.9"
FILES = (
    "lambda_src/requirements",
    "requirements-dev",
    "tools/local/aws/requirements",
    "tests/e2e/clients/awscli",
    "tools/security/requirements",
)
OLDEST_PYTHON = "3.11"


def main() -> None:
    """Resolve each file with a resolver of its own environment, for every platform, naming no index."""
    folder = Path("build/lock-environment")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    subprocess.run([folder / "bin" / "pip", "install", "--quiet", RESOLVER], check=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
    for name in FILES:
        options = ["--quiet", "--universal", "--generate-hashes", "--upgrade", "--python-version", OLDEST_PYTHON]
        options += ["--no-emit-index-url", "--no-emit-find-links", "--custom-compile-command", "make lock"]
        command = [str(folder / "bin" / "uv"), "pip", "compile", *options, "--output-file", f"{name}.txt", f"{name}.in"]
        subprocess.run(command, check=True, env=kept)
        print(f"{name}.txt")


if __name__ == "__main__":
    main()
