"""``make audit``: known vulnerabilities of what is locked, or without an advisory service a review of the locks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools import lock
from tools.security import scanners
from tools.security.lockfile import Pin, normalise, parse

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    Ask = Callable[[str], subprocess.CompletedProcess[str]]

LOCKS = tuple(f"{name}.txt" for name in lock.FILES)


@dataclass(frozen=True)
class Advice:
    """What an advisory service said about one lock file.

    Args:
        known: Names of the distributions it knows; none = the service was not reached.
        unknown: Names that it does not know.
        vulnerabilities: One line each.
    """

    known: tuple[str, ...]
    unknown: tuple[str, ...]
    vulnerabilities: tuple[str, ...]


NO_ADVICE = Advice((), (), ())


def main(locks: tuple[str, ...] = LOCKS, ask: Ask = scanners.pip_audit) -> int:
    """Print the audit of every lock file and return how many complaints there are.

    Args:
        locks: The files, relative to the root.
        ask: Runs pip-audit on one of them.
    """
    reached, complaints = True, 0
    for name in locks:
        pins = parse((scanners.ROOT / name).read_text(encoding="utf-8"))
        advice = read(ask(name).stdout) if reached else NO_ADVICE
        reached = bool(advice.known)
        print(f"{name}: {len(pins)} distributions")
        complaints += _complain(pins, advice)
        for pin in _not_asked(pins, advice) if reached else pins:
            print(f"  {pin.name or pin.text} {pin.version}, {pin.hashes} files allowed: not audited")
    if not reached:
        print(
            "NO ADVISORY DATA WAS REACHED: nothing above is known to be free of vulnerabilities. Run make audit where "
            "pypi.org answers; release dates come from there as well."
        )
    return complaints


def read(output: str) -> Advice:
    """Read pip-audit's JSON; anything else means that it has nothing to say."""
    try:
        entries = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return NO_ADVICE
    found = tuple(
        f"{entry['name']} {entry['version']}: {flaw['id']}, fixed in {', '.join(flaw['fix_versions']) or 'no version'}"
        for entry in entries
        for flaw in entry.get("vulns", [])
    )
    skipped = tuple(entry["name"] for entry in entries if "skip_reason" in entry)
    return Advice(tuple(entry["name"] for entry in entries if "skip_reason" not in entry), skipped, found)


def _complain(pins: list[Pin], advice: Advice) -> int:
    """Print what is wrong with a lock file; returns how many lines that took."""
    complaints = [f"{pin.text}: {pin.problem}" for pin in pins if pin.problem] + list(advice.vulnerabilities)
    if not pins:
        complaints.append("nothing is locked")
    if advice.known:  # not knowing one of many is a finding; not knowing any is no service
        complaints += [f"{name}: unknown to the advisory service" for name in advice.unknown]
    for complaint in complaints:
        print(f"  PROBLEM {complaint}")
    return len(complaints)


def _not_asked(pins: list[Pin], advice: Advice) -> list[Pin]:
    """Return what pip-audit left out, such as what is installed on other systems only."""
    asked = {normalise(name) for name in advice.known + advice.unknown}
    return [pin for pin in pins if normalise(pin.name) not in asked]
