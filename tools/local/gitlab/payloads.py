"""The bodies of webhooks: Job Hook as GitLab's DataBuilder::Build makes it, and short forms of two other events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.local.gitlab.clock import elapsed, iso, iso_seconds
from tools.local.gitlab.presenters import pipeline_status

if TYPE_CHECKING:
    from tools.local.gitlab.messages import Json
    from tools.local.gitlab.model import Job, Project
    from tools.local.gitlab.store import Store

NO_COMMIT = "0" * 40
USER: Json = {"id": 1, "name": "Administrator", "username": "root", "avatar_url": None, "email": "[REDACTED]"}
VISIBILITY_LEVELS = {"private": 0, "internal": 10, "public": 20}


def job_hook(store: Store, job: Job, instance_url: str, now: float) -> Json:
    """Return the body of a Job Hook for a job's present state."""
    project = store.projects[job.project_id]
    pipeline = store.pipelines[job.pipeline_id]
    return {
        "object_kind": "build",
        "ref": job.ref,
        "tag": job.tag,
        "before_sha": NO_COMMIT,
        "sha": pipeline.sha,
        "retries_count": 0,
        "build_id": job.id,
        "build_name": job.name,
        "build_stage": job.stage,
        "build_status": job.status,
        "build_created_at": iso(job.created_at),
        "build_started_at": iso(job.started_at),
        "build_finished_at": iso(job.finished_at),
        "build_created_at_iso": iso_seconds(job.created_at),
        "build_started_at_iso": iso_seconds(job.started_at),
        "build_finished_at_iso": iso_seconds(job.finished_at),
        "build_duration": elapsed(job.started_at, job.finished_at, now),
        "build_queued_duration": elapsed(job.queued_at, job.started_at, now),
        "build_allow_failure": False,
        "build_failure_reason": job.failure_reason or "unknown_failure",
        "pipeline_id": pipeline.id,
        "runner": hook_runner(store, job),
        "project_id": project.id,
        "project_name": project.full_path.replace("/", " / "),
        "user": USER,
        "commit": hook_commit(store, job),
        "repository": hook_repository(project, instance_url),
        "project": hook_project(project, instance_url),
        "environment": None,
    }


def hook_runner(store: Store, job: Job) -> Json | None:
    """Return the runner of a job that was taken, else None: a pending job has none."""
    runner = store.runners.get(job.runner_id or 0)
    if runner is None:
        return None
    return {
        "id": runner.id,
        "description": runner.description,
        "runner_type": runner.runner_type,
        "active": not runner.paused,
        "is_shared": runner.runner_type == "instance_type",
        "tags": list(runner.tag_list),
    }


def hook_commit(store: Store, job: Job) -> Json:
    """Return the commit part of a Job Hook, whose id is the pipeline's."""
    pipeline = store.pipelines[job.pipeline_id]
    return {
        "id": pipeline.id,
        "name": None,
        "sha": pipeline.sha,
        "message": "A change\n",
        "author_name": "Administrator",
        "author_email": "root@example.com",
        "author_url": None,
        "status": pipeline_status(store, pipeline.id),
        "duration": None,
        "started_at": None,
        "finished_at": None,
    }


def hook_repository(project: Project, instance_url: str) -> Json:
    """Return the repository part of a hook."""
    return {
        "name": project.name,
        "url": f"git@gitlab.local:{project.full_path}.git",
        "description": None,
        "homepage": f"{instance_url}/{project.full_path}",
        "git_http_url": f"{instance_url}/{project.full_path}.git",
        "git_ssh_url": f"git@gitlab.local:{project.full_path}.git",
        "visibility_level": VISIBILITY_LEVELS[project.visibility],
    }


def hook_project(project: Project, instance_url: str) -> Json:
    """Return the project part of a hook."""
    return {
        "id": project.id,
        "name": project.name,
        "description": None,
        "web_url": f"{instance_url}/{project.full_path}",
        "avatar_url": None,
        "git_ssh_url": f"git@gitlab.local:{project.full_path}.git",
        "git_http_url": f"{instance_url}/{project.full_path}.git",
        "namespace": project.full_path.rpartition("/")[0],
        "visibility_level": VISIBILITY_LEVELS[project.visibility],
        "path_with_namespace": project.full_path,
        "default_branch": project.default_branch,
        "ci_config_path": "",
    }


def push_hook(project: Project, instance_url: str) -> Json:
    """Return the body of a Push Hook to the default branch, with the fields that name the event and the project."""
    return {
        "object_kind": "push",
        "event_name": "push",
        "before": NO_COMMIT,
        "after": "1" * 40,
        "ref": f"refs/heads/{project.default_branch}",
        "user_username": "root",
        "project_id": project.id,
        "project": hook_project(project, instance_url),
        "commits": [],
        "total_commits_count": 0,
        "repository": hook_repository(project, instance_url),
    }


def pipeline_hook(project: Project, instance_url: str) -> Json:
    """Return the body of a Pipeline Hook of a pending pipeline, with the fields that name the event and the project."""
    return {
        "object_kind": "pipeline",
        "object_attributes": {"id": 1, "ref": project.default_branch, "status": "pending", "source": "push"},
        "user": USER,
        "project": hook_project(project, instance_url),
        "builds": [],
    }
