"""Add to an observation what was learnt: what comes next, how large a buffer to have, how instances boot. Pure."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING

from scaler import boot, buffer, look_ahead
from scaler.look_ahead import Upcoming
from scaler.pipelines import CREATED_LIFE_SECONDS, pipelines

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from scaler.capacity import Group, Rules, Snapshot
    from scaler.model import Clock, Project, State
    from scaler.pipelines import Pipeline

# While instances fail to boot, another one is tried after so long, twice as long after each further failure.
RETRY_SECONDS = 60.0
# The state has room for so many jobs of pipelines; those of projects that have more of them are not foreseen.
MAX_JOBS = 4000
MAX_RETRY_SECONDS = 900.0


def learn(state: State, group: Group, now: float) -> State:
    """Return the state with what one more look at the group teaches of booting.

    Args:
        state: what is known.
        group: the group as it is now.
        now: epoch seconds.
    """
    return replace(state, boots=boot.follow(state.boots, group.instances, now, state.observed_at))


def bounded(projects: Mapping[int, Project]) -> Mapping[int, Project]:
    """Return the projects with no more jobs of pipelines than the state has room for, small projects first."""
    sizes = {key: len(project.live) + len(project.created) for key, project in projects.items()}
    if sum(sizes.values()) <= MAX_JOBS:
        return projects
    ranked = sorted(sizes, key=lambda key: sizes[key])
    totals = accumulate(sizes[key] for key in ranked)
    dropped = {key for key, total in zip(ranked, totals, strict=True) if total > MAX_JOBS}
    return {
        key: replace(project, live=(), created=(), created_at=0.0) if key in dropped else project
        for key, project in projects.items()
    }


def foresee(seen: Snapshot, state: State, rules: Rules, now: float) -> Snapshot:
    """Return the observation with what is expected.

    Args:
        seen: what was observed.
        state: what is known, this invocation's reads included.
        rules: what to expect anything of.
        now: epoch seconds.
    """
    seconds = boot.boot_seconds(state.boots)
    expected = Upcoming()
    if rules.looks_ahead:
        expected = look_ahead.upcoming(_pipelines(state, now), dict(state.history), now, seconds)
    return replace(
        seen,
        upcoming=expected.soon,
        retained=expected.later,
        boot_seconds=seconds,
        buffer=buffer.size(state.bursts) if rules.tunes_buffer else None,
        used_up=_used_up(state.instances.values(), rules),
        boot_failures=state.boots.failures,
        may_retry=now >= _retry_at(state),
    )


def follow_bursts(state: State, seen: Snapshot, now: float) -> State:
    """Return the state with one more observation of how many jobs come at once; an incomplete one teaches nothing."""
    if not seen.is_complete:
        return state
    demand = seen.pending + seen.running
    return replace(state, bursts=buffer.follow(state.bursts, demand, demand + seen.upcoming, now, seen.boot_seconds))


def _pipelines(state: State, now: float) -> Iterable[Pipeline]:
    for project in state.projects.values():
        if project.created and now - project.created_at <= CREATED_LIFE_SECONDS:
            yield from pipelines(project.live, project.created)


def _used_up(clocks: Iterable[Clock], rules: Rules) -> int:
    """Return how many free slots take no more jobs, because their instances have had theirs."""
    if not rules.max_jobs:
        return 0
    return sum(max(0, rules.slots - clock.jobs - max(0, rules.max_jobs - clock.taken)) for clock in clocks)


def _retry_at(state: State) -> float:
    pause = RETRY_SECONDS * 2.0 ** min(max(0, state.boots.failures - 3), 9)
    return state.boots.failed_at + min(pause, MAX_RETRY_SECONDS)
