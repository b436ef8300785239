"""Builds a package in a container, for machines without Python packaging tools of their own.

The sources go in through standard input and the zip comes out through standard output. Nothing is mounted, so no file
ever belongs to another user (rootless or not), SELinux labels do not matter, and the container engine may be remote,
as it is in most CI jobs.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from tools.package import sources
from tools.package.errors import PackageError
from tools.package.installer import NETWORK_SETTINGS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.package.builder import Request

CLIS = ("docker", "podman", "nerdctl")
# The official slim image, from a registry that needs no account and does not limit pulls as strictly as Docker Hub.
IMAGE = "public.ecr.aws/docker/library/python:3.13-slim"

_FAILED = "package: error: "
_SHOWN_LINES = 6
_NOT_RUNNING = ("cannot connect", "docker daemon running", "containerd not running")
# A path on this machine means nothing in the container, so only what holds there is passed on.
_PASSED = (
    *(f"PIP_{name}" for name in NETWORK_SETTINGS if name in {"EXTRA_INDEX_URL", "INDEX_URL", "PROXY", "TRUSTED_HOST"}),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
)
_INSIDE = """
import os, shutil, subprocess, sys, tarfile, tempfile
with tempfile.TemporaryDirectory() as root:
    with tarfile.open(fileobj=sys.stdin.buffer, mode="r|") as archive:
        archive.extractall(root, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    output = os.path.join(root, "package.zip")
    builder = os.path.join(root, "tools", "package", "build.py")
    code = subprocess.call([sys.executable, builder, *sys.argv[1:], "--output", output], stdout=sys.stderr)
    if code == 0:
        with open(output, "rb") as built:
            shutil.copyfileobj(built, sys.stdout.buffer)
sys.exit(code)
"""


def build_in_container(request: Request, output: Path) -> None:
    """Build with the first container CLI there is.

    Args:
        request: What to build.
        output: Where to write the zip.

    Raises:
        PackageError: There is no CLI, it cannot start a container, or the build in it failed.
    """
    cli = find_cli(os.environ)
    done = subprocess.run(command(cli, request, os.environ), input=_bundle(request), capture_output=True, check=False)
    if done.returncode != 0:
        raise explain(Path(cli).name, done.stderr.decode("utf-8", "replace"))
    output.write_bytes(done.stdout)
    _check(output, cli)


def find_cli(variables: Mapping[str, str]) -> str:
    """Return the path of the container CLI: CONTAINER_CLI, else the first of `CLIS` on PATH.

    Raises:
        PackageError: None is installed.
    """
    chosen = variables.get("CONTAINER_CLI")
    for name in (chosen,) if chosen else CLIS:
        found = shutil.which(name, path=variables.get("PATH"))
        if found:
            return found
    missing = f'CONTAINER_CLI "{chosen}" is not installed' if chosen else f"None of {', '.join(CLIS)} is on PATH"
    raise PackageError(f'{missing}; install one, or set provisioner = "local" to build with python3 and pip.')


def command(cli: str, request: Request, variables: Mapping[str, str]) -> list[str]:
    """Return the command that builds in a container.

    The container has the engine's own architecture whatever the package's: pip chooses wheels for the package's, so no
    emulation is needed. Variables are passed by name: their values may hold a password.
    """
    passed = [argument for name in _PASSED if name in variables for argument in ("--env", name)]
    return [
        *(cli, "run", "--rm", "--interactive", *passed, variables.get("CONTAINER_IMAGE") or IMAGE),
        *("python3", "-c", _INSIDE, "--package", request.package),
        *("--runtime", request.target.runtime, "--architecture", request.target.architecture),
    ]


def explain(cli: str, stderr: str) -> PackageError:
    """Turn the output of a container that failed into a sentence: the builder's own if it came to run."""
    lines = [line.rstrip() for line in stderr.splitlines() if line.strip()]
    for index, line in enumerate(lines):
        if line.startswith(_FAILED):
            return PackageError(line[len(_FAILED) :], tuple(detail[2:] for detail in lines[index + 1 :]))
    shown = tuple(lines[-_SHOWN_LINES:])
    if any(sign in stderr.lower() for sign in _NOT_RUNNING):
        return PackageError(
            f'{cli} is installed but its engine is not running; start it, or set provisioner = "local".', shown
        )
    return PackageError(
        f"{cli} could not run the container, its last lines say why; set CONTAINER_IMAGE if the image cannot be "
        'pulled, or set provisioner = "local".',
        shown,
    )


def _bundle(request: Request) -> bytes:
    """Pack the package's inputs as a tar file."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in sources.inputs(request.root, request.package):
            archive.add(str(request.root / name), arcname=name)
    return buffer.getvalue()


def _check(output: Path, cli: str) -> None:
    """Refuse a zip that lost bytes on its way out of the container."""
    try:
        with zipfile.ZipFile(str(output)) as archive:
            broken = archive.testzip()
    except zipfile.BadZipFile:
        broken = output.name
    if broken:
        raise PackageError(f"{cli} returned a damaged zip ({broken}); run it again.")
