"""Builds a package once: existing output, a lock, a work folder, a rename."""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tools.package import archive, sources
from tools.package.errors import PackageError
from tools.package.installer import install
from tools.package.locks import exclusive
from tools.package.trim import kept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tools.package.target import Target


@dataclass(frozen=True)
class Request:
    """One package to build.

    Args:
        root: The folder with lambda_src and tools.
        package: The package's name, such as "webhook".
        target: What it is built for.
        output: The zip to write.
    """

    root: Path
    package: str
    target: Target
    output: Path


def build(
    request: Request,
    provision: Callable[[Request, Path], None],
    say: Callable[[str], None],
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Write the output unless it is there; safe to run twice at once, and whole or absent at any moment.

    Args:
        request: What to build.
        provision: Writes the zip of a request to a path.
        say: Tells the user one line.
        clock: Seconds, for the duration that is shown.

    Raises:
        PackageError: It cannot be built.
    """
    if _is_done(request.output):
        say(f"{request.output} is up to date")
        return
    hidden = _prepare(request.output)
    with exclusive(hidden.with_suffix(".lock"), lambda: say(f"waiting for another build of {request.output}")):
        if _is_done(request.output):
            say(f"{request.output} was built meanwhile")
            return
        say(f"packaging {request.package} for {request.target}")
        started = clock()
        with _work_folder(hidden) as work:
            provision(request, work / "package.zip")
            (work / "package.zip").replace(request.output)
        say(f"wrote {request.output} ({request.output.stat().st_size / 1e6:.2f} MB in {clock() - started:.1f} s)")


def build_locally(request: Request, output: Path) -> None:
    """Build with this interpreter's pip.

    Args:
        request: What to build.
        output: Where to write the zip; work files are put beside it.
    """
    entries = sources.code(request.root, request.package)
    requirements = sources.locked(request.root, request.package)
    if requirements:
        installed = output.parent / "installed"
        install(requirements, request.target, installed)
        entries.update(shipped(installed))
    archive.write(entries, output)


def shipped(installed: Path) -> dict[str, Path]:
    """List the files of installed distributions that go into the zip."""
    files = (path for path in installed.rglob("*") if path.is_file())
    named = {path.relative_to(installed).as_posix(): path for path in files}
    return {name: path for name, path in named.items() if kept(name)}


def _is_done(output: Path) -> bool:
    """Tell whether the output exists; a folder in its place is an error."""
    if output.is_dir():
        raise PackageError(f"{output} is a folder; give --output the path of a file.")
    return output.exists()


def _prepare(output: Path) -> Path:
    """Make the output's folder; returns the path that hidden files beside it are named after."""
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=str(output.parent)):
            pass
    except OSError as error:
        raise PackageError(
            f"The folder {output.parent} cannot be written ({error.strerror}); make it writable or choose another one."
        ) from error
    return output.parent / f".{output.name}"


@contextmanager
def _work_folder(hidden: Path) -> Iterator[Path]:
    """Make a folder on the output's file system, and remove it and those that killed builds of this output left.

    Called under the lock, so nobody else's folder of this name is in use.
    """
    _remove_work_folders(hidden)
    try:
        yield Path(tempfile.mkdtemp(prefix=f"{hidden.name}.", suffix=".work", dir=str(hidden.parent)))
    finally:
        _remove_work_folders(hidden)  # by name: a signal may have come before the new folder was returned


def _remove_work_folders(hidden: Path) -> None:
    for folder in hidden.parent.glob(f"{hidden.name}.*.work"):
        shutil.rmtree(str(folder), ignore_errors=True)
