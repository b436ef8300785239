"""The event loop: jobs become pending, run and end; instances boot, drain and go; the policy is asked."""

from __future__ import annotations

import heapq
import math
from random import Random
from typing import TYPE_CHECKING

from tools.simulator.dependencies import OVER, Pipeline, Status, pending_at
from tools.simulator.events import Kind
from tools.simulator.fleet import Fleet
from tools.simulator.record import Record, Result
from tools.simulator.waiting import Queue

if TYPE_CHECKING:
    from tools.simulator.hosts import Host
    from tools.simulator.policy import Policy
    from tools.simulator.setup import Setup
    from tools.simulator.workload import Job, Workload

# A job that was killed so often will never end: the policy goes round in circles.
MAX_KILLS = 10


def simulate(workload: Workload, policy: Policy, setup: Setup, *, keeps_series: bool = False) -> Result:
    """Run a workload under a policy.

    Args:
        workload: the jobs.
        policy: decides; an object serves once.
        setup: the world.
        keeps_series: whether the result holds the queue and the capacity over time.
    """
    return Simulation(workload, policy, setup, keeps_series=keeps_series).run()


class Simulation:
    """One run."""

    def __init__(self, workload: Workload, policy: Policy, setup: Setup, *, keeps_series: bool) -> None:
        self._setup = setup
        self._policy = policy
        self._timing = policy.timing
        self._events: list[tuple[float, int, int, object]] = []
        self._sequence = 0
        self._fleet = Fleet(setup, self._random, self._schedule)
        self._fleet.removes_by(policy.victims)
        self._queue = Queue(self._fleet)
        self._attempts: dict[int, int] = {}
        self._kills: dict[int, int] = {}
        self._where: dict[int, tuple[Host | None, int, float]] = {}
        self._asking: set[int] = set()
        self._phases = self._random("polls")
        self._decision_at: float | None = None
        self._left = len(workload.jobs)
        self._record = Record(workload, keeps_series=keeps_series)
        self._end = workload.last_created + setup.patience_seconds
        for jobs in workload.pipelines():
            self._schedule(min(job.created for job in jobs), Kind.CREATED, jobs)
            if (at := min(job.cancelled_at for job in jobs)) < math.inf:
                self._schedule(at, Kind.CANCELLED, jobs[0].pipeline)
        self._handlers = {
            Kind.ENDED: self._ended,
            Kind.BOOTED: self._booted,
            Kind.LAUNCH_FAILED: self._launch_failed,
            Kind.NOTICE: self._fleet.noticed,
            Kind.RECLAIMED: self._reclaimed,
            Kind.DRAIN_ENDED: self._drain_ended,
            Kind.SHUT_DOWN: self._fleet.remove,
            Kind.RECONCILE: self._reconcile,
            Kind.CREATED: self._created,
            Kind.PENDING: self._pending,
            Kind.CANCELLED: self._cancelled,
            Kind.ASKED: self._asked,
            Kind.DECISION: self._decide,
        }

    def run(self) -> Result:
        """Run until every job is over, or patience is."""
        fleet, events, handlers = self._fleet, self._events, self._handlers
        fleet.reconcile()
        self._wants_decision(0.0)
        while events and self._left:
            at, kind, _, subject = heapq.heappop(events)
            if at > self._end:
                fleet.now = self._end
                break
            fleet.now = at
            handlers[kind](subject)  # type: ignore[index,operator]
            # Jobs are given out when all else of this instant has happened, decisions apart.
            if self._queue and (not events or events[0][0] > at or events[0][1] == Kind.DECISION):
                self._dispatch()
        fleet.finish_accounts()
        return self._record.result(self._policy.name, fleet, self._left)

    def _random(self, purpose: str) -> Random:
        """Return a source of its own for each purpose, so that policies meet the same boots and troubles."""
        return Random(f"{self._setup.seed} {purpose}")  # noqa: S311 - a simulation, no secrets

    def _schedule(self, at: float, kind: Kind, subject: object) -> None:
        self._sequence += 1
        heapq.heappush(self._events, (at, kind, self._sequence, subject))

    # Jobs

    def _created(self, jobs: list[Job]) -> None:
        pipeline = Pipeline(jobs)
        self._fleet.pipelines[pipeline.number] = pipeline
        for job in pipeline.begin():
            self._release(pipeline, job)

    def _release(self, pipeline: Pipeline, job: Job) -> None:
        at = pending_at(job, self._fleet.now)
        if at is None:
            left = pipeline.left
            freed = pipeline.skip(job.number)
            self._over(pipeline, left)
            for other in freed:
                self._release(pipeline, other)
        else:
            # Jobs that become pending in the same instant queue in the order of their numbers, as in GitLab.
            heapq.heappush(self._events, (at, Kind.PENDING, job.number, job))

    def _pending(self, job: Job) -> None:
        pipeline = self._fleet.pipelines.get(job.pipeline)
        if pipeline is None or pipeline.status[job.number] in OVER:
            return
        if not self._setup.takes(job.tags):
            pipeline.mark(job.number, Status.RUNNING, self._fleet.now)
            self._where[job.number] = (None, 0, self._fleet.now)
            self._schedule(self._fleet.now + job.duration, Kind.ENDED, (job, 0))
            return
        self._fleet.arrived += 1
        self._enqueue(job)

    def _enqueue(self, job: Job) -> None:
        now = self._fleet.now
        self._fleet.pipelines[job.pipeline].mark(job.number, Status.PENDING, now)
        self._queue.put(job)
        self._changed(now)

    def _dispatch(self) -> None:
        if self._setup.poll_seconds:
            for host in self._fleet.free:
                self._ask_later(host)
            return
        while self._queue and len(self._fleet.free):
            self._start(self._fleet.free.choose())

    def _ask_later(self, host: Host) -> None:
        """A runner asks at times of its own, which are as good as random but keep their distance."""
        if host.number not in self._asking:
            self._asking.add(host.number)
            wait = self._phases.random() * self._setup.poll_seconds
            self._schedule(self._fleet.now + wait, Kind.ASKED, host)

    def _asked(self, host: Host) -> None:
        self._asking.discard(host.number)
        if self._queue and host.takes_jobs:
            self._start(host)
            if host.takes_jobs:
                self._asking.add(host.number)
                self._schedule(self._fleet.now + self._setup.poll_seconds, Kind.ASKED, host)

    def _start(self, host: Host) -> None:
        job, waited = self._queue.take()
        now, fleet = self._fleet.now, self._fleet
        fleet.pipelines[job.pipeline].mark(job.number, Status.RUNNING, now)
        attempt = self._attempts[job.number] = self._attempts.get(job.number, 0) + 1
        self._where[job.number] = (host, attempt, now)
        fleet.take(host, job.number)
        self._record.started(job, waited, fleet)
        self._schedule(now + job.duration, Kind.ENDED, (job, attempt))
        self._changed(now)

    def _ended(self, subject: tuple[Job, int]) -> None:
        job, attempt = subject
        host, current, started_at = self._where.get(job.number, (None, -1, 0.0))
        if current != attempt:
            return
        del self._where[job.number]
        now, fleet = self._fleet.now, self._fleet
        fleet.ended.append((job, started_at))
        self._changed(now)
        if host is not None:
            fleet.finish(host, job.number)
            runs = attempt - self._kills.get(job.number, 0) - self._record.interruptions_of.get(job.number, 0)
            self._record.ended(job, now - started_at, fleet)
            if runs < job.runs:
                self._record.retries += 1
                self._enqueue(job)
                return
        pipeline = fleet.pipelines[job.pipeline]
        left = pipeline.left
        freed = pipeline.end(job.number, is_success=not job.fails)
        self._over(pipeline, left)
        for other in freed:
            self._release(pipeline, other)

    def _cancelled(self, number: int) -> None:
        """Somebody cancels a pipeline: what waits or runs of it ends, and the rest never comes."""
        fleet, pipeline = self._fleet, self._fleet.pipelines.get(number)
        if pipeline is None:
            return
        left = pipeline.left
        for job, status in pipeline.cancel().items():
            host, _, started_at = self._where.pop(job, (None, 0, 0.0))
            if status is Status.PENDING:
                self._queue.drop(job)
                fleet.cancelled += 1
            elif host is not None:
                fleet.finish(host, job)
                fleet.ended.append((pipeline.jobs[job], started_at))
                self._record.cut_short(fleet.now - started_at, fleet)
        self._over(pipeline, left)
        self._changed(fleet.now)

    def _over(self, pipeline: Pipeline, left: int) -> None:
        """Count the jobs that are over since `left` were not, and forget the pipeline after its last."""
        self._left -= left - pipeline.left
        if not pipeline.left:
            self._fleet.pipelines.pop(pipeline.number, None)

    # Instances

    def _booted(self, host: Host) -> None:
        self._fleet.booted(host)
        self._instances_changed()

    def _launch_failed(self, host: Host) -> None:
        self._fleet.launch_failed(host)
        self._record.launch_failures += 1
        self._instances_changed()

    def _reconcile(self, _: object) -> None:
        self._fleet.reconcile()

    def _reclaimed(self, host: Host) -> None:
        """Amazon EC2 takes a spot instance back; the group replaces it."""
        self._lose(host, self._record.interruptions_of)
        self._fleet.reconcile()
        self._instances_changed()

    def _drain_ended(self, host: Host) -> None:
        """An instance has had its time to drain; its jobs are killed."""
        self._lose(host, self._kills)

    def _lose(self, host: Host, count: dict[int, int]) -> None:
        if host.id not in self._fleet.hosts:
            return
        lost = sorted(host.jobs)
        self._fleet.remove(host)
        for number in lost:
            _, _, started_at = self._where.pop(number)
            count[number] = count.get(number, 0) + 1
            self._record.lost_seconds += self._fleet.now - started_at
            self._again(self._record.jobs[number], is_killed=count is self._kills)

    def _again(self, job: Job, *, is_killed: bool) -> None:
        self._record.killed += is_killed
        if self._kills.get(job.number, 0) < MAX_KILLS:
            self._record.requeued += 1
            self._enqueue(job)
            return
        self._record.given_up += 1
        pipeline = self._fleet.pipelines[job.pipeline]
        left = pipeline.left
        pipeline.end(job.number, is_success=False)
        self._over(pipeline, left)

    # Decisions

    def _instances_changed(self) -> None:
        if self._timing.sees_instances:
            self._changed(self._fleet.now)

    def _changed(self, now: float) -> None:
        if self._decision_at is None or self._decision_at > now:
            self._wants_decision(now + self._timing.debounce)

    def _wants_decision(self, at: float) -> None:
        if period := self._timing.period:
            at = math.ceil(at / period) * period
        if self._decision_at is None or at < self._decision_at:
            self._decision_at = at
            self._schedule(at, Kind.DECISION, at)

    def _decide(self, at: float) -> None:
        if at != self._decision_at:
            return
        self._decision_at = None
        fleet = self._fleet
        again = self._policy.decide(fleet)
        self._record.decided(fleet)
        if again is not None:
            self._wants_decision(max(again, at + (self._timing.period or 1e-3)))
        if self._timing.tick and (fleet.hosts or fleet.pending):
            self._wants_decision((math.floor(at / self._timing.tick) + 1) * self._timing.tick)
