"""A state as large as it gets: 500 projects, 4000 names, 4000 later jobs, 400 instances of which half are idle."""

from __future__ import annotations

from scaler.coming import stayed_away
from scaler.history import MAX_NAMES, key, learn
from scaler.model import Clock, Project, State
from scaler.pipelines import Created, Live
from tests.lambda_src.scaler.fakes import instance_id, system_id

PROJECTS = 500
FLEET = 400
JOBS_TO_COME = 7
IDLE = tuple(instance_id(number) for number in range(FLEET, FLEET // 2, -1))


def full_state(now: float) -> State:
    """Return what a complete observation half a minute ago has left."""
    names = [key(number, f"job {which}") for number in range(PROJECTS) for which in range(MAX_NAMES // PROJECTS)]
    clocks = {instance_id(number): Clock(now - 900, is_busy=number <= FLEET // 2) for number in range(1, FLEET + 1)}
    return State(
        projects={number: _project(number, now) for number in range(PROJECTS)},
        instances=clocks,
        idle=IDLE,
        history=learn({}, [(name, 60.0) for name in names]),
        absences=stayed_away({}, names),
        observed_at=now - 30,
        is_complete=True,
    )


def _project(number: int, now: float) -> Project:
    base = 10**9 + 97 * number
    created = (
        Created(
            base + later,
            number,
            key(number, f"job {later}"),
            2,
            None,
            is_ours=True,
            is_automatic=True,
            is_optional=False,
        )
        for later in range(1, JOBS_TO_COME + 1)
    )
    return Project(
        number,
        listed=True,
        read_at=now - 40,
        running=(system_id(1 + number % (FLEET // 2)),),
        live=(Live(base, number, key(number, "build"), 1, now - 60, is_running=True, is_ours=True),),
        created=tuple(created),
        created_at=now - 40,
    )
