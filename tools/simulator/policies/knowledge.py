"""What the scaler knows beyond counts: pipelines that are under way, learnt durations, boot times.

It is as old as in the real scaler. What runs and waits in a project is read after each of its jobs' changes, with the
decision. Which jobs come later is asked with it, but not again within 15 seconds, of a project that had jobs when it
was read before; the answer holds the newest 100 jobs, and those behind them come with the next answers. Durations are
those of jobs that were seen to run and are gone, as far as looks tell when, and ended well or not, because a job list
does not tell. Which jobs come only after a failure is not told; that a name hardly ever comes is learnt.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from scaler import boot, coming, history, look_ahead, pages, pipelines
from scaler.capacity import Instance
from scaler.courses import POINTS, courses, order
from scaler.expectations import Expectations
from scaler.observe import HINT_LIFE_SECONDS
from tools.simulator.dependencies import Status
from tools.simulator.workload import When

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from scaler.courses import Courses, Order
    from tools.simulator.dependencies import Pipeline
    from tools.simulator.fleet import Fleet
    from tools.simulator.hosts import Host
    from tools.simulator.workload import Job

# GitLab's answer has so many later jobs of a project at most.
MAX_CREATED = 100
# What is foreseen of a pipeline in which nothing happens is computed anew when it is so many boot times old, because so
# far apart are the moments that are looked at; the scaler does it each time.
STALE_BOOTS = 1 / POINTS


@dataclass
class BootTimes:
    """How long instances take to boot, as the scaler measures it.

    Attributes:
        webhook: seconds from a job's start to the look that it causes, 0 = it causes none.
    """

    webhook: float = 0.0
    _boots: boot.Boots = field(init=False, default_factory=boot.Boots)
    _looked_at: float = field(init=False, default=0.0)
    _newest: int = field(init=False, default=-1)

    @property
    def known(self) -> boot.Boots:
        """What is known of booting."""
        return self._boots

    def look(self, fleet: Fleet) -> float:
        """Follow the instances that boot, or did when last seen, and return the boot time."""
        known = (fleet.hosts[key] for key in self._boots.booting if key in fleet.hosts)
        new = list(takewhile(lambda host: host.number > self._newest, reversed(fleet.hosts.values())))
        hosts = {host.id: host for host in (*known, *fleet.booting_hosts.values(), *new)}
        if hosts or self._boots.booting:
            instances = [Instance(host.id, host.phase) for host in hosts.values()]
            self._boots = boot.follow(self._boots, instances, self._seen(fleet, hosts.values(), len(new)))
        self._looked_at = fleet.now
        self._newest = max(self._newest, *(host.number for host in new), -1)
        return boot.boot_seconds(self._boots)

    def _seen(self, fleet: Fleet, hosts: Iterable[Host], asked: int) -> boot.Look:
        return boot.Look(
            fleet.now,
            self._looked_at,
            hook_at=fleet.now - self.webhook if self.webhook else 0.0,
            busy=frozenset(host.id for host in hosts if host.jobs),
            asked=asked,
        )


@dataclass
class _Known:
    """A pipeline as it was read, and what was foreseen of it when."""

    source: Pipeline
    version: int
    created: Sequence[pipelines.Created]
    live: frozenset[int] = frozenset()
    jobs: pipelines.Pipeline = ()
    here: int = 0
    at: float = float("-inf")
    order: Order | None = None
    courses: Courses | None = None
    index: int = -1
    placed: list[int] = field(default_factory=list)


@dataclass
class _Project:
    """When the later jobs of a project were read, and whether jobs ran or waited when it was last read."""

    created_at: float = float("-inf")
    has_live: bool = False
    known: pages.Known = pages.NOTHING
    created: Mapping[int, Sequence[pipelines.Created]] = field(default_factory=dict)


@dataclass
class Foresight:
    """The scaler's look-ahead, on the pipelines of the simulation.

    Attributes:
        sees_needs: whether jobs' needs are known; otherwise all seem to be in stage order.
        webhook: seconds from a job's end to the look that it causes; 0 = it causes none, so that the end lies anywhere
            between two looks, and it is not certain what did not come.
        stale_boots: for how many boot times what is foreseen of an unchanged pipeline is kept.
    """

    sees_needs: bool = True
    webhook: float = 1.5
    stale_boots: float = STALE_BOOTS
    _looked_at: float = field(init=False, default=0.0)
    _history: history.History = field(init=False, default_factory=dict)
    _expected: Expectations = field(init=False, default_factory=lambda: Expectations({}))
    _absences: coming.Absences = field(init=False, default_factory=dict)
    _keys: dict[tuple[int, str], int] = field(init=False, default_factory=dict)
    _known: dict[int, _Known] = field(init=False, default_factory=dict)
    _projects: dict[int, _Project] = field(init=False, default_factory=dict)
    _created: dict[int, dict[int, pipelines.Created]] = field(init=False, default_factory=dict)
    _lives: dict[int, tuple[int, list[pipelines.Live]]] = field(init=False, default_factory=dict)

    def look(self, fleet: Fleet, boot_seconds: float) -> look_ahead.Upcoming:
        """Learn from the jobs that have ended, and foresee those that are to come."""
        self._learn(fleet)
        self._read(fleet)
        known = [pipeline for pipeline in self._known.values() if pipeline.jobs]
        for index, pipeline in enumerate(known):
            self._foresee(pipeline, index, fleet.now, boot_seconds)
        here = sum(pipeline.here for pipeline in known)
        return look_ahead.combine([pipeline.placed for pipeline in known], here, look_ahead.launch_risk(boot_seconds))

    def foreseen(self) -> list[pipelines.Pipeline]:
        """Return the pipelines that the last look was at."""
        return [pipeline.jobs for pipeline in self._known.values() if pipeline.jobs]

    def learnt(self) -> history.History:
        """Return what is known of durations."""
        return self._history

    def _learn(self, fleet: Fleet) -> None:
        """Learn how long jobs took that were seen to run and are gone: they ended after the last look and its hook."""
        before = [
            pipelines.Live(job.number, job.pipeline, self._key(job), job.stage, started_at, True, True)  # noqa: FBT003
            for job, started_at in fleet.ended
            if started_at <= self._looked_at
        ]
        if before:
            earliest = max(self._looked_at, fleet.now - self.webhook if self.webhook else 0.0)
            ended = list(pipelines.ended(before, (), earliest, fleet.now))
            self._history = history.learn(self._history, ended)
            self._expected = self._expected.after(self._history, (name for name, _ in ended))
        fleet.ended.clear()
        self._looked_at = fleet.now

    def _read(self, fleet: Fleet) -> None:
        """Read the projects in which something has changed."""
        changed = set()
        for gone in sorted(self._known.keys() - fleet.pipelines.keys()):
            self._ended(self._known.pop(gone))
            self._created.pop(gone, None)
            self._lives.pop(gone, None)
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
            self._foretell(fleet, project, under_way)
        project.has_live = any(pipeline.live for pipeline in under_way)
        if not project.has_live:
            project.created, project.created_at, project.known = {}, float("-inf"), pages.NOTHING
        for pipeline in under_way:
            created = project.created.get(pipeline.number, ())
            known = self._known.get(pipeline.number)
            if known is None or known.version != pipeline.version or known.created != created:
                self._come(pipeline, known)
                self._known[pipeline.number] = self._pipeline(fleet, pipeline, created)

    def _foretell(self, fleet: Fleet, project: _Project, under_way: Sequence[Pipeline]) -> None:
        """Read one more page of a project's later jobs."""
        # What was seen to be under way since is no longer to come.
        since = {pipeline.number: pipeline.since for pipeline in under_way}
        left = tuple(job for job in project.known.created if job.id not in since.get(job.pipeline, {job.id}))
        live = [job for pipeline in under_way for job in self._live(fleet, pipeline)]
        page = self._page(fleet, under_way, project.known.cursor)
        project.known = pages.add(project.known._replace(created=left), page, live)
        created: dict[int, list[pipelines.Created]] = {}
        for job in sorted(project.known.created, key=lambda job: job.id):
            if job.pipeline not in project.known.cut:
                created.setdefault(job.pipeline, []).append(job)
        project.created = created

    def _page(self, fleet: Fleet, under_way: Sequence[Pipeline], cursor: str) -> pages.Page:
        """Return GitLab's answer: the newest jobs behind the cursor."""
        behind = int(cursor) if cursor else float("inf")
        jobs = (
            self._later(fleet, pipeline, job)
            for pipeline in sorted(under_way, key=lambda pipeline: -pipeline.number)
            for number, job in reversed(pipeline.jobs.items())
            if number < behind and pipeline.status[number] is Status.CREATED
        )
        page = tuple(islice(jobs, MAX_CREATED))
        return pages.Page(page, str(page[-1].id) if next(jobs, None) else "")

    def _pipeline(self, fleet: Fleet, pipeline: Pipeline, created: Sequence[pipelines.Created]) -> _Known:
        live = self._live(fleet, pipeline)
        expected = [job for job in created if not coming.is_rare(self._absences, job.name)]
        jobs = next(iter(pipelines.pipelines(live, expected)), ())
        here = look_ahead.under_way(jobs)
        return _Known(pipeline, pipeline.version, created, frozenset(pipeline.live), jobs, here)

    def _live(self, fleet: Fleet, pipeline: Pipeline) -> list[pipelines.Live]:
        version, live = self._lives.get(pipeline.number, (-1, []))
        if version != pipeline.version:
            live = [self._as_live(fleet, pipeline, pipeline.jobs[number]) for number in sorted(pipeline.live)]
            self._lives[pipeline.number] = pipeline.version, live
        return live

    def _come(self, pipeline: Pipeline, before: _Known | None) -> None:
        """Note the names of jobs that are under way for the first time."""
        if self._absences:
            new = pipeline.live - before.live if before else pipeline.live
            self._absences = coming.came(self._absences, {self._key(pipeline.jobs[number]) for number in new})

    def _ended(self, known: _Known) -> None:
        """Note the names of the jobs of a pipeline that have not come; see scaler.coming."""
        left = [job for job in known.created if known.source.status[job.id] is Status.SKIPPED]
        if self.webhook and all(job.is_automatic or job.is_optional for job in left):
            self._absences = coming.stayed_away(self._absences, {job.name for job in left if job.is_automatic})

    def _later(self, fleet: Fleet, pipeline: Pipeline, job: Job) -> pipelines.Created:
        known = self._created.setdefault(pipeline.number, {})
        if job.number not in known:
            known[job.number] = self._as_created(fleet, pipeline, job)
        return known[job.number]

    def _foresee(self, known: _Known, index: int, now: float, boot_seconds: float) -> None:
        if known.courses is None or now - known.at > self.stale_boots * boot_seconds:
            known.order = known.order or order(known.jobs)
            known.courses = courses(known.order, self._expected, now, boot_seconds)
            known.at, known.index = now, -1
        if index != known.index:
            known.index = index
            known.placed = look_ahead.place(known.courses, index)

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
            is_automatic=job.when in {When.ON_SUCCESS, When.ON_FAILURE},
            is_optional=not job.blocks,
        )
