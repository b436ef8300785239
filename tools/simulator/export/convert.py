"""Turn exported jobs into a workload: stage order, needs and retries as far as their times show them.

GitLab's REST API names neither a job's needs nor who started a manual job, so both are inferred:

- stages come in the order of their lowest job id, because GitLab creates jobs in stage order;
- a job that became pending while earlier stages still ran has needs: the job that ended last before it;
- a job that became pending long after all earlier stages waited for a person or a delay: it is held until then;
- of several runs of the same job in a pipeline each waits for the one before.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.simulator.workload import Job, When, Workload, checked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tools.simulator.export.records import Record

# GitLab starts the next jobs within seconds; beyond this somebody or something else did.
_HELD_SECONDS = 60.0


@dataclass(frozen=True)
class _Place:
    """What the jobs of one pipeline are numbered from, and when the export begins."""

    first: int
    pipeline: int
    project: int
    start: float


def workload(name: str, records: Iterable[Record]) -> Workload:
    """Return the exported jobs, pipelines in the order of their creation."""
    pipelines: defaultdict[tuple[int, int], list[Record]] = defaultdict(list)
    for record in records:
        pipelines[record.project, record.pipeline].append(record)
    in_order = sorted(pipelines.values(), key=lambda jobs: min(job.created_at for job in jobs))
    start = min((job.created_at for jobs in in_order for job in jobs), default=0.0)
    projects: dict[int, int] = {}
    jobs: list[Job] = []
    for number, group in enumerate(in_order):
        project = projects.setdefault(group[0].project, len(projects))
        jobs += _pipeline(sorted(group, key=lambda job: job.id), _Place(len(jobs), number, project, start))
    return checked(name, jobs)


def _pipeline(records: Sequence[Record], place: _Place) -> Iterator[Job]:
    stages: dict[str, int] = {}
    for record in records:
        stages.setdefault(record.stage, len(stages))
    created = min(record.created_at for record in records)
    last_of: dict[str, int] = {}
    again = {later: earlier for later, earlier in _runs(records, last_of) if earlier is not None}
    superseded = set(again.values())
    for number, record in enumerate(records):
        needs, held_until = _waits(record, records, stages, again.get(number))
        yield Job(
            number=place.first + number,
            created=created - place.start,
            duration=record.finished_at - record.started_at,
            project=place.project,
            pipeline=place.pipeline,
            stage=stages[record.stage],
            name=record.name,
            needs=None if needs is None else tuple(place.first + need for need in needs),
            tags=frozenset(record.tags),
            when=When.DELAYED if held_until else When.ON_SUCCESS,
            held_until=held_until - place.start if held_until else 0.0,
            fails=not record.is_success,
            may_fail=record.may_fail or number in superseded,
        )


def _runs(records: Sequence[Record], last_of: dict[str, int]) -> Iterator[tuple[int, int | None]]:
    """Yield each job with the earlier run of the same name, if there was one."""
    for number, record in enumerate(records):
        earlier = last_of.get(record.name)
        yield number, earlier
        last_of[record.name] = number


def _waits(
    record: Record, records: Sequence[Record], stages: dict[str, int], earlier_run: int | None
) -> tuple[tuple[int, ...] | None, float]:
    """Return what a job waited for, None = stage order, and until when it was held, 0 = it was not."""
    if earlier_run is not None:
        free_at, needs = records[earlier_run].finished_at, (earlier_run,)
        return needs, _held(record, free_at)
    before = [n for n, other in enumerate(records) if stages[other.stage] < stages[record.stage]]
    free_at = max((records[number].finished_at for number in before), default=record.created_at)
    if record.pending_at >= free_at - 1:
        return None, _held(record, free_at)
    ended = [number for number in before if records[number].finished_at <= record.pending_at + 1]
    latest = max(ended, key=lambda number: records[number].finished_at, default=None)
    free_at = record.created_at if latest is None else records[latest].finished_at
    return (() if latest is None else (latest,)), _held(record, free_at)


def _held(record: Record, free_at: float) -> float:
    return record.pending_at if record.pending_at > free_at + _HELD_SECONDS else 0.0
