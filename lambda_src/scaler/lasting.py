"""Name what lasts: conditions that are said when they begin, and not with each observation after. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scaler.capacity import Plan, Snapshot

# Words, and when they were last true.
Said = tuple[tuple[str, float], ...]

# Instances that were asked for usually exist within seconds.
MISSING_SECONDS = 60
# What comes and goes, and what is over only as far as is known, is said again when it was not true for so long.
QUIET_SECONDS = 600.0
MAX_SAID = 20
_UNKNOWN = "unknown: "


def lasting(snapshot: Snapshot, plan: Plan) -> tuple[str, ...]:
    """Return what is worth a warning and need not be repeated each minute."""
    return tuple(_lasting(snapshot, plan))


def causes(snapshot: Snapshot) -> tuple[str, ...]:
    """Return why something is unknown: of many projects, one or another often cannot be read."""
    # What is unknown stands before its cause: "project 42 (GitLab answers 503)".
    return tuple(_UNKNOWN + (words.partition(" (")[2] or words) for words in snapshot.unknown)


def new(words: Iterable[str], said: Said) -> tuple[str, ...]:
    """Return the words that have not been said; of more causes than can be remembered no further ones are news."""
    known = dict(said)
    is_full = len(known) >= MAX_SAID
    return tuple(each for each in words if each not in known and not (is_full and each.startswith(_UNKNOWN)))


def say(said: Said, snapshot: Snapshot, plan: Plan, now: float) -> Said:
    """Return what has been said after an observation, without what is over.

    Args:
        said: what had been said before.
        snapshot: what was observed.
        plan: what was planned.
        now: epoch seconds.
    """
    kept = {words: at for words, at in said if now - at <= QUIET_SECONDS and not _is_over(words, snapshot)}
    holds = dict.fromkeys((*causes(snapshot), *lasting(snapshot, plan)), now)
    # What holds now stands at the end, and is kept first.
    over = {words: at for words, at in kept.items() if words not in holds}
    return tuple((over | holds).items())[-MAX_SAID:]


def _lasting(snapshot: Snapshot, plan: Plan) -> Iterator[str]:
    if plan.is_capped:
        yield f"more is needed than the maximum of {snapshot.maximum}; raise asg.max_size if jobs wait too long"
    if snapshot.desired > snapshot.staying and snapshot.unfulfilled_seconds >= MISSING_SECONDS:
        yield "instances that were asked for do not come; the group's activities say why, such as no spot capacity"


def _is_over(words: str, snapshot: Snapshot) -> bool:
    """Return whether what was said is known not to be true any more, if it is not true now."""
    return snapshot.is_complete and not words.startswith(_UNKNOWN)
