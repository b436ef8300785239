"""Worlds to start from, and faults for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scaler.errors import DeniedError, ReadError
from scaler.outcome import Outcome
from tests.lambda_src.scaler.fakes import RULES, RUNNER, World, pending

if TYPE_CHECKING:
    from collections.abc import Callable

    from scaler.capacity import Rules
    from scaler.matching import Runner


def world_of(projects: dict[int, int], *, rules: Rules = RULES, runner: Runner = RUNNER) -> World:
    """Return a world that has been observed once, with so many pending jobs in each project."""
    world = World(rules=rules, runner=runner)
    job = iter(range(1, 10_000))
    world.gitlab.projects = {key: [pending(next(job)) for _ in range(count)] for key, count in projects.items()}
    world.sweep()
    world.settle()
    return world


def one_instance_world(rules: Rules = RULES) -> World:
    """Return a world with one instance, which has been observed once, and no jobs."""
    world = World(rules=rules)
    world.gitlab.projects = {1: []}
    world.group.desired = 1
    world.group.launch()
    world.group.boot()
    world.sweep()
    world.settle()
    return world


def idle_world(instances: int = 2, *, runner: Runner = RUNNER) -> World:
    """Return a world with instances that have been idle for their time when the next minute comes."""
    world = world_of({1: 0}, runner=runner)
    world.group.desired = instances
    world.group.launch()
    world.group.boot()
    for _ in range(10):
        assert world.minute() is Outcome.UNCHANGED or world.group.desired == instances
    return world


def failing(path: str, words: str = "GitLab answers 503") -> Callable[[str], None]:
    def fault(what: str) -> None:
        if what == path:
            raise ReadError(words)

    return fault


def denied(what: str) -> None:
    if what == "/runners/5/managers":
        raise DeniedError("403 at runners/:id/managers")
