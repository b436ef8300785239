"""Part `decision` of section `scaling`: what a decision costs the scaler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scaler import codec, intake, schedule
from scaler.capacity import Group, Instance, Phase, Rules
from scaler.model import Clock, Kind, Listing, Message, Project, Scope, State
from scaler.plan import plan
from scaler.scope import Reach
from scaler.snapshot import follow, snapshot
from tools.bench.figure import Figure, median_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

PROJECTS = 500
INSTANCES = 300
ROUNDS = 50
NOW = 1_800_000_000.0
RULES = Rules(slots=1, idle_seconds=1800)
LIMITS = intake.Limits(Reach(Scope(), 4 * 3600), 300, RULES.idle_seconds)


def measure() -> list[Figure]:
    """Measure with 500 projects, 300 instances and as many running jobs."""
    state, group = large_state(), large_group()
    stored = codec.encode(state)
    seen = snapshot(follow(state, group, NOW), group, LIMITS, NOW)
    hook = [Message(Kind.HOOK, NOW, 7)]

    def decide() -> None:
        noted = intake.note(state, hook, group, LIMITS, NOW)
        schedule.pick(noted, LIMITS, NOW, hooks_only=True)
        plan(snapshot(follow(noted, group, NOW), group, LIMITS, NOW), RULES)

    return [
        Figure("state of 500 projects and 300 busy instances, stored", len(stored) / 1024, "KB", 400),
        Figure("decode the state, p50", milliseconds(lambda: codec.decode(stored)), "ms"),
        Figure("encode the state, p50", milliseconds(lambda: codec.encode(state)), "ms"),
        Figure("plan, p50", milliseconds(lambda: plan(seen, RULES)), "ms"),
        Figure("one hook: note, pick, snapshot and plan, p50", milliseconds(decide), "ms"),
    ]


def large_state() -> State:
    """Return a state in which 300 of 500 projects run a job each."""
    instances = large_group().instances
    projects = {
        number: Project(
            number,
            listed=True,
            read_at=NOW - number / 10,
            attempted_at=NOW - number / 10,
            running=(instances[number].system_id,) if number < INSTANCES else (),
        )
        for number in range(1, PROJECTS + 1)
    }
    clocks = {instance.id: Clock(NOW - 600, is_busy=True) for instance in instances}
    listing = Listing(read_at=NOW - 10, full_at=NOW - 10, scope=("membership",))
    return State(projects=projects, instances=clocks, listing=listing)


def large_group() -> Group:
    """Return a group of 300 instances in service."""
    instances = tuple(Instance(f"i-{number * 7919:017x}", Phase.IN_SERVICE) for number in range(INSTANCES))
    return Group(0, 1000, INSTANCES, instances)


def milliseconds(call: Callable[[], object]) -> float:
    """Return the median time of a call."""
    return median_seconds(call, ROUNDS) * 1000
