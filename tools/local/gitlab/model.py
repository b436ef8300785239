"""What GitLab knows: users and tokens, groups, projects, pipelines, jobs, runners and their managers.

Every record is frozen; a change is a new record in the store. Times are epoch seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

GUEST = 10
REPORTER = 20
MAINTAINER = 40

JOB_STATUSES = (
    "created",
    "waiting_for_resource",
    "preparing",
    "waiting_for_callback",
    "pending",
    "running",
    "success",
    "failed",
    "canceling",
    "canceled",
    "skipped",
    "manual",
    "scheduled",
)
"""GitLab's CommitStatus::AVAILABLE_STATUSES."""

UNFINISHED_STATUSES = frozenset({"created", "pending", "running", "manual"})


@dataclass(frozen=True)
class User:
    """A user; `access_level` is its role wherever it is a member, `projects` (None = all) limits where that is."""

    id: int
    username: str
    access_level: int
    admin: bool = False
    projects: frozenset[int] | None = None


@dataclass(frozen=True)
class Token:
    """An access token of a user."""

    id: int
    value: str
    user: User
    scopes: frozenset[str]
    created_at: float
    revoked: bool = False


@dataclass(frozen=True)
class Group:
    """A group; `membership` says whether the users are members of it."""

    id: int
    name: str
    path: str
    full_path: str
    parent_id: int | None
    visibility: str
    membership: bool
    created_at: float


@dataclass(frozen=True)
class Project:
    """A project; without a group it lives in the namespace of the user root."""

    id: int
    name: str
    path: str
    full_path: str
    group_id: int | None
    visibility: str
    archived: bool
    membership: bool
    public_jobs: bool
    default_branch: str
    protected_branches: tuple[str, ...]
    protected_tags: tuple[str, ...]
    shared_with_groups: frozenset[int]
    created_at: float
    last_activity_at: float


@dataclass(frozen=True)
class Pipeline:
    """A pipeline: the jobs that one push or schedule brought about."""

    id: int
    iid: int
    project_id: int
    ref: str
    tag: bool
    sha: str
    source: str
    created_at: float


@dataclass(frozen=True)
class Job:
    """A job; `duration_seconds` (None = until finished by hand) and `outcome` say how it will end once started.

    `needs` None means that it waits for the stages before its own.
    """

    id: int
    name: str
    stage: str
    project_id: int
    pipeline_id: int
    ref: str
    tag: bool
    protected: bool
    tag_list: tuple[str, ...]
    status: str
    created_at: float
    duration_seconds: float | None
    outcome: str
    queued_at: float | None = None
    started_at: float | None = None
    finished_at: float | None = None
    failure_reason: str | None = None
    runner_id: int | None = None
    manager_id: int | None = None
    system_id: str | None = None
    needs: tuple[str, ...] | None = None
    when: str = "on_success"
    allow_failure: bool = False


@dataclass(frozen=True)
class Runner:
    """A runner; `token` is its authentication token, shared by all its managers."""

    id: int
    description: str
    tag_list: tuple[str, ...]
    run_untagged: bool
    access_level: str
    runner_type: str
    paused: bool
    token: str
    created_at: float
    contacted_at: float | None = None


@dataclass(frozen=True)
class Manager:
    """A runner manager: one gitlab-runner process, known by its system id."""

    id: int
    runner_id: int
    system_id: str
    created_at: float
    contacted_at: float
