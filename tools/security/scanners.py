"""Run the scanners of the environment that tools/security/requirements.txt describes."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tools.security.errors import SecurityError
from tools.security.secrets import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = Path("build/security/environment")
TERRAFORM_FOLDERS = ("terraform", "examples")
# Files in one command: far below what a command line may hold.
BATCH = 500


def checkov(folders: Sequence[str] = TERRAFORM_FOLDERS) -> int:
    """Scan Terraform code; print what is found and return how many runs found something, or failed."""
    named = [argument for folder in folders for argument in ("--directory", folder)]
    options = ["--quiet", "--compact", "--skip-download", "--framework", "terraform"]
    return int(_run("checkov", *options, *named).returncode != 0)


def tracked(root: Path = ROOT) -> list[str]:
    """Return the files that are in the repository, or about to be.

    Raises:
        SecurityError: this is no checkout.
    """
    command = ["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, check=False, capture_output=True, text=True)
    if listed.returncode != 0:
        raise SecurityError(f"only a git checkout says which files are its own: {listed.stderr.strip()}")
    return sorted({name for name in listed.stdout.splitlines() if (root / name).is_file()})


def detect_secrets(files: Sequence[str], root: Path = ROOT) -> list[Finding]:
    """Return what detect-secrets takes for a secret.

    Raises:
        SecurityError: it could not be run.
    """
    found: list[Finding] = []
    for start in range(0, len(files), BATCH):
        scan = _run("detect-secrets", "scan", "--no-verify", *files[start : start + BATCH], capture=True)
        if scan.returncode != 0:
            raise SecurityError(f"detect-secrets failed: {scan.stderr.strip()[-500:]}")
        for name, entries in json.loads(scan.stdout)["results"].items():
            lines = (root / name).read_text(encoding="utf-8", errors="replace").splitlines()
            found += [
                Finding(name, entry["line_number"], entry["type"], lines[entry["line_number"] - 1].strip())
                for entry in entries
            ]
    return found


def pip_audit(lock: str) -> subprocess.CompletedProcess[str]:
    """Ask for known vulnerabilities of what a lock file names; the hashes make pip-audit resolve nothing."""
    options = ["--require-hashes", "--disable-pip", "--format", "json", "--progress-spinner", "off", "--timeout", "10"]
    return _run("pip-audit", *options, "--requirement", lock, capture=True)


def _run(program: str, *arguments: str, capture: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a scanner from the project's root, without a bytecode folder of somebody else's in the tree."""
    path = ROOT / ENVIRONMENT / "bin" / program
    if not path.is_file():
        raise SecurityError(
            f"{path} is missing: make security installs it, or python3 tools/venv.py {ENVIRONMENT} "
            "tools/security/requirements.txt"
        )
    variables = {**os.environ, "LOG_LEVEL": "ERROR"}
    return subprocess.run(
        [str(path), *arguments], cwd=ROOT, check=False, capture_output=capture, text=True, env=variables
    )
