"""Put the pages together in which GitLab lists a project's later jobs, newest first. Pure.

A page ends within a pipeline: of that one, and of older ones, earlier stages may be missing, and the last stage would
seem to be the next one. Such a pipeline is **cut** until the pages behind have been read, one at each look. What was
known whole stays so, because nothing is added to a pipeline later.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection

    from scaler.pipelines import Created, Live


class Page(NamedTuple):
    """What GitLab answers: some of a project's later jobs, and where the next page begins, "" = this is the last."""

    jobs: tuple[Created, ...]
    cursor: str = ""


class Known(NamedTuple):
    """What is known of a project's later jobs.

    Attributes:
        created: the jobs.
        cut: pipelines that may have earlier ones than these.
        cursor: where the next page to be read begins, "" = with the newest job.
    """

    created: tuple[Created, ...]
    cut: tuple[int, ...] = ()
    cursor: str = ""


NOTHING = Known(())


def add(before: Known, page: Page, live: Collection[Live]) -> Known:
    """Return what is known after one more page.

    Args:
        before: what was known; its cursor is where the page begins.
        page: what GitLab has answered.
        live: the jobs under way.
    """
    ids = [job.id for job in page.jobs]
    newest = max(ids, default=0) if before.cursor else math.inf
    oldest = min(ids, default=0) if page.cursor else 0
    newer = tuple(job for job in before.created if job.id > newest)
    under_way = {job.pipeline for job in live}
    kept = under_way.union(job.pipeline for job in (*newer, *page.jobs))
    older = tuple(job for job in before.created if job.id < oldest and job.pipeline in kept)
    created = (*newer, *page.jobs, *older)
    whole = {job.pipeline for job in before.created}.difference(before.cut)
    last_cut = _last_cut(page, oldest, live)
    cut = {job.pipeline for job in created if job.pipeline <= last_cut} - whole
    # Pages of pipelines that nobody works on, such as blocked ones, are not worth a request.
    return Known(created, tuple(sorted(cut)), page.cursor if cut & under_way else "")


def _last_cut(page: Page, oldest: int, live: Collection[Live]) -> int:
    """Return the newest pipeline that may have jobs behind the page, -1 = none has."""
    if not page.cursor:
        return -1
    ends_in = (job.pipeline for job in page.jobs if job.id == oldest)
    # The jobs of pipelines that were made at the same time stand among each other.
    began_behind = (job.pipeline for job in live if job.id < oldest)
    return max((*ends_in, *began_behind), default=-1)
