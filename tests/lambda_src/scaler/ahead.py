"""Worlds in which the scaler looks ahead: a project whose pipelines have a build and jobs after it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scaler.history import key
from scaler.model import Job
from scaler.pipelines import Created, stage_key
from tests.lambda_src.scaler.fakes import RULES, START, World, system_id
from tests.lambda_src.scaler.worlds import one_instance_world

if TYPE_CHECKING:
    from collections.abc import Callable

    from scaler.capacity import Rules
    from scaler.errors import ReadError
    from scaler.outcome import Outcome

AHEAD = replace(RULES, looks_ahead=True)
BUILD_SECONDS = 300.0


def build(number: int, pipeline: int, started_at: float | None = None) -> Job:
    return Job(
        number,
        is_running=started_at is not None,
        queued_at=START,
        tags=frozenset(),
        runner_id="5" if started_at else "",
        system_id=system_id(1) if started_at else "",
        name="build",
        stage="build",
        pipeline_id=pipeline,
        started_at=started_at or 0.0,
    )


def later_jobs(pipeline: int, count: int) -> tuple[Created, ...]:
    return tuple(
        Created(
            pipeline * 100 + number,
            pipeline,
            key(1, "test"),
            stage_key("test"),
            None,
            is_ours=True,
            is_automatic=True,
            is_optional=False,
        )
        for number in range(1, count + 1)
    )


def started(rules: Rules = AHEAD) -> World:
    """Return a world with one instance."""
    return one_instance_world(rules)


def hook(world: World) -> Outcome:
    world.hook(1)
    return world.settle()


def run(world: World, pipeline: int, seconds: float, later: int = 5) -> None:
    """Let a pipeline's build run for some seconds, a hook at its start and one a little later."""
    number = pipeline * 100
    world.gitlab.projects[1] = [build(number, pipeline, world.clock.now)]
    world.gitlab.created[1] = later_jobs(pipeline, later)
    hook(world)
    world.clock.sleep(seconds)
    hook(world)


def learnt(rules: Rules = AHEAD) -> World:
    """Return a world in which the build has run a few times, each pipeline ending with it."""
    world = started(rules)
    for pipeline in range(1, 6):
        run(world, pipeline, BUILD_SECONDS - 1, later=0)
        world.clock.sleep(1)
        world.gitlab.projects[1] = []
        hook(world)
        world.clock.sleep(60)
    return world


def broken(error: ReadError) -> Callable[[str], None]:
    def fault(path: str) -> None:
        if path == "/api/graphql":
            raise error

    return fault
