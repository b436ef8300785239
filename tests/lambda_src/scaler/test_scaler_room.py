"""The state always has room in its item: what is only convenient gives way to what is counted."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from scaler import codec
from scaler.capacity import Rules
from scaler.codec import MAX_BYTES
from scaler.coming import Unfinished
from scaler.errors import ReadError, StateError
from scaler.history import Duration
from scaler.intake import MAX_HOOK_IDS, MAX_HOOK_IDS_IN_ALL
from scaler.model import Clock, Job, Project, State
from scaler.pipelines import Created, Live
from tests.lambda_src.scaler.fakes import START, FakeTable, World, instance_id

if TYPE_CHECKING:
    from collections.abc import Mapping

ITEM_BYTES = 400 * 1024
DRAWN = random.Random(1)


def name() -> int:
    return DRAWN.getrandbits(48)


def to_come(jobs: int, needs: int, names: int = 500) -> tuple[Created, ...]:
    """Return jobs whose needs have nothing in common, so that they do not compress well."""
    known = [name() for _ in range(names)]
    return tuple(
        Created(10**9 + number, 77, DRAWN.choice(known), 5, tuple(DRAWN.sample(known, needs)), True, True, False)
        for number in range(jobs)
    )


HOOK_IDS = tuple(f"{DRAWN.getrandbits(256):064x}" for _ in range(10))
COUNTED: Mapping[str, object] = {"pending": 3, "oldest_pending_at": START, "running": ("r_0123456789ab",)}
LIVE = (Live(1, 77, name(), 5, START, is_running=True, is_ours=True),)
HISTORY = {name(): Duration(5.0, 0.5, 3) for _ in range(100)}
SMALL = State(
    projects={1: Project(1, read_at=START, hook_first=START, hook_ids=HOOK_IDS, live=LIVE, **COUNTED)},  # type: ignore[arg-type]
    instances={instance_id(1): Clock(START, is_busy=True, jobs=1, taken=1)},
    absences={name(): 3},
    history=HISTORY,
)


def with_projects(*more: Project) -> State:
    return replace(SMALL, projects={**SMALL.projects, **{project.id: project for project in more}})


def stored(state: State) -> State:
    data = codec.encode(state)
    assert len(data) <= MAX_BYTES < ITEM_BYTES
    return codec.decode(data)


def test_a_state_with_room_is_stored_whole() -> None:
    assert stored(SMALL) == SMALL


def test_ids_of_hooks_give_way_first() -> None:
    ids = [tuple(f"{DRAWN.getrandbits(256):064x}" for _ in range(100)) for _ in range(120)]
    state = with_projects(*(Project(number, hook_ids=keys) for number, keys in enumerate(ids, 2)))
    without = {key: replace(project, hook_ids=()) for key, project in state.projects.items()}
    assert stored(state) == replace(state, projects=without)


@pytest.mark.parametrize(
    "large",
    [
        pytest.param({"live": LIVE, "created": to_come(4000, 50), "created_at": START}, id="needs"),
        pytest.param({"unfinished": Unfinished(START, tuple((77, name()) for _ in range(80_000)))}, id="unfinished"),
    ],
)
def test_what_is_foreseen_gives_way_before_what_is_counted_and_learnt(large: dict[str, object]) -> None:
    kept = stored(with_projects(Project(2, read_at=START, **large)))  # type: ignore[arg-type]
    counted = replace(SMALL.projects[1], hook_ids=(), live=())
    assert kept == replace(SMALL, projects={1: counted, 2: Project(2, read_at=START)})


def test_what_was_learnt_gives_way_last() -> None:
    state = replace(SMALL, absences={name(): 3 for _ in range(60_000)})
    kept = stored(state)
    assert (kept.absences, kept.history.keys()) == ({}, HISTORY.keys())
    state = replace(SMALL, history={name(): Duration(5.0, 0.5, 3) for _ in range(60_000)})
    kept = stored(state)
    assert (kept.history, kept.instances) == ({}, SMALL.instances)


def test_hooks_that_no_read_answers_leave_few_ids_in_all() -> None:
    world = World()
    world.gitlab.projects = {key: [] for key in range(1, 101)}
    world.sweep()
    world.settle()
    world.gitlab.fault = _unreachable
    for key in range(1, 101):
        for number in range(MAX_HOOK_IDS):
            world.hook(key, key=f"{key}-{number}")
    world.settle()
    ids = sum(len(project.hook_ids) for project in world.state.projects.values())
    assert 0 < ids < MAX_HOOK_IDS_IN_ALL + 10


def _unreachable(_path: str) -> None:
    raise ReadError("GitLab cannot be reached")


class Item(FakeTable):
    """A table that refuses what is larger than an item may be."""

    def save(self, state: State, version: int) -> None:
        if len(codec.encode(state)) > ITEM_BYTES:
            raise StateError("Item size has exceeded the maximum allowed size")
        super().save(state, version)


def test_one_project_with_all_the_needs_there_are_keeps_nobody_from_saving() -> None:
    world = World(rules=Rules(slots=1, idle_seconds=600, looks_ahead=True), table=Item())
    world.gitlab.projects = {1: [holding(77)], 2: []}
    world.gitlab.created = {1: to_come(3840, 50)}
    world.sweep()
    world.settle()
    for _ in range(3):
        saves = world.table.saves
        for _ in range(15):
            world.clock.sleep(15)
            world.hook(1)
            world.settle()
        assert world.table.saves > saves
    assert world.state.projects[1].read_at > world.clock.now - 60


def holding(pipeline: int) -> Job:
    return Job(
        1,
        is_running=True,
        queued_at=START,
        tags=frozenset(),
        runner_id="99",
        system_id="other",
        name="hold",
        stage="s",
        pipeline_id=pipeline,
        started_at=START,
    )
