"""The records and the indices over them."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tools.local.gitlab.model import Group, Job, Manager, Pipeline, Project, Runner, Token


def new_index() -> defaultdict[tuple[int, str], dict[int, None]]:
    """Return an index from project and status to job ids."""
    return defaultdict(dict)


@dataclass
class Store:
    """All records by id. Not safe for threads: the application holds a lock around it."""

    tokens: dict[str, Token] = field(default_factory=dict)
    groups: dict[int, Group] = field(default_factory=dict)
    projects: dict[int, Project] = field(default_factory=dict)
    pipelines: dict[int, Pipeline] = field(default_factory=dict)
    jobs: dict[int, Job] = field(default_factory=dict)
    runners: dict[int, Runner] = field(default_factory=dict)
    managers: dict[int, Manager] = field(default_factory=dict)
    manager_ids: dict[tuple[int, str], int] = field(default_factory=dict)
    running_on: defaultdict[int, dict[int, None]] = field(default_factory=lambda: defaultdict(dict))
    jobs_of_project: defaultdict[tuple[int, str], dict[int, None]] = field(default_factory=new_index)
    statuses_of_pipeline: defaultdict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    jobs_by_status: defaultdict[str, dict[int, None]] = field(default_factory=lambda: defaultdict(dict))
    project_ids_by_path: dict[str, int] = field(default_factory=dict)
    ids: defaultdict[str, Iterator[int]] = field(default_factory=lambda: defaultdict(lambda: itertools.count(1)))

    def new_id(self, kind: str) -> int:
        """Return the next id of a kind of record."""
        return next(self.ids[kind])

    def put_project(self, project: Project) -> None:
        """Add or replace a project."""
        self.projects[project.id] = project
        self.project_ids_by_path[project.full_path.lower()] = project.id

    def find_project(self, name: str) -> Project | None:
        """Return a project by its id or full path, as the API's `:id` means it."""
        if name.isdecimal():
            return self.projects.get(int(name))
        return self.projects.get(self.project_ids_by_path.get(name.lower(), 0))

    def find_group(self, name: str) -> Group | None:
        """Return a group by its id or full path."""
        if name.isdecimal():
            return self.groups.get(int(name))
        return next((group for group in self.groups.values() if group.full_path.lower() == name.lower()), None)

    def descendants(self, group_id: int) -> set[int]:
        """Return a group's id and those of all groups below it."""
        found = {group_id}
        for group in self.groups.values():  # a parent is always older than its children
            if group.parent_id in found:
                found.add(group.id)
        return found

    def put_job(self, job: Job) -> None:
        """Add a job or replace it by its new state."""
        if job.id in self.jobs:
            self.unindex(self.jobs[job.id])
        self.jobs[job.id] = job
        self.jobs_of_project[job.project_id, job.status][job.id] = None
        self.jobs_by_status[job.status][job.id] = None
        self.statuses_of_pipeline[job.pipeline_id][job.status] += 1
        if job.status == "running" and job.manager_id is not None:
            self.running_on[job.manager_id][job.id] = None

    def unindex(self, job: Job) -> None:
        """Take a job's old state out of the indices."""
        del self.jobs_of_project[job.project_id, job.status][job.id]
        del self.jobs_by_status[job.status][job.id]
        self.statuses_of_pipeline[job.pipeline_id][job.status] -= 1
        if job.manager_id is not None:
            self.running_on[job.manager_id].pop(job.id, None)

    def job_ids(self, project_id: int, statuses: Iterable[str]) -> list[int]:
        """Return a project's jobs in any of these states, oldest first."""
        return sorted(job_id for status in set(statuses) for job_id in self.jobs_of_project[project_id, status])

    def jobs_in(self, status: str) -> list[Job]:
        """Return all jobs in a state, oldest first."""
        return [self.jobs[job_id] for job_id in sorted(self.jobs_by_status[status])]

    def put_manager(self, manager: Manager) -> None:
        """Add or replace a runner manager."""
        self.managers[manager.id] = manager
        self.manager_ids[manager.runner_id, manager.system_id] = manager.id

    def remove_manager(self, manager: Manager) -> None:
        """Forget a runner manager; its runner and its jobs stay."""
        del self.managers[manager.id]
        del self.manager_ids[manager.runner_id, manager.system_id]

    def find_manager(self, runner_id: int, system_id: str) -> Manager | None:
        """Return a runner's manager by its system id."""
        return self.managers.get(self.manager_ids.get((runner_id, system_id), 0))

    def managers_of(self, runner_id: int) -> list[Manager]:
        """Return a runner's managers, oldest first."""
        return [manager for manager in self.managers.values() if manager.runner_id == runner_id]
