"""Reads what a zip holds: the distributions whose METADATA it ships."""

from __future__ import annotations

import email
import re
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from email.message import Message
    from pathlib import Path

_REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Distribution:
    """A distribution in a zip, in the words of its METADATA.

    Args:
        name: Its normalised name.
        version: Its version.
        licence: An SPDX expression, or whatever else it says; "" if it says nothing.
        summary: One line.
        needs: Normalised names of what it needs, without extras.
    """

    name: str
    version: str
    licence: str
    summary: str
    needs: frozenset[str]


def distributions(path: Path) -> list[Distribution]:
    """Return the distributions in a zip, in the order of their names."""
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name)]
        found = [_distribution(email.message_from_bytes(archive.read(name))) for name in names]
    return sorted(found, key=lambda distribution: distribution.name)


def normalise(name: str) -> str:
    """Return a name as the package index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _distribution(metadata: Message) -> Distribution:
    wanted = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    needs = frozenset(normalise(match.group()) for line in wanted if (match := _REQUIREMENT.match(line)))
    return Distribution(
        normalise(metadata["Name"]), metadata["Version"], _licence(metadata), metadata.get("Summary", ""), needs
    )


def _licence(metadata: Message) -> str:
    """Return the licence from the first field that has one; some put the whole text into License."""
    expression = metadata.get("License-Expression") or metadata.get("License") or ""
    if expression and "\n" not in expression:
        return str(expression)
    classifiers = [line.rsplit(" :: ", 1)[-1] for line in metadata.get_all("Classifier", []) if "License ::" in line]
    return " and ".join(classifiers)
