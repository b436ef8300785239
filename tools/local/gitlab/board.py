"""What the hosts simulator may do with a GitLab: see a runner's jobs, take them, and lose them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from tools.local.gitlab.api_runners import contact
from tools.local.gitlab.errors import ControlError
from tools.local.hosts.model import PendingJob, RunnerRules

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tools.local.gitlab.app import GitLab


class RunnerBoard:
    """One runner's view of a GitLab. Safe for threads.

    Args:
        gitlab: the GitLab.
        runner_id: the runner whose managers the hosts are.
    """

    def __init__(self, gitlab: GitLab, runner_id: int) -> None:
        self.gitlab = gitlab
        self.runner_id = runner_id

    def rules(self) -> RunnerRules:
        """Return which jobs the runner takes; none while it is paused or gone."""
        with self.gitlab.lock:
            runner = self.gitlab.world.store.runners.get(self.runner_id)
            if runner is None or runner.paused:
                return RunnerRules(tags=frozenset(), run_untagged=False)
            return RunnerRules(
                tags=frozenset(runner.tag_list),
                run_untagged=runner.run_untagged,
                protected_only=runner.access_level == "ref_protected",
            )

    def pending(self) -> list[PendingJob]:
        """Return all pending jobs, oldest first."""
        with self.gitlab.lock:
            self.gitlab.world.life.advance()
            jobs = self.gitlab.world.store.jobs_in("pending")
            return [PendingJob(job.id, frozenset(job.tag_list), job.protected) for job in jobs]

    def running(self) -> dict[str, list[int]]:
        """Return the running jobs by the system id of their manager."""
        with self.gitlab.lock:
            self.gitlab.world.life.advance()
            store = self.gitlab.world.store
            found: defaultdict[str, list[int]] = defaultdict(list)
            for manager in store.managers_of(self.runner_id):
                found[manager.system_id].extend(store.running_on[manager.id])
            return dict(found)

    def take(self, job_id: int, system_id: str) -> bool:
        """Start a job on a manager; False when it is no longer there to be taken."""
        with self.gitlab.lock:
            world = self.gitlab.world
            manager = contact(world.store, self.runner_id, system_id, world.clock())
            try:
                world.life.take(job_id, manager)
            except ControlError:
                return False
            return True

    def lose(self, job_id: int) -> bool:
        """Fail a job whose machine is gone, as GitLab does when a runner stops reporting; False when it had ended."""
        with self.gitlab.lock:
            try:
                self.gitlab.world.life.finish(job_id, "failed", "runner_system_failure")
            except ControlError:
                return False
            return True

    def meet(self, system_ids: Iterable[str]) -> None:
        """Note that these managers are in contact."""
        with self.gitlab.lock:
            world = self.gitlab.world
            for system_id in system_ids:
                contact(world.store, self.runner_id, system_id, world.clock())

    def part(self, system_id: str) -> None:
        """Unregister a manager, as a host does before it goes."""
        with self.gitlab.lock:
            store = self.gitlab.world.store
            manager = store.find_manager(self.runner_id, system_id)
            if manager is not None:
                store.remove_manager(manager)
