"""The command `export`: from a GitLab to a CSV file."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import gitlab

from tools.simulator.export.convert import workload
from tools.simulator.export.progress import Progress
from tools.simulator.export.read import ExportError, GitLabPages, read
from tools.simulator.table_file import write_csv

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_DAY = 86_400.0
# For GitLab's answer to one request.
_SECONDS = 60


def export(
    url: str,
    token: str,
    projects: list[str],
    days: float,
    path: Path,
    tell: Callable[[str], None],
    clock: Callable[[], float] = time.time,
) -> int:
    """Write the finished jobs of the last days as CSV and return how many they are; a second call goes on.

    Args:
        url: of the GitLab.
        token: of a user that may read the projects' jobs (`read_api`, Reporter).
        projects: ids or paths.
        days: how far back.
        path: the CSV file.
        tell: hears of the progress.
        clock: epoch seconds.
    """
    now = clock()
    progress = Progress.open(
        path.with_name(path.name + ".part"), {"url": url, "projects": projects, "days": days}, now - days * _DAY
    )
    with gitlab.Gitlab(url, private_token=token, timeout=_SECONDS, user_agent="gitlab-runner-fleet trace") as client:
        try:
            read(GitLabPages(client), projects, progress, tell, now)
        except ExportError:
            if not progress.next_pages:
                progress.close()  # nothing was read: what is exported may be corrected
            raise
    jobs = workload(path.stem, progress.records)
    if not jobs.jobs:
        raise ExportError(f"no job of the last {days:g} days has ended in {', '.join(projects)}")
    with path.open("w", encoding="utf-8", newline="") as file:
        write_csv(file, jobs)
    progress.close()
    return len(jobs.jobs)
