"""Watch a fleet: sample its jobs and instances many times a second, and show the last sample."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

SAMPLE_SECONDS = 0.25
SHOW_SECONDS = 2.0


@dataclass(frozen=True)
class Jobs:
    """How many jobs wait, run and have finished."""

    pending: int
    running: int
    finished: int


@dataclass(frozen=True)
class Instances:
    """The group's desired capacity and its instances by lifecycle state."""

    desired: int
    booting: int
    in_service: int
    terminating: int

    @property
    def total(self) -> int:
        """All instances that cost money."""
        return self.booting + self.in_service + self.terminating


@dataclass(frozen=True)
class Sample:
    """The fleet at one time (seconds since the epoch)."""

    at: float
    jobs: Jobs
    instances: Instances

    def line(self) -> str:
        """Say the sample in one line."""
        return (
            f"jobs: {self.jobs.pending:3} pending {self.jobs.running:3} running {self.jobs.finished:3} finished"
            f" · instances: {self.instances.desired:2} desired {self.instances.booting:2} booting"
            f" {self.instances.in_service:2} in service {self.instances.terminating:2} terminating"
        )


class Watch:
    """Samples in a thread from entry to exit; a failed sample is left out and counted, never made up."""

    def __init__(
        self, jobs: Callable[[], Jobs], instances: Callable[[], Instances], clock: Callable[[], float]
    ) -> None:
        self.samples: list[Sample] = []
        self.failures = 0
        self._jobs = jobs
        self._instances = instances
        self._clock = clock
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(SAMPLE_SECONDS):
            try:
                instances = self._instances()
                at = self._clock()
                self.samples.append(Sample(at, self._jobs(), instances))
            except Exception:  # noqa: BLE001 - a sample of something that restarts or is gone is no reason to end
                self.failures += 1

    def wait_for(self, condition: Callable[[Sample], bool], seconds: float, what: str) -> Sample:
        """Show progress until a new sample fulfils a condition.

        Raises:
            TimeoutError: none did in time; it names what was waited for and the last sample.
        """
        deadline, shown, looked = time.monotonic() + seconds, 0.0, len(self.samples)
        show = Show()
        while time.monotonic() < deadline:
            for sample in self.samples[looked:]:
                looked += 1
                if condition(sample):
                    show.sample(sample, final=True)
                    return sample
            if self.samples and time.monotonic() - shown >= (0.2 if sys.stdout.isatty() else SHOW_SECONDS):
                show.sample(self.samples[-1])
                shown = time.monotonic()
            time.sleep(0.02)
        last = self.samples[-1].line() if self.samples else "nothing was seen"
        raise TimeoutError(f"{what}: not within {seconds:.0f} s ({last})")


@dataclass
class Show:
    """Prints samples: over the last one on a terminal, else on lines of their own, and none twice in a row."""

    last: str = ""

    def sample(self, sample: Sample, *, final: bool = False) -> None:
        """Print a sample."""
        line = f"  {sample.line()}"
        if sys.stdout.isatty():
            # A line that wraps could not be written over.
            columns = shutil.get_terminal_size().columns - 1
            print(f"\r{line[:columns]}", end="\n" if final else "", flush=True)
        elif line != self.last:
            print(line, flush=True)
        self.last = line
