"""Picks a package's distributions from the one lock file of all of them."""

from __future__ import annotations

import re

from tools.package.errors import PackageError

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_PIN = re.compile(rf"({_NAME.pattern})==([^\s;\\]+)")


def parse_names(text: str) -> tuple[str, ...]:
    """Read a `distributions.txt`: one distribution a line, `#` begins a comment.

    Raises:
        PackageError: A line is no distribution's name.
    """
    lines = (line.split("#", 1)[0].strip() for line in text.splitlines())
    names = [line for line in lines if line]
    for name in names:
        if not _NAME.fullmatch(name):
            raise PackageError(
                f'"{name}" in distributions.txt is no distribution\'s name; write one bare name a line, '
                "its version comes from lambda_src/requirements.txt."
            )
    return tuple(names)


def select(lock: str, names: tuple[str, ...]) -> str:
    """Filter the lock file to some of its distributions.

    Environment markers are dropped: pip would evaluate them for the Python it runs on, not for the Lambda runtime,
    and `distributions.txt` has already decided what is shipped.

    Args:
        lock: The text of a requirements file, hash-locked by `uv pip compile --generate-hashes`.
        names: The distributions wanted.

    Returns:
        A requirements file with the wanted ones only, in the order of their names.

    Raises:
        PackageError: A wanted distribution is not in the lock, in it more than once, or without hashes.
    """
    entries = _entries(lock)
    return "".join(_pinned(name, entries.get(_normalise(name), [])) for name in sorted(names, key=_normalise))


def _entries(lock: str) -> dict[str, list[str]]:
    """Group the lock's logical lines by normalised distribution name."""
    entries: dict[str, list[str]] = {}
    lines = (line for line in lock.splitlines() if not line.lstrip().startswith("#"))
    for entry in re.sub(r"\\\n", " ", "\n".join(lines)).splitlines():
        match = _NAME.match(entry)
        if match:
            entries.setdefault(_normalise(match.group()), []).append(entry)
    return entries


def _pinned(name: str, found: list[str]) -> str:
    """Return the one requirement line of a distribution: name, version, hashes."""
    if not found:
        raise PackageError(
            f'Distribution "{name}" is not in lambda_src/requirements.txt; add it to requirements.in and run '
            "`make lock`, or take it out of distributions.txt."
        )
    pin, hashes = _PIN.match(found[0]), re.findall(r"--hash=\S+", found[0])
    if len(found) > 1 or not pin or not hashes:
        raise PackageError(
            f'Distribution "{name}" is not pinned once with == and hashes in lambda_src/requirements.txt; '
            "run `make lock`."
        )
    return " ".join([pin.group(), *hashes]) + "\n"


def _normalise(name: str) -> str:
    """Return the name as the package index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
