"""What the scaler knows beyond counts: pipelines that are under way, learnt durations, boot times.

It is as old as in the real scaler. What runs and waits in a project is read after each of its jobs' changes, with the
decision. Which jobs come later is asked with it, but not again within 15 seconds, of a project that had jobs when it
was read before; the answer holds the newest 100 jobs, and older ones are remembered. Durations are those of jobs that
ended before the decision, well or not, because a job list does not tell.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scaler import boot, history, look_ahead, pipelines
from scaler.capacity import Instance
from scaler.observe import HINT_LIFE_SECONDS
from tools.simulator.dependencies import Status
from tools.simulator.workload import When

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tools.simulator.dependencies import Pipeline
    from tools.simulator.fleet import Fleet
    from tools.simulator.workload import Job

# GitLab's answer has so many later jobs of a project at most.
MAX_CREATED = 100
# Of jobs beyond them, those that an earlier answer had are remembered; see scaler.pipelines.remembered.
REMEMBERS = True
# What is foreseen of a pipeline in which nothing happens is computed anew so often; the scaler does it each time.
CACHE_SECONDS = 15.0
_LIVE = frozenset({Status.PENDING, Status.RUNNING})
_TO_COME = frozenset({Status.CREATED, Status.SKIPPED})


@dataclass
class BootTimes:
    """How long instances take to boot, as the scaler measures it."""

    _boots: boot.Boots = field(init=False, default_factory=boot.Boots)
    _looked_at: float = field(init=False, default=0.0)

    def look(self, fleet: Fleet) -> float:
        """Follow the instances that boot, or did when last seen, and return the boot time."""
        known = (fleet.hosts[key] for key in self._boots.booting if key in fleet.hosts)
        hosts = {host.id: host for host in (*known, *fleet.booting_hosts.values())}
        if hosts or self._boots.booting:
            instances = [Instance(host.id, host.phase) for host in hosts.values()]
            self._boots = boot.follow(self._boots, instances, fleet.now, self._looked_at)
        self._looked_at = fleet.now
        return boot.boot_seconds(self._boots)


@dataclass
class _Known:
    """A pipeline as it was read, and what was foreseen of it when."""

    version: int
    created: Sequence[Job]
    jobs: pipelines.Pipeline = ()
    here: int = 0
    at: float = float("-inf")
    soon: list[int] = field(default_factory=list)
    later: list[int] = field(default_factory=list)


@dataclass
class _Project:
    """When the later jobs of a project were read, and whether jobs ran or waited when it was last read."""

    created_at: float = float("-inf")
    has_live: bool = False
    created: Mapping[int, Sequence[Job]] = field(default_factory=dict)


@dataclass
class Foresight:
    """The scaler's look-ahead, on the pipelines of the simulation.

    Attributes:
        sees_needs: whether jobs' needs are known; otherwise all seem to be in stage order.
        cache_seconds: for how long what is foreseen of an unchanged pipeline is kept.
    """

    sees_needs: bool = True
    cache_seconds: float = CACHE_SECONDS
    _history: history.History = field(init=False, default_factory=dict)
    _keys: dict[tuple[int, str], int] = field(init=False, default_factory=dict)
    _known: dict[int, _Known] = field(init=False, default_factory=dict)
    _projects: dict[int, _Project] = field(init=False, default_factory=dict)

    def look(self, fleet: Fleet, boot_seconds: float) -> look_ahead.Upcoming:
        """Learn from the jobs that have ended, and foresee those that are to come."""
        if fleet.ended:
            ended = [(self._key(job), seconds) for job, seconds in fleet.ended]
            self._history = history.learn(self._history, ended)
            fleet.ended.clear()
        self._read(fleet)
        known = [pipeline for pipeline in self._known.values() if pipeline.jobs]
        for pipeline in known:
            self._foresee(pipeline, fleet.now, boot_seconds)
        here = sum(pipeline.here for pipeline in known)
        soon = look_ahead.combine((pipeline.soon for pipeline in known), look_ahead.LAUNCH_RISK)
        later = look_ahead.combine((pipeline.later for pipeline in known), look_ahead.KEEP_RISK)
        return look_ahead.Upcoming(max(0, soon - here), max(0, soon - here, later - here))

    def foreseen(self) -> list[pipelines.Pipeline]:
        """Return the pipelines that the last look was at."""
        return [pipeline.jobs for pipeline in self._known.values() if pipeline.jobs]

    def learnt(self) -> history.History:
        """Return what is known of durations."""
        return self._history

    def _read(self, fleet: Fleet) -> None:
        """Read the projects in which something has changed."""
        changed = set()
        for gone in self._known.keys() - fleet.pipelines.keys():
            del self._known[gone]
        of_project: dict[int, list[Pipeline]] = {}
        for pipeline in fleet.pipelines.values():
            of_project.setdefault(pipeline.project, []).append(pipeline)
            known = self._known.get(pipeline.number)
            if known is None or known.version != pipeline.version:
                changed.add(pipeline.project)
        for number in changed:
            self._read_project(fleet, number, of_project[number])

    def _read_project(self, fleet: Fleet, number: int, under_way: Sequence[Pipeline]) -> None:
        project = self._projects.setdefault(number, _Project())
        if project.has_live and fleet.now - project.created_at >= HINT_LIFE_SECONDS:
            project.created_at = fleet.now
            project.created = _newest(under_way, project.created)
        project.has_live = any(_live(pipeline) for pipeline in under_way)
        if not project.has_live:
            project.created, project.created_at = {}, float("-inf")
        for pipeline in under_way:
            created = project.created.get(pipeline.number, ())
            known = self._known.get(pipeline.number)
            if known is None or known.version != pipeline.version or known.created is not created:
                self._known[pipeline.number] = self._pipeline(fleet, pipeline, created)

    def _pipeline(self, fleet: Fleet, pipeline: Pipeline, created: Sequence[Job]) -> _Known:
        live = [self._as_live(fleet, pipeline, job) for job in _live(pipeline)]
        seen = pipelines.pipelines(live, [self._as_created(fleet, pipeline, job) for job in created])
        jobs = next(iter(seen), ())
        here = sum(job.is_ours and job.status is not pipelines.Status.CREATED for job in jobs)
        return _Known(pipeline.version, created, jobs, here)

    def _foresee(self, known: _Known, now: float, boot_seconds: float) -> None:
        if now - known.at > self.cache_seconds:
            known.at = now
            at = (self._history, now, boot_seconds)
            known.soon = look_ahead.courses(known.jobs, *at, boot_seconds)
            known.later = look_ahead.courses(known.jobs, *at, look_ahead.KEEP_BOOTS * boot_seconds)

    def _key(self, job: Job) -> int:
        named = (job.project, job.name)
        if named not in self._keys:
            self._keys[named] = history.key(*named)
        return self._keys[named]

    def _as_live(self, fleet: Fleet, pipeline: Pipeline, job: Job) -> pipelines.Live:
        return pipelines.Live(
            id=job.number,
            pipeline=pipeline.number,
            name=self._key(job),
            stage=job.stage,
            since=pipeline.since[job.number],
            is_running=pipeline.status[job.number] is Status.RUNNING,
            is_ours=fleet.setup.takes(job.tags),
        )

    def _as_created(self, fleet: Fleet, pipeline: Pipeline, job: Job) -> pipelines.Created:
        needs = None
        if self.sees_needs and job.needs is not None:
            needs = tuple(self._key(pipeline.jobs[number]) for number in job.needs)
        return pipelines.Created(
            id=job.number,
            pipeline=pipeline.number,
            name=self._key(job),
            stage=job.stage,
            needs=needs,
            is_ours=fleet.setup.takes(job.tags),
            is_automatic=job.when is When.ON_SUCCESS,
            is_optional=not job.blocks,
        )


def _live(pipeline: Pipeline) -> list[Job]:
    return [job for number, job in pipeline.jobs.items() if pipeline.status[number] in _LIVE]


def _newest(under_way: Sequence[Pipeline], before: Mapping[int, Sequence[Job]]) -> dict[int, Sequence[Job]]:
    """Return the later jobs of a project by pipeline: GitLab's answer, and what is remembered beyond it."""
    created: dict[int, Sequence[Job]] = {}
    left = MAX_CREATED
    for pipeline in sorted(under_way, key=lambda pipeline: -pipeline.number):
        jobs = [job for number, job in pipeline.jobs.items() if pipeline.status[number] is Status.CREATED]
        kept = jobs[max(0, len(jobs) - left) :]
        left -= len(kept)
        if REMEMBERS and len(kept) < len(jobs):
            seen = {job.number for job in kept}
            known = (job for job in before.get(pipeline.number, ()) if job.number not in seen)
            # What was seen to be under way since is no longer to come.
            kept = [*(job for job in known if pipeline.status[job.number] in _TO_COME), *kept]
        if kept:
            created[pipeline.number] = kept
    return created
