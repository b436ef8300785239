"""Add to an observation what was learnt: what comes next, how large a buffer to have, how instances boot. Pure."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING

from scaler import boot, buffer, look_ahead
from scaler.coming import is_rare
from scaler.look_ahead import Upcoming
from scaler.model import FORGOTTEN
from scaler.pipelines import CREATED_LIFE_SECONDS, pipelines

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from scaler.boot import Boots
    from scaler.capacity import Group, Rules, Snapshot
    from scaler.model import Clock, Project, State
    from scaler.pipelines import Pipeline

# While instances fail to boot, another one is tried after so long, twice as long after each further failure.
RETRY_SECONDS = 60.0
# The state has room for so many jobs of pipelines; those of projects that have more of them are not foreseen.
MAX_JOBS = 4000
# What so many jobs need takes as much room as one of them.
_NEEDS_PER_JOB = 5
MAX_RETRY_SECONDS = 900.0


def learn(state: State, group: Group, rules: Rules, now: float) -> State:
    """Return the state with what one more look at the group teaches of booting.

    Args:
        state: what is known, the instances as of the last look.
        group: the group as it is now.
        rules: how instances end.
        now: epoch seconds.
    """
    named = {system_id for project in state.projects.values() for system_id in project.running}
    look = boot.Look(
        at=now,
        last_at=state.observed_at,
        hook_at=state.last_hook_at,
        busy=frozenset(instance.id for instance in group.instances if instance.system_id in named),
        served=state.instances.keys(),
        asked=max(0, state.desired_left - len(state.instances) - len(state.boots.booting)),
        lowered=max(0, state.desired_left - group.desired),
        is_short_lived=rules.max_jobs > 0,
    )
    return replace(state, boots=boot.follow(state.boots, group.instances, look))


def bounded(projects: Mapping[int, Project]) -> Mapping[int, Project]:
    """Return the projects with no more jobs of pipelines than the state has room for, small projects first."""
    sizes = {key: _size(project) for key, project in projects.items()}
    if sum(sizes.values()) <= MAX_JOBS:
        return projects
    ranked = sorted(sizes, key=lambda key: sizes[key])
    totals = accumulate(sizes[key] for key in ranked)
    dropped = {key for key, total in zip(ranked, totals, strict=True) if total > MAX_JOBS}
    return {key: replace(project, **FORGOTTEN) if key in dropped else project for key, project in projects.items()}


def _size(project: Project) -> float:
    """Return how many jobs take as much room as what is kept of a project's pipelines."""
    needs = sum(len(job.needs) for job in project.created if job.needs)
    return len(project.live) + len(project.created) + len(project.unfinished.jobs) + needs / _NEEDS_PER_JOB


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
        may_retry=now >= retry_at(state.boots),
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
            cut = frozenset(project.created_cut)
            known = (job for job in project.created if job.pipeline not in cut)
            yield from pipelines(project.live, (job for job in known if not is_rare(state.absences, job.name)))


def _used_up(clocks: Iterable[Clock], rules: Rules) -> int:
    """Return how many free slots take no more jobs, because their instances have had theirs."""
    if not rules.max_jobs:
        return 0
    return sum(max(0, rules.slots - clock.jobs - max(0, rules.max_jobs - clock.taken)) for clock in clocks)


def retry_at(boots: Boots) -> float:
    """Return when one more instance is tried, although those before it have not reached service."""
    pause = RETRY_SECONDS * 2.0 ** min(max(0, boots.failures - 3), 9)
    return boots.failed_at + min(pause, MAX_RETRY_SECONDS)
