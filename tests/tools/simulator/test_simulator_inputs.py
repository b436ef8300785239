from __future__ import annotations

import io
import statistics
from typing import TYPE_CHECKING

import pytest

from tools.simulator.cli import parser
from tools.simulator.generator import DAY, Options, generate
from tools.simulator.options import workload_of
from tools.simulator.table_file import read_csv, write_csv
from tools.simulator.traces import read_binary, write_binary
from tools.simulator.workload import Job, When, WorkloadError, checked

if TYPE_CHECKING:
    from pathlib import Path


def test_a_binary_trace_is_read_as_arrivals_and_durations_in_milliseconds(tmp_path: Path) -> None:
    path = tmp_path / "tiny.dat"
    path.write_bytes(bytes.fromhex("000003e8 000007d0 000001f4 00000001"))

    workload = read_binary(path)

    assert [(job.created, job.duration) for job in workload.jobs] == [(0.5, 0.001), (1.0, 2.0)]
    assert workload.name == "tiny"


def test_a_binary_trace_that_is_written_is_read_the_same(tmp_path: Path) -> None:
    path = tmp_path / "x.dat"
    write_binary(path, [(1.5, 2.25), (3, 4)])

    assert [(job.created, job.duration) for job in read_binary(path).jobs] == [(1.5, 2.25), (3, 4)]


@pytest.mark.parametrize("content", [b"", b"1234567"])
def test_a_binary_trace_that_is_cut_off_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.dat"
    path.write_bytes(content)

    with pytest.raises(WorkloadError, match="not records of 8 bytes"):
        read_binary(path)


def test_a_workload_survives_csv(tmp_path: Path) -> None:
    jobs = (
        Job(0, 1.5, 2.25, project=0, pipeline=0, name="a", tags=frozenset({"x", "y"})),
        Job(1, 1.5, 3, project=0, pipeline=0, stage=1, name="b", needs=(0,), may_fail=True),
        Job(2, 1.5, 3, project=0, pipeline=0, stage=1, name="c", needs=(), runs=2, fails=True),
        Job(3, 1.5, 3, project=0, pipeline=0, stage=2, name="d", when=When.DELAYED, held_until=90.0),
        Job(4, 7, 1, project=1, pipeline=1, name="e", when=When.MANUAL),
    )
    path = tmp_path / "x.csv"
    with path.open("w", newline="") as file:
        write_csv(file, checked("x", jobs))

    assert read_csv(path).jobs == jobs


def test_two_columns_are_enough(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("created,duration\n20,5\n10,6\n")

    jobs = read_csv(path).jobs

    assert [(job.created, job.duration, job.needs) for job in jobs] == [(10, 6, None), (20, 5, None)]
    assert len({job.pipeline for job in jobs}) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("created\n1\n", "duration are missing"),
        ("created,duration,colour\n1,2,red\n", "colour are unknown"),
        ("created,duration\n1,soon\n", "line 2: duration is 'soon'"),
        ("created,duration\n1,2\n\n1,2,3\n", "line 4: it has more or fewer"),
        ("created,duration,when\n1,2,later\n", "line 2: when is 'later', not one of on_success, manual"),
        ("created,duration,stage\n1,2,test\n", "line 2: stage is 'test', not a whole number"),
        ("created,duration,runs\n1,2,twice\n", "line 2: runs is 'twice', not a whole number"),
        ("created,duration,runs\n1,2,0\n", "line 2: runs is 0"),
        ("created,duration,held_until\n1,2,noon\n", "line 2: held_until is 'noon'"),
        ("created,duration,cancelled_at\n1,2,never\n", "line 2: cancelled_at is 'never'"),
        ("created,duration,cancelled_at\n5,2,3\n", "line 2: it is cancelled before it is created"),
        ("created;duration\n1;2\n", "are missing; columns are separated by commas, not semicolons"),
        ("created,duration\n", "it has no jobs, only a header"),
        ("", "created, duration are missing"),
        ("created,duration,fails\n1,2,maybe\n", "line 2: fails is 'maybe'"),
        ("created,duration,pipeline,job,needs\n1,2,a,b,c\n", "line 2: it needs"),
        ("created,duration,pipeline,job\n1,2,a,b\n1,2,a,b\n", "line 3: job b is there twice"),
        ("created,duration\n3,4\n1,-2\n", "line 3: duration is -2, negative or not finite"),
        ("created,duration\n3,4\n1,nan\n", "line 3: duration is nan, negative or not finite"),
        ("created,duration\n3,4\ninf,2\n", "line 3: created is inf, negative or not finite"),
        ("created,duration\n3,4\nnan,2\n", "line 3: created is nan, negative or not finite"),
        ("created,duration\n,2\n", "line 2: created is ''"),
        ("job,created,duration,pipeline,needs\na,1,2,p,b\nb,1,2,p,a\n", "line 2, .*line 3 wait for each other"),
    ],
)
def test_a_csv_that_cannot_be_simulated_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)

    with pytest.raises(WorkloadError, match=message):
        read_csv(path)


def test_a_csv_from_excel_is_read_whatever_the_case_of_its_name(tmp_path: Path) -> None:
    path = tmp_path / "X.CSV"
    path.write_bytes(b"\xef\xbb\xbfcreated,duration\r\n1,2\r\n")
    options = parser().parse_args(["compare", str(path)])

    assert [(job.created, job.duration) for job in workload_of(options).jobs] == [(1, 2)]


@pytest.mark.parametrize("content", ["created,duration,name\n1,2,é\n".encode("latin-1"), b"\xff\xfec\x00r\x00"])
def test_a_csv_that_is_no_utf_8_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)

    with pytest.raises(WorkloadError, match="it is not UTF-8 text"):
        read_csv(path)


@pytest.mark.parametrize(
    ("jobs", "message"),
    [
        ([Job(0, 0, 1, needs=(0,))], "wait for each other"),
        ([Job(0, 0, 1, stage=1, needs=(1,)), Job(1, 0, 1, stage=2)], "wait for each other"),
        ([Job(0, 0, 1, needs=(7,))], "which its pipeline does not have"),
        ([Job(1, 0, 1)], "stands at place 0"),
        ([Job(0, 0, 1, pipeline=1), Job(1, 0, 1, pipeline=2), Job(2, 0, 1, pipeline=1)], "do not stand together"),
    ],
)
def test_jobs_that_could_never_run_are_refused(jobs: list[Job], message: str) -> None:
    with pytest.raises(WorkloadError, match=message):
        checked("x", jobs)


@pytest.mark.parametrize("options", [Options(), Options(seed=2), Options(seed=6, days=0.8)], ids=repr)
def test_every_seed_has_the_published_figures(options: Options) -> None:
    workload = generate(options)
    minutes = sorted(job.duration / 60 for job in workload.jobs)

    assert len(minutes) / len(list(workload.pipelines())) == pytest.approx(40, rel=0.05)
    assert statistics.median(minutes) == pytest.approx(6.8, rel=0.05)
    assert statistics.mean(minutes) == pytest.approx(10.2, rel=0.05)
    assert minutes[int(0.95 * len(minutes))] == pytest.approx(29, rel=0.05)
    assert minutes[-1] == pytest.approx(114, rel=0.05)


def test_generated_pipelines_fail_are_retried_and_follow_the_day() -> None:
    workload = generate(Options(projects=10, days=4, seed=3))
    stages = {(job.pipeline, job.stage) for job in workload.jobs}
    failing = {(job.pipeline, job.stage) for job in workload.jobs if job.fails}
    by_day = sum(6 * 3600 < jobs[0].created % DAY < 22 * 3600 for jobs in workload.pipelines())

    assert len(failing) / len(stages) == pytest.approx(0.1, abs=0.02)
    assert sum(job.runs > 1 for job in workload.jobs) / len(workload.jobs) == pytest.approx(0.02, abs=0.005)
    assert by_day / len(list(workload.pipelines())) > 0.8
    assert any(job.needs is None for job in workload.jobs)
    assert any(job.needs for job in workload.jobs)


def test_a_job_of_the_same_name_takes_about_as_long_in_every_pipeline() -> None:
    workload = generate(Options(projects=1, days=3, sigma=0.0, seed=3))
    of_name: dict[str, set[float]] = {}
    for job in workload.jobs:
        of_name.setdefault(job.name, set()).add(job.duration)

    assert all(len(durations) == 1 for durations in of_name.values())


def test_the_same_seed_generates_the_same() -> None:
    assert generate(Options(seed=5)) == generate(Options(seed=5)) != generate(Options(seed=6))


def test_written_pipelines_are_plain_text(tmp_path: Path) -> None:
    file = io.StringIO()

    write_csv(file, generate(Options(days=0.1)))

    assert file.getvalue().startswith("job,created,duration,")
