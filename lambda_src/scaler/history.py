"""How long jobs of the same name take, learnt from those that have ended. Pure, and small enough for the state.

A duration is learnt as the moving average of its logarithm, because a job that takes three times as long as usual is
as likely as one that takes a third. The names themselves are not kept.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import math
import re
import struct
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# What has not been seen for longest is forgotten first.
MAX_NAMES = 4000
MAX_NAMES_PER_PROJECT = 400
# The newest duration counts this much at least, so that a job that has become slower is soon known as such.
MIN_SHARE = 0.1
# Until enough of a name has been seen, its durations are taken to vary as much as durations commonly do.
COMMON_VARIANCE = 0.25
_COMMON_WEIGHT = 3

# Jobs that GitLab makes of one by `parallel` differ in "2/8" at the end of their names only.
_PARALLEL = re.compile(r"\s*\d+[\s:/\\]+\d+\s*$")
_PROJECT_BITS, _NAME_BITS = 16, 32
_ENTRY = struct.Struct(">HIHBB")
_MAX_SEEN = 255
_LOG_SCALE, _SPREAD_SCALE = 4000.0, 100.0


@dataclass(frozen=True, slots=True)
class Duration:
    """What is known of a name: mean and standard deviation of its seconds' logarithm, and how often it was seen."""

    log_mean: float
    log_spread: float
    seen: int


# By key, the one seen longest ago first.
History = dict[int, Duration]


def key(project_id: int, name: str) -> int:
    """Return what stands for a job's name in a project; the jobs of one `parallel` share it."""
    project = _digest(str(project_id), _PROJECT_BITS)
    return joined(project, _digest(f"{project_id} {_PARALLEL.sub('', name)}", _NAME_BITS))


def joined(project: int, name: int) -> int:
    """Return the key that `parted` has made two numbers of."""
    return project << _NAME_BITS | name


def parted(name: int) -> tuple[int, int]:
    """Return a name's key as two numbers, of 16 and 32 bits: what stands for the project, and the rest."""
    return project_of(name), name & (1 << _NAME_BITS) - 1


def project_of(name: int) -> int:
    """Return what stands for the project of a name's key."""
    return name >> _NAME_BITS


def learn(history: History, ended: Iterable[tuple[int, float]]) -> History:
    """Return the history with jobs that have ended well, oldest first.

    Args:
        history: what is known.
        ended: key and seconds of each job.
    """
    durations = dict(history)
    for name, seconds in ended:
        if seconds > 0 and math.isfinite(seconds):
            durations[name] = _with(durations.pop(name, None), math.log(max(seconds, 1.0)))
    return _bounded(durations)


def encode(history: History) -> str:
    """Return the history as text: ten bytes for each name, in base64."""
    return base64.b64encode(b"".join(_pack(name, known) for name, known in history.items())).decode()


def decode(text: str) -> History:
    """Return the history that the text holds.

    Raises:
        ValueError: it holds none.
    """
    data = base64.b64decode(text, validate=True)
    try:
        return dict(itertools.starmap(_unpack, _ENTRY.iter_unpack(data)))
    except struct.error as error:
        raise ValueError("the history of durations is cut off") from error


def _with(known: Duration | None, logarithm: float) -> Duration:
    if known is None:
        return Duration(logarithm, math.sqrt(COMMON_VARIANCE), 1)
    share = max(1 / (known.seen + 1), MIN_SHARE)
    error = logarithm - known.log_mean
    weight = max(1 / (known.seen + _COMMON_WEIGHT), MIN_SHARE)
    # The error of a mean of few is larger than the spread alone would make it.
    variance = (1 - weight) * known.log_spread**2 + weight * error**2 * known.seen / (known.seen + 1)
    return Duration(known.log_mean + share * error, math.sqrt(variance), min(known.seen + 1, _MAX_SEEN))


def _bounded(durations: dict[int, Duration]) -> History:
    if len(durations) <= min(MAX_NAMES, MAX_NAMES_PER_PROJECT):
        return durations
    names = Counter(map(project_of, durations))
    excess = len(durations) - MAX_NAMES
    kept: dict[int, Duration] = {}
    for name, known in durations.items():
        project = project_of(name)
        if excess > 0 or names[project] > MAX_NAMES_PER_PROJECT:
            excess -= 1
            names[project] -= 1
        else:
            kept[name] = known
    return kept


def _digest(text: str, bits: int) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=bits // 8).digest())


def _pack(name: int, known: Duration) -> bytes:
    mean = round(min(known.log_mean * _LOG_SCALE, 65535))
    spread = round(min(known.log_spread * _SPREAD_SCALE, 255))
    return _ENTRY.pack(*parted(name), mean, spread, known.seen)


def _unpack(project: int, name: int, mean: int, spread: int, seen: int) -> tuple[int, Duration]:
    return joined(project, name), Duration(mean / _LOG_SCALE, spread / _SPREAD_SCALE, seen)
