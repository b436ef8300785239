"""What a hash-locked requirements file names; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PIN = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(\[[^]]*\])?==(?P<version>[^\s;]+)")


@dataclass(frozen=True)
class Pin:
    """One requirement of a lock file.

    Args:
        text: The requirement, without its hashes.
        name: Name of the distribution; "" if it is not pinned to a version.
        version: The version; "" if it is not pinned.
        hashes: How many files may be installed for it.
    """

    text: str
    name: str
    version: str
    hashes: int

    @property
    def problem(self) -> str:
        """What lets something else be installed than was locked; "" if nothing does."""
        if not self.name:
            return "not pinned with =="
        return "" if self.hashes else "no hash"


def parse(text: str) -> list[Pin]:
    """Return the requirements of a lock file; options of the file itself count as not pinned."""
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    logical = re.sub(r"\\\n", " ", "\n".join(lines)).splitlines()
    return [_pin(line) for line in logical if line.strip()]


def normalise(name: str) -> str:
    """Return a name as the package index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _pin(line: str) -> Pin:
    requirement = line.split("--hash=", 1)[0].strip()
    match = _PIN.match(requirement)
    hashes = len(re.findall(r"--hash=sha256:[0-9a-f]{64}(?=\s|$)", line))
    return Pin(requirement, match["name"] if match else "", match["version"] if match else "", hashes)
