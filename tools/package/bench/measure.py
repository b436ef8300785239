"""Measures zip sizes and cold imports: `make bench SECTION=package`.

Lambda unpacks a zip to a read-only folder, so code from a zip has no bytecode cache unless the zip brings one, and
each new execution environment compiles what it imports. The runtime's own boto3 lies in the image instead.
"""

from __future__ import annotations

import compileall
import importlib.metadata
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from py_compile import PycInvalidationMode

from tools.bench.figure import Figure
from tools.package import archive, builder, sources
from tools.package.installer import install
from tools.package.target import parse_target

HANDLERS = {
    "credentials": ("credentials.handler",),
    "scaler": ("scaler.handler", "scaler.termination.handler"),
    "webhook": ("webhook.handler",),
}
ZIP_BARS = {"credentials": 20.0, "scaler": 3.5, "webhook": 0.7}  # megabytes; Lambda takes 50 in a direct upload
_RUNS = 7
_IMPORT = """
import sys, time
sys.path[:0] = sys.argv[2:]
started = time.perf_counter()
__import__(sys.argv[1])
print((time.perf_counter() - started) * 1000)
"""


def measure(scratch: Path) -> list[Figure]:
    """Take every figure, with the given folder for work files."""
    runtime = scratch / "runtime"
    _copy_boto3(runtime)
    figures = []
    for package in sources.packages(sources.ROOT):
        task = scratch / package
        figures += _sizes(package, task, runtime)
        figures += _handler_imports(package, task, runtime)
    return [*figures, *_boto3_imports(scratch, runtime)]


def _sizes(package: str, task: Path, runtime: Path) -> list[Figure]:
    """Weigh a package's zip as it is and as it could be, and unpack it as Lambda does."""
    installed = task.with_suffix(".installed")
    install(sources.locked(sources.ROOT, package), parse_target("python3.13", "x86_64"), installed)
    code = sources.code(sources.ROOT, package)
    shipped = {**code, **builder.shipped(installed)}
    stored, deflated = _weigh(shipped, task)
    untrimmed = {**code, **_files(installed)}
    bundled = {**_files(runtime), **shipped}
    return [
        Figure(f"{package}.zip", stored, "MB", ZIP_BARS.get(package)),
        Figure(f"{package}.zip, deflated", deflated, "MB"),
        Figure(f"{package}.zip, untrimmed", _weigh(untrimmed)[0], "MB"),
        Figure(f"{package}.zip, with boto3", _weigh(bundled)[0], "MB"),
        Figure(f"{package}.zip, with boto3, deflated", _weigh(bundled)[1], "MB"),
    ]


def _weigh(entries: dict[str, Path], unpacked: Path | None = None) -> tuple[float, float]:
    """Return the megabytes of a zip of these files, stored and deflated; unpack it if a folder is given."""
    with tempfile.TemporaryDirectory() as folder:
        stored, deflated = Path(folder, "stored.zip"), Path(folder, "deflated.zip")
        archive.write(entries, stored)
        with zipfile.ZipFile(stored) as source, zipfile.ZipFile(deflated, "w", zipfile.ZIP_DEFLATED) as target:
            for name in source.namelist():
                target.writestr(name, source.read(name))
            if unpacked:
                source.extractall(unpacked)
        return stored.stat().st_size / 1e6, deflated.stat().st_size / 1e6


def _handler_imports(package: str, task: Path, runtime: Path) -> list[Figure]:
    """Time the import of each handler with the runtime's boto3, without and with bytecode in the zip."""
    cached = _with_bytecode(task)
    boto3 = _with_bytecode(runtime)
    return [
        figure
        for module in HANDLERS.get(package, ())
        for figure in (
            Figure(f"import {module}, no bytecode", _import_milliseconds(module, task, boto3), "ms"),
            Figure(f"import {module}, with bytecode", _import_milliseconds(module, cached, boto3), "ms"),
        )
    ]


def _boto3_imports(scratch: Path, runtime: Path) -> list[Figure]:
    """Time the import of boto3 as it would be from the zip and as it is from the runtime."""
    nothing = scratch / "nothing"
    return [
        Figure("import boto3, bundled (no bytecode)", _import_milliseconds("boto3", runtime, nothing), "ms"),
        Figure(
            "import boto3, the runtime's (with bytecode)",
            _import_milliseconds("boto3", _with_bytecode(runtime), nothing),
            "ms",
        ),
    ]


def _import_milliseconds(module: str, *folders: Path) -> float:
    """Return the time of an import in a fresh interpreter that sees these folders and its standard library.

    It is the best of several: other work on the machine can only make an import slower.
    """
    command = [sys.executable, "-I", "-S", "-B", "-c", _IMPORT, module, *map(str, folders)]
    times = [float(subprocess.run(command, capture_output=True, check=True, text=True).stdout) for _ in range(_RUNS)]
    return min(times)


def _with_bytecode(folder: Path) -> Path:
    """Return a copy of a folder with its modules compiled, as a zip with bytecode would be unpacked."""
    copy = folder.with_suffix(".compiled")
    if not copy.exists():
        shutil.copytree(folder, copy)
        compileall.compile_dir(copy, quiet=2, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
    return copy


def _copy_boto3(folder: Path) -> None:
    """Copy this Python's boto3 and what it needs, without bytecode."""
    for name in _closure("boto3"):
        for file in importlib.metadata.files(name) or ():
            if ".." not in file.parts and file.suffix != ".pyc":
                copy = folder / file
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(str(file.locate()), copy)


def _closure(name: str) -> set[str]:
    """Name a distribution and all that it needs, without extras."""
    needed = {name}
    for requirement in importlib.metadata.requires(name) or ():
        if "extra ==" not in requirement:
            needed |= _closure(re.split(r"[^\w.-]", requirement, maxsplit=1)[0])
    return needed


def _files(folder: Path) -> dict[str, Path]:
    """List a folder's files under their names in a zip."""
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
