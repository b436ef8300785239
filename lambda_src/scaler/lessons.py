"""What readings of a project teach: which jobs have ended, which come, and which come later. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from scaler import coming, pages, pipelines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scaler.coming import Absences, Left
    from scaler.model import Project


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


def come(absences: Absences, before: Project, after: Project) -> tuple[Absences, Left]:
    """Return which names' jobs hardly ever come, and what is left of the project's pipelines that may have ended."""
    if before.read_at == after.read_at:
        return absences, before.left
    reading = coming.Reading(after.live, after.read_at, _earliest(before))
    return coming.follow(absences, before.left, before.live, before.created, reading)


def foretold(project: Project, hint: Hint) -> Project:
    """Return the project with one more page of its later jobs, and without a cursor that led nowhere."""
    if hint.page is None:
        return replace(project, created_cursor="")
    if hint.cursor != project.created_cursor:
        # What was known has been forgotten meanwhile, so that nothing goes before this page.
        return project
    before = pages.Known(project.created, project.created_cut, project.created_cursor)
    created, cut, cursor = pages.add(before, hint.page, project.live)
    return replace(project, created=created, created_cut=cut, created_cursor=cursor, created_at=hint.at)


def _earliest(before: Project) -> float:
    """Return since when a job may have ended unseen: one that ends makes a hook, so not before the first one since."""
    return max(before.read_at, before.hook_first)
