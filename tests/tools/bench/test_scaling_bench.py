from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tools.bench.figure import BenchError, Figure, summary, table
from tools.bench.simulated import buffer, cancelled, fit, history, look_ahead, parts, peers, plan
from tools.bench.simulated.tasks import Task, run
from tools.bench.simulated.workloads import Selection, load, selection
from tools.simulator.generator import Options
from tools.simulator.traces import write_binary

if TYPE_CHECKING:
    from collections.abc import Callable

TINY = Options(days=0.1, pipelines_per_day=120, projects=2, jobs=12, seed=2)


def test_every_part_has_work_to_do() -> None:
    tasks = {name: part.tasks(Selection((TINY,))) for name, part in parts.PARTS.items()}
    names = [task.name for of_part in tasks.values() for task in of_part]

    assert all(tasks.values())
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("part", "worlds"), [("plan", 6), ("peers", 6), ("buffer", 6), ("look-ahead", 6), ("history", 3)]
)
def test_every_boot_time_and_number_of_slots_is_measured_on_every_workload(part: str, worlds: int) -> None:
    number = {
        seeds: len(parts.PARTS[part].tasks(Selection(tuple(Options(seed=seed) for seed in range(seeds)))))
        for seeds in (1, 2)
    }
    kinds = len(history.KINDS) if part == "history" else 1

    assert number[2] - number[1] == worlds * kinds


@pytest.mark.parametrize(
    ("measure", "bars"),
    [
        (partial(plan.against_ideal, TINY, 4, 45.0), 4),
        (partial(plan.livelock, TINY), 2),
        (partial(peers.closest, TINY, 4, 120.0), 1),
        (partial(buffer.learnt, TINY, 4, 120.0), 2),
        (partial(look_ahead.gain, TINY, 1, 120.0), 6),
        (partial(history.misled, TINY, 120.0, "names never seen"), 1),
        (partial(cancelled.removal, TINY, "pipeline"), 0),
        (partial(fit.fit, TINY), 1),
    ],
    ids=["plan", "livelock", "peers", "buffer", "look-ahead", "history", "cancelled", "generator"],
)
def test_a_part_measures_numbers_under_names_of_their_own(measure: Callable[[], list[Figure]], bars: int) -> None:
    figures = measure()

    assert all(figure.value == figure.value for figure in figures)
    assert len({figure.name for figure in figures}) == len(figures)
    assert sum(figure.bar is not None for figure in figures) == bars


def test_no_job_is_killed_with_any_number_of_slots_but_under_the_load_rule() -> None:
    ours, of_many, theirs = plan.livelock(TINY)

    assert (ours.value, of_many.value) == (0, 0)
    assert theirs.value > 0


@pytest.mark.parametrize(("boot", "bar"), [(45.0, 60), (120.0, 50), (210.0, 50)])
def test_look_ahead_is_held_to_what_was_promised(boot: float, bar: float) -> None:
    bars = [(figure.unit, figure.bar) for figure in look_ahead.gain(TINY, 1, boot)]

    assert bars == [*[("% of off", bar)] * 3, ("times", 1.4), ("times", 1.4), ("%", None), ("jobs", 0)]


@pytest.mark.parametrize("kind", history.KINDS)
def test_a_misleading_history_changes_names_or_durations_and_nothing_else(kind: str) -> None:
    before = load(TINY).jobs
    after = tuple(history.KINDS[kind](load(TINY)))

    assert len(after) == len(before)
    assert [(job.created, job.stage, job.needs) for job in after] == [
        (job.created, job.stage, job.needs) for job in before
    ]
    assert [(job.name, job.duration) for job in after] != [(job.name, job.duration) for job in before]


def test_exchanged_names_are_those_of_the_other_end() -> None:
    jobs = load(TINY).jobs
    later = max(jobs, key=lambda job: (job.created, job.number))
    [renamed] = [job for job in history.exchanged(load(TINY)) if job.number == later.number]

    assert renamed.name in {job.name for job in jobs if job.project == later.project}
    assert [job for job in history.exchanged(load(TINY)) if job.created < 100] == [
        job for job in jobs if job.created < 100
    ]


def test_figures_of_several_workloads_become_the_least_and_the_most() -> None:
    figures = [Figure(f"x, {end}", value, "%") for value in (3.0, -1.0, 2.0) for end in ("least", "most")]

    assert cancelled.over_all(figures) == [Figure("x, least", -1.0, "%"), Figure("x, most", 3.0, "%")]


def test_pieces_of_work_are_reported_in_their_order_however_many_processes_work() -> None:
    tasks = [Task(f"fit {seed}", partial(fit.fit, Options(days=0.2, seed=seed))) for seed in (3, 2, 1)]
    told: list[str] = []

    assert run(tasks, 2, told.append) == run(tasks, 1, told.append)
    assert len(told) == 6


def test_a_part_that_is_asked_for_is_measured_alone_and_kept(tmp_path: Path) -> None:
    told: list[str] = []

    figures = list(parts.measure({"PART": "decision", "JOBS": "1"}, tmp_path, told.append))

    assert figures[0].name.startswith("state of 500 projects")
    assert [path.name for path in tmp_path.iterdir()] == ["scaling-decision.json"]
    assert told[0] == "1 of 1: decision"
    assert told[1].startswith("decision: 5 figures, none beyond the bar → ")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"PART": "plan,plane"}, "PART=plan,plane: plane is none of decision, speed, "),
        ({"JOBS": "0"}, "JOBS=0: a number of processes"),
        ({"JOBS": "many"}, "JOBS=many: a number of processes"),
        ({"SEEDS": "1,x"}, "SEEDS=1,x: numbers"),
        ({"TRACES": "/nowhere"}, "TRACES=/nowhere has no .dat files"),
    ],
)
def test_what_cannot_be_measured_is_refused_by_name(tmp_path: Path, asked: dict[str, str], message: str) -> None:
    with pytest.raises(BenchError, match=message):
        list(parts.measure(asked, tmp_path, print))


def test_all_parts_are_measured_in_their_own_order_unless_some_are_asked_for() -> None:
    assert parts.parts({"PART": "plan, decision"}) == ["decision", "plan"]
    assert parts.parts({}) == parts.parts({"PART": ""}) == list(parts.PARTS)


def test_traces_and_seeds_are_measured_with(tmp_path: Path) -> None:
    write_binary(tmp_path / "b.dat", [(1, 2)])
    write_binary(tmp_path / "a.dat", [(1, 2), (3, 4)])

    chosen = selection({"TRACES": str(tmp_path), "SEEDS": "4,5", "IMAGES": "x"})

    assert [options.seed for options in chosen.generated] == [4, 5]
    assert [path.name for path in chosen.traces] == ["a.dat", "b.dat"]
    assert [len(load(source).jobs) for source in chosen.traces] == [2, 1]
    assert chosen.images == Path("x")


def test_a_missed_bar_is_said_also_where_there_is_no_number() -> None:
    figures = [Figure("within", 1, "s", 1), Figure("beyond", 2, "s", 1), Figure("none", float("nan"), "s", 1)]

    lines = table([*figures, Figure("without a bar", 9, "s")]).splitlines()

    assert ["EXCEEDED" in line for line in lines] == [False, True, True, False]
    assert summary(figures) == "3 figures, 2 beyond the bar"
    assert summary(figures[:1]) == "1 figures, none beyond the bar"
