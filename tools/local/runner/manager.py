"""A running manager: asks for jobs, and stops as it is told to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from tools.local.runner.gitlab import GitLabError

if TYPE_CHECKING:
    from collections.abc import Callable


class Jobs(Protocol):
    """Where jobs come from."""

    def verify(self) -> None:
        """Show that the manager is in contact."""
        ...

    def take(self) -> int | None:
        """Start a job and return its id, or None."""
        ...

    def unfinished(self, job_ids: set[int]) -> set[int]:
        """Return which of some jobs go on."""
        ...

    def fail(self, job_id: int) -> None:
        """Fail a job."""
        ...


@dataclass
class Running:
    """The process's work.

    Args:
        jobs: where jobs come from.
        slots: how many run at once.
        max_builds: after how many it ends; 0 = it goes on.
        say: the log.
    """

    jobs: Jobs
    slots: int
    max_builds: int
    say: Callable[[str], None]
    mine: set[int] = field(default_factory=set)
    taken: int = 0
    is_quitting: bool = False
    is_aborting: bool = False

    def quit(self) -> None:
        """Take no further jobs and end after those that run: SIGQUIT."""
        self.is_quitting = True

    def abort(self) -> None:
        """Fail the jobs that run and end: SIGTERM and SIGINT."""
        self.is_aborting = True

    def step(self) -> bool:
        """Do what is next, and return whether there will be more. A GitLab that does not answer changes nothing."""
        try:
            if self.is_aborting:
                self.abandon()
                return False
            self.mine = self.jobs.unfinished(self.mine) if self.mine else set()
            if self.is_done():
                return bool(self.mine)
            self.take()
        except GitLabError as error:
            self.say(f"WARNING: {error}")
            return not self.is_aborting and not (self.is_quitting and not self.mine)
        return True

    def is_done(self) -> bool:
        """Tell whether no further job is to be taken."""
        return self.is_quitting or bool(self.max_builds and self.taken >= self.max_builds)

    def take(self) -> None:
        """Ask for a job, if there is a free slot."""
        self.jobs.verify()
        if len(self.mine) < self.slots and (job_id := self.jobs.take()) is not None:
            self.mine.add(job_id)
            self.taken += 1
            self.say(f"job {job_id} received")

    def abandon(self) -> None:
        """Fail what runs."""
        for job_id in sorted(self.mine):
            self.say(f"job {job_id} aborted")
            self.jobs.fail(job_id)
