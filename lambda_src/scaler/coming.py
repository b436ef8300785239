"""Learn which created jobs hardly ever come, such as those with `when: on_failure`, which GitLab does not name. Pure.

A name gains a point when a pipeline ends without its job, and loses some when its job comes. So one that comes in less
than a quarter of the pipelines is rare in the long run, and one whose stage sometimes fails is not.
"""

from __future__ import annotations

import base64
import itertools
import struct
from typing import TYPE_CHECKING, NamedTuple

from scaler.history import joined, parted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from scaler.pipelines import Created, Live

MAX_NAMES = 1000
# Of one project at a time.
MAX_UNFINISHED = 200
# From so many points on a name is rare, and it has no more than so many.
RARE = 5
_MOST = 12
_FOR_COMING = 3
# Between two stages a pipeline has no jobs under way for a moment. After so long it has ended.
SETTLED_SECONDS = 20.0
# A job that takes longer cannot have come and gone unseen.
EXACT_SECONDS = 10.0
_ENTRY = struct.Struct(">HIB")

# Points by name, of those that have any; the one that was seen longest ago first.
Absences = dict[int, int]


class Unfinished(NamedTuple):
    """Pipelines that seem to have ended.

    Attributes:
        at: when they were first seen without jobs under way.
        jobs: pipeline and name of the jobs that had not come by then.
    """

    at: float = 0.0
    jobs: tuple[tuple[int, int], ...] = ()


class Reading(NamedTuple):
    """A project's jobs under way.

    Attributes:
        live: the jobs.
        at: when they were read.
        told_at: when the first hook since the reading before came, 0 = none did; a job that comes makes one.
    """

    live: Collection[Live]
    at: float
    told_at: float


NOTHING = Unfinished()


def follow(
    absences: Absences, left: Unfinished, before: Collection[Live], created: Collection[Created], now: Reading
) -> tuple[Absences, Unfinished]:
    """Return what is known after one more reading of a project.

    Args:
        absences: what is known.
        left: pipelines of the project that seem to have ended.
        before: the jobs that were under way when it was read before.
        created: the jobs that were to come then.
        now: what was read.
    """
    there = {job.id for job in before}
    absences = came(absences, {job.name for job in now.live if job.id not in there})
    going_on = {job.pipeline for job in now.live}
    may_have_come = bool(now.told_at) and now.at - now.told_at > EXACT_SECONDS
    still = () if may_have_come else tuple(job for job in left.jobs if job[0] not in going_on)
    if still and now.at - left.at < SETTLED_SECONDS:
        return absences, left._replace(jobs=still)
    absences = stayed_away(absences, {name for _, name in still})
    ended = {job.pipeline for job in before} - going_on
    return absences, _left(ended, created, now)


def came(absences: Absences, names: Iterable[int]) -> Absences:
    """Return what is known when jobs of some names come."""
    seen = {name: absences[name] - _FOR_COMING for name in names if name in absences}
    return {name: points for name, points in (absences | seen).items() if points > 0} if seen else absences


def stayed_away(absences: Absences, names: Iterable[int]) -> Absences:
    """Return what is known when jobs of some names have not come."""
    known = dict(absences)
    for name in names:
        known[name] = min(known.pop(name, 0) + 1, _MOST)
    return dict(itertools.islice(known.items(), max(0, len(known) - MAX_NAMES), None))


def is_rare(absences: Mapping[int, int], name: int) -> bool:
    """Return whether jobs of a name hardly ever come."""
    return absences.get(name, 0) >= RARE


def encode(absences: Mapping[int, int]) -> str:
    """Return the points as text: seven bytes for each name, in base64."""
    entries = (_ENTRY.pack(*parted(name), points) for name, points in absences.items())
    return base64.b64encode(b"".join(entries)).decode()


def decode(text: str) -> Absences:
    """Return the points that the text holds.

    Raises:
        ValueError: it holds none.
    """
    data = base64.b64decode(text, validate=True)
    try:
        return {joined(project, name): points for project, name, points in _ENTRY.iter_unpack(data)}
    except struct.error as error:
        raise ValueError("what is known of jobs that do not come is cut off") from error


def _left(ended: set[int], created: Collection[Created], now: Reading) -> Unfinished:
    """Return what pipelines leave that may have ended, if it is certain that nothing of it came and went unseen."""
    if not ended or now.at - now.told_at > EXACT_SECONDS:
        return NOTHING
    # What waits for a person, or for what waits for one, may come yet.
    waits = {job.pipeline for job in created if not (job.is_automatic or job.is_optional)}
    names = dict.fromkeys(
        (job.pipeline, job.name) for job in created if job.is_automatic and job.pipeline in ended - waits
    )
    return Unfinished(now.at, tuple(names)[:MAX_UNFINISHED]) if names else NOTHING
