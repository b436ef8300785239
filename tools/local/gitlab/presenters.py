"""GitLab's API entities as JSON objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.local.gitlab.clock import elapsed, iso

if TYPE_CHECKING:
    from tools.local.gitlab.messages import Json
    from tools.local.gitlab.model import Group, Job, Manager, Project, Runner, User
    from tools.local.gitlab.store import Store

ONLINE_SECONDS = 2 * 3600
"""GitLab calls a runner manager online for two hours after its last contact."""


def user_json(user: User, url: str) -> Json:
    """Return a user."""
    return {
        "id": user.id,
        "username": user.username,
        "name": user.username.capitalize(),
        "state": "active",
        "locked": False,
        "avatar_url": None,
        "web_url": f"{url}/{user.username}",
    }


def group_json(group: Group, url: str) -> Json:
    """Return a group."""
    return {
        "id": group.id,
        "web_url": f"{url}/groups/{group.full_path}",
        "name": group.name,
        "path": group.path,
        "description": "",
        "visibility": group.visibility,
        "full_name": group.full_path.replace("/", " / "),
        "full_path": group.full_path,
        "created_at": iso(group.created_at),
        "parent_id": group.parent_id,
        "archived": False,
    }


def simple_project_json(store: Store, project: Project, url: str) -> Json:
    """Return a project as `simple=true` shows it."""
    return {
        "id": project.id,
        "description": None,
        "name": project.name,
        "name_with_namespace": project.full_path.replace("/", " / "),
        "path": project.path,
        "path_with_namespace": project.full_path,
        "created_at": iso(project.created_at),
        "default_branch": project.default_branch,
        "tag_list": [],
        "topics": [],
        "ssh_url_to_repo": f"git@gitlab.local:{project.full_path}.git",
        "http_url_to_repo": f"{url}/{project.full_path}.git",
        "web_url": f"{url}/{project.full_path}",
        "readme_url": None,
        "forks_count": 0,
        "avatar_url": None,
        "star_count": 0,
        "last_activity_at": iso(project.last_activity_at),
        "namespace": namespace_json(store, project, url),
    }


def namespace_json(store: Store, project: Project, url: str) -> Json:
    """Return the group or the user that a project lives under."""
    group = store.groups.get(project.group_id or 0)
    path = group.full_path if group else project.full_path.rpartition("/")[0]
    return {
        "id": group.id if group else 1,
        "name": group.name if group else path,
        "path": group.path if group else path,
        "kind": "group" if group else "user",
        "full_path": path,
        "parent_id": group.parent_id if group else None,
        "avatar_url": None,
        "web_url": f"{url}/groups/{path}" if group else f"{url}/{path}",
    }


def project_json(store: Store, project: Project, url: str) -> Json:
    """Return a project with the fields that `simple` leaves out."""
    return {
        **simple_project_json(store, project, url),
        "archived": project.archived,
        "visibility": project.visibility,
        "empty_repo": False,
        "jobs_enabled": True,
        "builds_access_level": "enabled",
        "public_jobs": project.public_jobs,
        "shared_runners_enabled": True,
        "shared_with_groups": [{"group_id": group_id} for group_id in sorted(project.shared_with_groups)],
        "creator_id": 1,
        "open_issues_count": 0,
    }


def pipeline_status(store: Store, pipeline_id: int) -> str:
    """Return a pipeline's status as its jobs make it."""
    statuses = store.statuses_of_pipeline[pipeline_id]
    for status in ("running", "pending", "created", "failed", "canceled", "manual"):
        if statuses[status]:
            return status
    return "success"


def pipeline_json(store: Store, pipeline_id: int, url: str) -> Json:
    """Return a pipeline as it stands in its jobs."""
    pipeline = store.pipelines[pipeline_id]
    project = store.projects[pipeline.project_id]
    return {
        "id": pipeline.id,
        "iid": pipeline.iid,
        "project_id": pipeline.project_id,
        "sha": pipeline.sha,
        "ref": pipeline.ref,
        "status": pipeline_status(store, pipeline_id),
        "source": pipeline.source,
        "created_at": iso(pipeline.created_at),
        "updated_at": iso(pipeline.created_at),
        "web_url": f"{url}/{project.full_path}/-/pipelines/{pipeline.id}",
    }


def commit_json(sha: str, created_at: float) -> Json:
    """Return a commit."""
    return {
        "id": sha,
        "short_id": sha[:8],
        "title": "A change",
        "message": "A change\n",
        "author_name": "Administrator",
        "author_email": "root@example.com",
        "created_at": iso(created_at),
    }


def basic_job_json(store: Store, job: Job, pipeline: Json, user: Json, now: float, url: str) -> Json:
    """Return a job as the list of a runner's jobs has it, its pipeline and user made by the caller once a page."""
    project = store.projects[job.project_id]
    found: Json = {
        "id": job.id,
        "status": job.status,
        "stage": job.stage,
        "name": job.name,
        "ref": job.ref,
        "tag": job.tag,
        "coverage": None,
        "allow_failure": False,
        "created_at": iso(job.created_at),
        "started_at": iso(job.started_at),
        "finished_at": iso(job.finished_at),
        "erased_at": None,
        "duration": elapsed(job.started_at, job.finished_at, now),
        "queued_duration": elapsed(job.queued_at, job.started_at, now),
        "user": user,
        "commit": commit_json(str(pipeline["sha"]), job.created_at),
        "pipeline": pipeline,
        "web_url": f"{url}/{project.full_path}/-/jobs/{job.id}",
        "project": {"ci_job_token_scope_enabled": False},
    }
    if job.status == "failed":
        found["failure_reason"] = job.failure_reason
    return found


def job_json(store: Store, basic: Json, job: Job, now: float) -> Json:
    """Return a job as a project's list has it."""
    runner, manager = store.runners.get(job.runner_id or 0), store.managers.get(job.manager_id or 0)
    return {
        **basic,
        "source": store.pipelines[job.pipeline_id].source,
        "artifacts": [],
        "runner": runner_json(runner, now) if runner else None,
        "runner_manager": manager_json(store, manager, now) if manager else None,
        "artifacts_expire_at": None,
        "archived": False,
        "tag_list": sorted(job.tag_list),
    }


def runner_json(runner: Runner, now: float) -> Json:
    """Return a runner as lists and jobs have it."""
    return {
        "id": runner.id,
        "description": runner.description,
        "ip_address": None,
        "active": not runner.paused,
        "paused": runner.paused,
        "is_shared": runner.runner_type == "instance_type",
        "runner_type": runner.runner_type,
        "name": None,
        "online": is_online(runner.contacted_at, now),
        "created_at": iso(runner.created_at),
        "status": contact_status(runner.contacted_at, now),
    }


def runner_details_json(runner: Runner, now: float) -> Json:
    """Return a runner with what only its own endpoint shows."""
    known = runner.contacted_at is not None
    return {
        **runner_json(runner, now),
        "tag_list": list(runner.tag_list),
        "run_untagged": runner.run_untagged,
        "locked": False,
        "maximum_timeout": None,
        "access_level": runner.access_level,
        "version": "19.2.0" if known else None,
        "revision": "0000000" if known else None,
        "platform": "linux" if known else None,
        "architecture": "amd64" if known else None,
        "contacted_at": iso(runner.contacted_at),
        "maintenance_note": None,
        "projects": [],
        "groups": [],
    }


def manager_json(store: Store, manager: Manager, now: float) -> Json:
    """Return a runner manager."""
    return {
        "id": manager.id,
        "system_id": manager.system_id,
        "version": "19.2.0",
        "revision": "0000000",
        "platform": "linux",
        "architecture": "amd64",
        "created_at": iso(manager.created_at),
        "contacted_at": iso(manager.contacted_at),
        "ip_address": "10.0.0.1",
        "status": contact_status(manager.contacted_at, now),
        "job_execution_status": "active" if store.running_on[manager.id] else "idle",
    }


def is_online(contacted_at: float | None, now: float) -> bool:
    """Tell whether the last contact is recent enough to be online."""
    return contacted_at is not None and now - contacted_at <= ONLINE_SECONDS


def contact_status(contacted_at: float | None, now: float) -> str:
    """Return GitLab's word for the time since the last contact."""
    if contacted_at is None:
        return "never_contacted"
    return "online" if is_online(contacted_at, now) else "offline"
