"""The files that a package is made of, and nothing else: the builder reads no file that is not listed here."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from tools.package.errors import PackageError
from tools.package.requirements import parse_names, select

if TYPE_CHECKING:
    from tools.package.target import Target

ROOT = Path(__file__).resolve().parents[2]
_LOCK = PurePosixPath("lambda_src/requirements.txt")


def packages(root: Path) -> tuple[str, ...]:
    """Name the packages there are: the folders of lambda_src that say what they ship."""
    return tuple(sorted(path.parent.name for path in root.glob("lambda_src/*/distributions.txt")))


def code(root: Path, package: str) -> dict[str, Path]:
    """List our own files in a package's zip: the package's modules and those of `common`.

    Returns:
        The name in the zip, such as "webhook/handler.py", and the file.

    Raises:
        PackageError: There is no such package.
    """
    _distributions(root, package)
    source = root / "lambda_src"
    files = [path for folder in (package, "common") for path in _modules(source / folder)]
    return {path.relative_to(source).as_posix(): path for path in files}


def locked(root: Path, package: str) -> str:
    """Return the hash-locked requirements of a package, "" if it ships no distribution.

    Raises:
        PackageError: A distribution is not in the lock file.
    """
    names = parse_names(_read(_distributions(root, package)))
    return select(_read(root / _LOCK), names)


def inputs(root: Path, package: str) -> tuple[str, ...]:
    """List every file that decides what is in the zip, relative to the root, sorted."""
    ours = [f"lambda_src/{name}" for name in code(root, package)]
    builder = [path.relative_to(root).as_posix() for path in (root / "tools/package").glob("*.py")]
    return tuple(sorted([*ours, *builder, f"lambda_src/{package}/distributions.txt", str(_LOCK)]))


def fingerprint(root: Path, package: str, target: Target) -> str:
    """Hash the inputs and the target: two builds with the same fingerprint are the same bytes.

    Terraform's `sha256(jsonencode(…))` of the same data in terraform/package.tf gives the same hash, so that `apply`
    finds what `--all` has built.
    """
    files = {name: hashlib.sha256((root / name).read_bytes()).hexdigest() for name in inputs(root, package)}
    document = {"architecture": target.architecture, "files": files, "runtime": target.runtime}
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _distributions(root: Path, package: str) -> Path:
    """Return the file that makes a folder a package."""
    if package not in packages(root):
        known = ", ".join(packages(root)) or "none"
        raise PackageError(f'There is no package "{package}" in {root / "lambda_src"}; there are: {known}.')
    return root / "lambda_src" / package / "distributions.txt"


def _modules(folder: Path) -> list[Path]:
    """List the Python files below a folder, without tests, in no particular order."""
    return [path for path in folder.rglob("*.py") if "tests" not in path.relative_to(folder).parts[:-1]]


def _read(path: Path) -> str:
    """Read a text file the same way on every system."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PackageError(f"{path} is missing; get a complete copy of the module.") from None
