"""Runs pip for the Lambda platform and explains its failures."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tools.package.errors import PackageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from importlib.machinery import ModuleSpec

    from tools.package.target import Target

# How to reach an index is the user's business and is kept; every other setting would change what is installed where.
NETWORK_SETTINGS = (
    "CACHE_DIR",
    "CERT",
    "CLIENT_CERT",
    "CONFIG_FILE",
    "EXTRA_INDEX_URL",
    "FIND_LINKS",
    "INDEX_URL",
    "KEYRING_PROVIDER",
    "NO_CACHE_DIR",
    "NO_INDEX",
    "PROXY",
    "TRUSTED_HOST",
)
# Said in variables, which win over every configuration file. An empty constraints file undoes a configured one.
_NEUTRAL = {
    "PIP_CONSTRAINT": os.devnull,
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_INPUT": "1",
    "PIP_REQUIRE_VIRTUALENV": "0",
    "PIP_USER": "0",
    "NO_COLOR": "1",
    "PYTHONIOENCODING": "utf-8",
}
_SHOWN_LINES = 6
_UNREACHABLE = (
    "connection broken by",
    "NewConnectionError",
    "Max retries exceeded",
    "ProxyError",
    "Read timed out",
    "ReadTimeoutError",
    "name resolution",
)
_WAYS_OUT = "or set lambda.package_path to a ready-made zip"


def install(requirements: str, target: Target, folder: Path) -> None:
    """Install locked distributions for the target below a folder.

    Args:
        requirements: A requirements file with exact versions and hashes.
        target: The runtime and architecture that wheels must fit; nothing is compiled.
        folder: A new folder; the requirements file is put beside it.

    Raises:
        PackageError: pip is missing, or failed.
    """
    listed = folder.with_suffix(".txt")
    listed.write_text(requirements, encoding="utf-8")
    command = [*find_pip(), *_arguments(target), "--target", str(folder), "--requirement", str(listed)]
    code, output = _run(command, folder.parent)
    if code != 0:
        raise explain(output.decode("utf-8", "replace"), target)


def find_pip(find_spec: Callable[[str], ModuleSpec | None] = importlib.util.find_spec) -> list[str]:
    """Return the command that is pip for this interpreter.

    A virtual environment made without pip still has the wheel that Python brings to install pip from, and that
    wheel runs as it is.

    Args:
        find_spec: Finds a module of this interpreter without importing it.

    Raises:
        PackageError: There is neither.
    """
    if find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    ensurepip = find_spec("ensurepip")
    folders = ensurepip.submodule_search_locations if ensurepip else None
    wheels = sorted(wheel for folder in folders or () for wheel in Path(folder).glob("_bundled/pip-*.whl"))
    if wheels:
        return [sys.executable, str(wheels[-1] / "pip")]
    raise PackageError(
        f"pip is missing: `{sys.executable} -m pip` does not run; install it (python3-pip in most systems), set "
        f'provisioner = "container", {_WAYS_OUT}.'
    )


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return pip's environment: the user's, with only those of pip's settings that say how to reach an index."""
    network = {f"PIP_{name}" for name in NETWORK_SETTINGS}
    kept = {name: value for name, value in variables.items() if not name.startswith("PIP_") or name in network}
    return {**kept, **_NEUTRAL}


def explain(output: str, target: Target) -> PackageError:
    """Turn the output of a pip that failed into a sentence, with its last lines below."""
    lines = [line.rstrip() for line in output.splitlines() if line.strip()]
    return PackageError(_sentence(output, target), tuple(lines[-_SHOWN_LINES:]))


def _run(command: list[str], folder: Path) -> tuple[int, bytes]:
    """Run pip to its end, and end it if this process is told to stop; returns its exit code and output."""
    process = subprocess.Popen(
        command,
        # Elsewhere a file named like a module of pip's could be imported from the working directory.
        cwd=str(folder),
        env=environment(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    with process:
        try:
            output = process.communicate()[0]
        finally:  # subprocess.run would not wait for it, and it could write into a folder that is being removed
            process.kill()
            process.wait()
    return process.returncode, output


def _arguments(target: Target) -> list[str]:
    """Return pip's arguments that depend on nothing but the target."""
    platforms = [argument for platform in target.platforms for argument in ("--platform", platform)]
    return [
        *("install", "--require-hashes", "--no-deps", "--only-binary", ":all:", *platforms),
        *("--python-version", target.python_version, "--implementation", "cp"),
        # `pip install` compares Requires-Python with the Python it runs on; the lock was made for the runtime's.
        "--ignore-requires-python",
        # Without this pip adds the flags of the Python it runs on (debug, free-threaded).
        *("--abi", "cp" + target.python_version.replace(".", "")),
        *("--no-compile", "--progress-bar", "off", "--retries", "3", "--timeout", "20"),
    ]


def _sentence(output: str, target: Target) -> str:
    """Name the cause of a failure and the way out."""
    if "DO NOT MATCH THE HASHES" in output:
        return (
            "A downloaded distribution does not match its hash in lambda_src/requirements.txt; check the index or "
            "proxy that pip uses, and if the lock file was edited run `make lock`."
        )
    if "CERTIFICATE_VERIFY_FAILED" in output:
        return "pip does not trust the package index's certificate; set PIP_CERT to your organisation's CA bundle."
    if any(sign in output for sign in _UNREACHABLE):
        return (
            "pip cannot reach the package index; check the network, set HTTPS_PROXY or PIP_INDEX_URL if you need a "
            f"proxy or a mirror, {_WAYS_OUT}."
        )
    if "no such option" in output:
        return "pip is too old; upgrade it with `python3 -m pip install --upgrade pip`."
    missing = re.search(r"No matching distribution found for (\S+)", output)
    if missing:
        return (
            f"The package index has no wheel of {missing.group(1)} for {target}; check PIP_INDEX_URL, or lock "
            "another version with `make lock`."
        )
    return "pip failed, its last lines say why; run the command again with them in mind."
