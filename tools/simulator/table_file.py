"""Workloads as CSV. `docs/tuning.md` describes the columns; only `created` and `duration` must be there."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from tools.simulator.workload import Job, When, Workload, WorkloadError, checked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from typing import TextIO

COLUMNS = (
    "job",
    "created",
    "duration",
    "project",
    "pipeline",
    "stage",
    "name",
    "needs",
    "tags",
    "when",
    "held_until",
    "fails",
    "may_fail",
    "runs",
)
REQUIRED = ("created", "duration")
_YES, _NO = "yes", "no"
_STAGE_ORDER = "stage"


def read_csv(path: Path) -> Workload:
    """Return the jobs of a CSV file.

    Raises:
        WorkloadError: a column is missing, or a value cannot be understood; the message names the line.
    """
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        columns = set(reader.fieldnames or ())
        if missing := [name for name in REQUIRED if name not in columns]:
            raise WorkloadError(f"{path}: the columns {', '.join(missing)} are missing")
        if unknown := sorted(columns - set(COLUMNS)):
            raise WorkloadError(f"{path}: the columns {', '.join(unknown)} are unknown; known: {', '.join(COLUMNS)}")
        rows = [(reader.line_num, row) for row in reader]
    return checked(path.stem, _numbered([_row(path, line, row) for line, row in rows]))


def _row(path: Path, line: int, row: Mapping[str, str | None]) -> dict[str, str]:
    """Return a row with every column, the optional ones by their defaults."""
    if None in row or None in row.values():
        raise WorkloadError(f"{path}, line {line}: it has more or fewer fields than the header")
    number = str(line)
    defaults = {"job": number, "pipeline": f"of job {number}", "needs": _STAGE_ORDER, "when": When.ON_SUCCESS}
    filled = {name: row.get(name) or defaults.get(name, "") for name in COLUMNS}
    return filled | {"line": f"{path}, line {line}"}


def _numbered(rows: list[dict[str, str]]) -> Iterable[Job]:
    """Yield jobs in the order of their pipelines' creation, with numbers instead of names."""
    rows = sorted(rows, key=lambda row: _number(row, "created"))
    order: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        order.setdefault(row["pipeline"], []).append(row)
    in_order = [row for group in order.values() for row in group]
    pipelines = {pipeline: number for number, pipeline in enumerate(order)}
    projects: dict[str, int] = {}
    numbers: dict[tuple[str, str], int] = {}
    for place, row in enumerate(in_order):
        if numbers.setdefault((row["pipeline"], row["job"]), place) != place:
            raise WorkloadError(f"{row['line']}: job {row['job']} is there twice")
    for place, row in enumerate(in_order):
        project = projects.setdefault(row["project"], len(projects))
        yield _job(row, place, project, pipelines[row["pipeline"]], numbers)


def _job(
    row: Mapping[str, str], number: int, project: int, pipeline: int, numbers: Mapping[tuple[str, str], int]
) -> Job:
    try:
        needs = None
        if row["needs"] != _STAGE_ORDER:
            needs = tuple(numbers[row["pipeline"], name] for name in row["needs"].split() if name != "none")
        return Job(
            number=number,
            created=_number(row, "created"),
            duration=_number(row, "duration"),
            project=project,
            pipeline=pipeline,
            stage=int(row["stage"] or 0),
            name=row["name"],
            needs=needs,
            tags=frozenset(row["tags"].split()),
            when=When(row["when"]),
            held_until=float(row["held_until"] or 0),
            fails=_flag(row, "fails"),
            may_fail=_flag(row, "may_fail"),
            runs=int(row["runs"] or 1),
        )
    except KeyError as error:
        raise WorkloadError(f"{row['line']}: it needs {error}, which its pipeline does not have") from error
    except ValueError as error:
        raise WorkloadError(f"{row['line']}: {error}") from error


def _number(row: Mapping[str, str], column: str) -> float:
    try:
        return float(row[column])
    except ValueError as error:
        raise WorkloadError(f"{row['line']}: {column} is {row[column]!r}, not a number of seconds") from error


def _flag(row: Mapping[str, str], column: str) -> bool:
    if row[column] not in {_YES, _NO, ""}:
        raise WorkloadError(f"{row['line']}: {column} is {row[column]!r}, not {_YES} or {_NO}")
    return row[column] == _YES


def write_csv(file: TextIO, workload: Workload) -> None:
    """Write a workload."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_fields(job) for job in workload.jobs)


def _fields(job: Job) -> tuple[object, ...]:
    needs = _STAGE_ORDER if job.needs is None else " ".join(map(str, job.needs)) or "none"
    return (
        job.number,
        round(job.created, 3),
        round(job.duration, 3),
        job.project,
        job.pipeline,
        job.stage,
        job.name,
        needs,
        " ".join(sorted(job.tags)),
        job.when.value,
        job.held_until or "",
        _YES if job.fails else _NO,
        _YES if job.may_fail else _NO,
        job.runs,
    )
