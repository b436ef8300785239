"""What readings of a project teach: which jobs have ended, which come, and which come later. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from scaler import coming, pages, pipelines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scaler.coming import Absences, Unfinished
    from scaler.model import Project


# After an attempt to look ahead that failed, nobody waits for another one for so long.
HINT_PAUSE_SECONDS = 60.0
_SEVERAL = 2


class Hint(NamedTuple):
    """A page of a project's later jobs, None = it could not be read; a question, if `at` is 0."""

    project: int
    cursor: str
    at: float = 0.0
    page: pages.Page | None = None


def ended(before: Project, after: Project) -> Iterable[tuple[int, float]]:
    """Yield name and seconds of the jobs that have ended since the read before this one."""
    if before.read_at == after.read_at or not before.read_at:
        return ()
    return pipelines.ended(before.live, after.live, _earliest(before), after.read_at)


def come(absences: Absences, before: Project, after: Project) -> tuple[Absences, Unfinished]:
    """Return which names' jobs hardly ever come, and what is left of the project's pipelines that may have ended."""
    if before.read_at == after.read_at:
        return absences, before.unfinished
    reading = coming.Reading(after.live, after.read_at, _earliest(before) if before.is_hooked else 0.0)
    return coming.follow(absences, before.unfinished, before.live, before.created, reading)


def foretold(project: Project, hint: Hint, now: float) -> Project:
    """Return the project with one more page of its later jobs; after a failure, without a cursor, which led nowhere.

    Args:
        project: what is known of it.
        hint: the page.
        now: when it was asked for.
    """
    if hint.page is None:
        return replace(project, created_cursor="", created_not_before=now + HINT_PAUSE_SECONDS)
    if not project.live or hint.cursor != project.created_cursor:
        # Nothing is foreseen, or what was known has been forgotten meanwhile, so that nothing goes before this page.
        return project
    before = pages.Known(project.created, project.created_cut, project.created_cursor)
    created, cut, cursor = pages.add(before, hint.page, project.live)
    return replace(
        project, created=created, created_cut=cut, created_cursor=cursor, created_at=hint.at, created_not_before=0.0
    )


def is_paused(project: Project, now: float) -> bool:
    """Return whether a project is left alone because its later jobs could not be read, by a clock that was right."""
    return 0 < project.created_not_before - now <= HINT_PAUSE_SECONDS


def hints_not_before(projects: Iterable[Project], now: float) -> float:
    """Return until when no project is asked for later jobs, 0 = some may be.

    One project's failure may be its own. When two have failed and no other has answered since, it is GitLab's.
    """
    known = tuple(projects)
    paused = [project.created_not_before for project in known if is_paused(project, now)]
    since = min(paused, default=0.0) - HINT_PAUSE_SECONDS
    if len(paused) < _SEVERAL or any(project.created_at >= since for project in known):
        return 0.0
    return max(paused)


def _earliest(before: Project) -> float:
    """Return since when a job may have ended unseen: one that ends makes a hook, so not before the first one since."""
    return max(before.read_at, before.hook_first)
