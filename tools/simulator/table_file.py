"""Workloads as CSV. `docs/tuning.md` describes the columns; only `created` and `duration` must be there."""

from __future__ import annotations

import csv
import math
from typing import TYPE_CHECKING

from tools.simulator.workload import Job, When, Workload, WorkloadError, checked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
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
    "cancelled_at",
)
REQUIRED = ("created", "duration")
_YES, _NO = "yes", "no"
_STAGE_ORDER = "stage"


def read_csv(path: Path) -> Workload:
    """Return the jobs of a CSV file.

    Raises:
        WorkloadError: a column is missing, or a value cannot be understood; the message names the line.
    """
    try:
        # Excel writes a byte order mark.
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            _check_header(path, reader.fieldnames or ())
            rows = [(reader.line_num, row) for row in reader]
    except UnicodeDecodeError as error:
        raise WorkloadError(f"{path}: it is not UTF-8 text ({error.reason} at byte {error.start})") from error
    except csv.Error as error:
        raise WorkloadError(f"{path}: it is no CSV: {error}") from error
    if not rows:
        raise WorkloadError(f"{path}: it has no jobs, only a header")
    ordered = _ordered([_row(path, line, row) for line, row in rows])
    return checked(path.stem, _numbered(ordered), lambda number: ordered[number]["line"])


def _check_header(path: Path, header: Sequence[str]) -> None:
    columns = set(header)
    if missing := [name for name in REQUIRED if name not in columns]:
        hint = "; columns are separated by commas, not semicolons" if any(";" in name for name in header) else ""
        raise WorkloadError(f"{path}: the columns {', '.join(missing)} are missing{hint}")
    if unknown := sorted(columns - set(COLUMNS)):
        raise WorkloadError(f"{path}: the columns {', '.join(unknown)} are unknown; known: {', '.join(COLUMNS)}")


def _row(path: Path, line: int, row: Mapping[str, str | None]) -> dict[str, str]:
    """Return a row with every column, the optional ones by their defaults."""
    if None in row or None in row.values():
        raise WorkloadError(f"{path}, line {line}: it has more or fewer fields than the header")
    number = str(line)
    defaults = {"job": number, "pipeline": f"of job {number}", "needs": _STAGE_ORDER, "when": When.ON_SUCCESS}
    filled = {name: row.get(name) or defaults.get(name, "") for name in COLUMNS}
    return filled | {"line": f"{path}, line {line}"}


def _ordered(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return rows in the order of their pipelines' creation, those of one pipeline together."""
    order: dict[str, list[dict[str, str]]] = {}
    for row in sorted(rows, key=_created):
        order.setdefault(row["pipeline"], []).append(row)
    return [row for group in order.values() for row in group]


def _created(row: Mapping[str, str]) -> float:
    """Return what to sort by, which a number that is none would confuse."""
    created = _number(row, "created")
    if not math.isfinite(created):
        raise WorkloadError(f"{row['line']}: created is {created:g}, negative or not finite")
    return created


def _numbered(in_order: list[dict[str, str]]) -> Iterable[Job]:
    """Yield jobs with numbers instead of names."""
    pipelines: dict[str, int] = {}
    projects: dict[str, int] = {}
    numbers: dict[tuple[str, str], int] = {}
    for place, row in enumerate(in_order):
        if numbers.setdefault((row["pipeline"], row["job"]), place) != place:
            raise WorkloadError(f"{row['line']}: job {row['job']} is there twice")
    for place, row in enumerate(in_order):
        project = projects.setdefault(row["project"], len(projects))
        pipeline = pipelines.setdefault(row["pipeline"], len(pipelines))
        yield _job(row, place, project, pipeline, numbers)


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
            stage=_whole(row, "stage", 0),
            name=row["name"],
            needs=needs,
            tags=frozenset(row["tags"].split()),
            when=When(row["when"]),
            held_until=_number(row, "held_until", 0.0),
            fails=_flag(row, "fails"),
            may_fail=_flag(row, "may_fail"),
            runs=_whole(row, "runs", 1),
            cancelled_at=_number(row, "cancelled_at", math.inf),
        )
    except KeyError as error:
        raise WorkloadError(f"{row['line']}: it needs {error}, which its pipeline does not have") from error
    except ValueError as error:
        raise WorkloadError(f"{row['line']}: when is {row['when']!r}, not one of {', '.join(When)}") from error


def _whole(row: Mapping[str, str], column: str, default: int) -> int:
    try:
        return int(row[column] or default)
    except ValueError as error:
        raise WorkloadError(f"{row['line']}: {column} is {row[column]!r}, not a whole number") from error


def _number(row: Mapping[str, str], column: str, default: float = math.nan) -> float:
    """Return a number of seconds; what must be there and is empty is refused like other text that is none."""
    if not row[column] and not math.isnan(default):
        return default
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
        "" if job.cancelled_at == math.inf else round(job.cancelled_at, 3),
    )
