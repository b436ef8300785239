"""The demo's chapters, one after the other, on a stack of its own."""

from __future__ import annotations

import json
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tools.demo import credentials, figures, report
from tools.demo.fleet import Fleet
from tools.demo.status import Status, status
from tools.demo.watch import Sample, Watch
from tools.local.stack import ROOT, Options, Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PROJECTS = 40
JOBS = 200
JOB_SECONDS = 15
# So many of the burst's jobs, on as many instances, go on until the idle instances have left.
HELD_JOBS = 4
FINISH_SECONDS = 180
# Two functions start for the first time.
SWEEP_SECONDS = 120
STACK = "demo"


@dataclass(frozen=True)
class Pace:
    """How many single webhooks, how far apart, and how many seconds growing and shrinking may take."""

    probes: int
    pause_seconds: float
    patience_seconds: float
    leave_seconds: float


PACES = {
    "lambda": Pace(probes=6, pause_seconds=1, patience_seconds=60, leave_seconds=240),
    # An alarm looks every 10 seconds, acts when its state changes, and again after a minute; what came in between
    # is published anew by the next tick. Shrinking takes several steps of a minute or more each.
    "alarms": Pace(probes=2, pause_seconds=30, patience_seconds=240, leave_seconds=900),
}


class DemoError(Exception):
    """A step of the demo failed; the message says which and why."""


@contextmanager
def step(name: str) -> Iterator[None]:
    """Announce a step and how long it took; a failure names it."""
    print(f"── {name}", flush=True)
    started = time.monotonic()
    try:
        yield
    except Exception as error:
        raise DemoError(f"{name}: {error}") from error
    print(f"   this step: {time.monotonic() - started:.1f} s", flush=True)


@dataclass
class Demo:
    """The demo on one stack, and what it has found so far."""

    actuator: str
    pace: Pace
    name: str = STACK
    started: float = field(default_factory=time.time)
    marks: list[tuple[float, str]] = field(default_factory=list)
    found: dict[str, Any] = field(default_factory=dict)
    probed: list[int] = field(default_factory=list)
    vended: credentials.Chapter | None = None
    status: Status | None = None

    @property
    def folder(self) -> Path:
        """The folder of the stack and of what the demo writes."""
        return ROOT / "build" / self.name

    def run(self) -> figures.Figures:
        """Run every chapter; whatever happens, nothing stays running.

        Raises:
            DemoError: a chapter failed, or a stack of this name is up.
        """
        stack = Stack(Options(self.name, actuator=self.actuator), with_parent=True)
        if stack.is_running():
            raise DemoError(
                f"the stack {self.name} is up, of another make demo or of make up: wait until that demo has ended, "
                f"run make down STACK={self.name}, or give another STACK=name"
            )
        stack.down()
        # Around the stack: when that is gone, what runs in the background ends as well.
        with ThreadPoolExecutor(1, "background") as background:
            try:
                samples = self.on(stack, background)
            finally:
                stack.down()
        return self.write(samples)

    def on(self, stack: Stack, background: ThreadPoolExecutor) -> list[Sample]:
        """Bring a stack up, run every chapter on it, and take it down; return what was seen."""
        with step("local AWS, GitLab stand-in and terraform apply"):
            addresses = stack.up()
        fleet = Fleet(addresses)
        with Watch(fleet.jobs, fleet.instances, time.time) as watch:
            self.chapters(fleet, watch, lambda: background.submit(credentials.chapter, addresses))
        with step("status page from CloudWatch's metrics"):
            self.status = status(addresses, watch.samples[0].at, watch.samples[-1].at)
        with step("terraform destroy"):
            fleet.stop_hosts()
            stack.destroy()
        return watch.samples

    def chapters(self, fleet: Fleet, watch: Watch, vend: Callable[[], Future[credentials.Chapter]]) -> None:
        """Grow and shrink the fleet; let jobs and hosts get credentials while it shrinks."""
        with step("a first sweep reads the list of projects: from now on CloudWatch gets the figures of jobs"):
            fleet.sweep(SWEEP_SECONDS)
        with step("a request without a signature wakes the webhook function, a webhook the others"):
            print(f"   without a signature: {fleet.wake()}")
            self.probe(fleet, 1)  # GitLab leaves a webhook out for a minute when it has failed four times
        with step(f"{self.pace.probes} single webhooks, one after the other"):
            times = [self.probe(fleet, fleet.slots) for _ in range(self.pace.probes)]
            self.found["hook_to_capacity_seconds_p50"] = figures.percentile(times, 0.5)
            print(f"   from webhook to new desired capacity: {', '.join(f'{seconds:.2f}' for seconds in times)} s")
            watch.wait_for(lambda sample: sample.jobs.pending == 0, FINISH_SECONDS, "the first jobs started")
            fleet.finish(self.probed)
        with step(f"{JOBS} jobs in {PROJECTS} projects at once"):
            burst, held = self.burst(fleet)
        with step("the jobs run"):
            watch.wait_for(lambda sample: sample.jobs.pending == 0, FINISH_SECONDS, "every job started")
            vending = vend()
            watch.wait_for(lambda sample: sample.jobs.running <= HELD_JOBS, FINISH_SECONDS, "nearly every job finished")
            self.marks.append((time.time(), f"all but {HELD_JOBS} jobs done"))
        with step("idle instances leave, busy ones stay"):
            self.shrink(fleet, watch, held)
        with step("the last jobs end, and the last instances leave"):
            watch.wait_for(no_jobs, FINISH_SECONDS, "every job finished")
            left = watch.wait_for(
                lambda sample: sample.instances.total == 0, self.pace.leave_seconds, "no instance left"
            )
        with step(f"meanwhile: {credentials.JOBS} jobs with one cache key, each downloads and uploads"):
            self.vended = vending.result()
            print(self.vended.text(), flush=True)
        records = fleet.job_records(burst)
        waits = figures.queue_waits(records)
        accepted, refused = figures.answers(fleet.deliveries())
        self.found |= {
            "gitlab_requests": fleet.requests(),
            "hooks_accepted": accepted,
            "hooks_refused": refused,
            "instances_left": left.instances.total,
            "instances_peak": max(sample.instances.total for sample in watch.samples),
            "jobs_killed": fleet.jobs_killed(),
            "jobs_finished": sum(job["status"] == "success" for job in fleet.job_records()),
            "queue_wait_seconds_mean": figures.mean(waits),
            "queue_wait_seconds_p95": figures.percentile(waits, 0.95),
        }

    def probe(self, fleet: Fleet, more: int) -> float:
        """Let jobs for one more instance wait in a project of their own; return seconds from webhook to capacity.

        They are as many as there is room for, and a number more, at most an instance's slots.
        They go on until they are ended: else instances that are there might do them all before another is needed.
        """
        time.sleep(self.pace.pause_seconds)
        desired, waiting = fleet.instances().desired, fleet.jobs()
        room = fleet.slots * desired - waiting.pending - waiting.running
        jobs = fleet.add_jobs([fleet.new_project()], room + more, None)
        self.probed += jobs
        grown = fleet.wait_for_desired(desired + 1, self.pace.patience_seconds)
        # The schedule may have seen the jobs before a busy machine sent their webhooks.
        fleet.wait_for_deliveries(jobs, self.pace.patience_seconds)
        return max(0.0, grown - fleet.first_sent(jobs))

    def burst(self, fleet: Fleet) -> tuple[list[int], list[int]]:
        """Let all jobs wait at once and watch until the desired capacity fits.

        Returns:
            The jobs' ids, and of these those that go on until they are ended.
        """
        projects = [fleet.new_project() for _ in range(PROJECTS)]
        time.sleep(self.pace.pause_seconds)
        before = fleet.project_reads()
        self.marks.append((time.time(), f"{JOBS} jobs"))
        jobs, held = fleet.add_burst(projects, JOBS // PROJECTS, JOB_SECONDS, HELD_JOBS)
        full = fleet.wait_for_room(self.pace.patience_seconds)
        fleet.wait_for_deliveries(jobs, self.pace.patience_seconds)
        reads = fleet.project_reads()
        self.marks.append((full, "full capacity"))
        first = fleet.first_sent(jobs)
        self.found["burst_to_full_capacity_seconds"] = full - first
        self.found["project_reads_max"] = max(reads.get(project, 0) - before.get(project, 0) for project in projects)
        print(f"   room for every job after {full - first:.1f} s: {fleet.instances().desired} instances desired")
        return jobs, held

    def shrink(self, fleet: Fleet, watch: Watch, held: list[int]) -> None:
        """Wait until only the instances that run jobs are left, then let those jobs end."""
        busy = fleet.hosts_of(held)
        watch.wait_for(
            lambda sample: sample.instances.total <= len(busy), self.pace.leave_seconds, "only busy instances left"
        )
        if fleet.hosts_of(held) != busy or fleet.hosts() != busy:
            raise DemoError("an instance went while its job was running")
        self.found["instances_kept_busy"] = len(busy)
        self.marks.append((time.time(), f"only the {len(busy)} busy instances are left"))
        print(f"   the {len(busy)} instances that run the {len(held)} jobs are left, and no other")
        fleet.finish(held)

    def write(self, samples: list[Sample]) -> figures.Figures:
        """Write the result and the status page, and return the figures."""
        result = figures.Figures(**self.found, seconds_total=time.time() - self.started)
        vended = self.vended.document() if self.vended else {}
        document = {**figures.flat(result), "credentials": vended}
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "result.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        rows = [(name, value, figures.MEANING[name]) for name, value in figures.worded(result).items()]
        if self.status:
            title = f"GitLab runner fleet: {JOBS} jobs in {PROJECTS} projects ({self.actuator} actuator)"
            page = self.status.page(title, report.opening(samples, self.marks, rows, self.vended))
            (self.folder / "report.html").write_text(page, encoding="utf-8")
        return result


def no_jobs(sample: Sample) -> bool:
    """Tell whether every job has ended."""
    return sample.jobs.pending == 0 and sample.jobs.running == 0
