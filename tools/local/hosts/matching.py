"""Which host takes which pending job. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tools.local.hosts.model import Host, PendingJob, RunnerRules


def takes(rules: RunnerRules, job: PendingJob) -> bool:
    """Tell whether a runner takes a job, by GitLab's rules.

    Every tag of the job must be one of the runner's, a job without tags needs a runner for untagged jobs, and a
    protected runner takes jobs of protected refs only.
    """
    if rules.protected_only and not job.protected:
        return False
    return job.tags <= rules.tags if job.tags else rules.run_untagged


def assign(jobs: Iterable[PendingJob], hosts: Sequence[Host], rules: RunnerRules) -> list[tuple[int, str]]:
    """Return who takes what, as pairs of job id and instance id.

    The oldest job goes first. It goes to the host with the most free slots, the first by id among equals: hosts ask
    for jobs independently, so work spreads over them.
    """
    free = {host.instance_id: host.free_slots for host in hosts if host.free_slots > 0}
    taken: list[tuple[int, str]] = []
    for job in sorted(jobs, key=lambda job: job.id):
        if not free:
            break
        if takes(rules, job):
            chosen = min(free, key=lambda instance_id: (-free[instance_id], instance_id))
            taken.append((job.id, chosen))
            free[chosen] -= 1
            if not free[chosen]:
                del free[chosen]
    return taken
