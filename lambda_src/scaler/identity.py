"""Learn the runner's id in GitLab from its jobs, where it is not configured. Pure.

A running job names its runner and, by the system id of its runner manager, its instance. What runs on an instance of
the group is run by the fleet's runner. The learnt id says whose managers to ask for; it never hides a job.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scaler.capacity import Group
    from scaler.matching import Runner
    from scaler.model import State

# A runner whose managers GitLab refuses to list is left alone for so long.
DENIED_SECONDS = 3600.0


def known(runner: Runner, state: State) -> str:
    """Return the runner's id, "" = unknown; the configured one comes before the learnt one."""
    return runner.id or state.runner_id


def learn(state: State, group: Group) -> State:
    """Return the state with the runner that jobs on the group's instances name.

    While they name several, because one runner follows another, none of them has all of the instances.

    Args:
        state: what is known, this invocation's reads included.
        group: the group as it is now.
    """
    own = {instance.system_id for instance in group.instances}
    named = {
        runner_id
        for project in state.projects.values()
        for system_id, runner_id in zip(project.running, project.runners, strict=False)
        if runner_id and system_id in own
    }
    if not named:
        return state
    return replace(state, runner_id=named.pop() if len(named) == 1 else "")


def may_ask(state: State, runner_id: str, now: float) -> bool:
    """Return whether GitLab may be asked for the managers of a runner."""
    was_refused = runner_id == state.runner_denied and now < state.runner_denied_until
    return bool(runner_id) and not was_refused


def refused(state: State, runner_id: str, now: float, *, is_gone: bool) -> State:
    """Return the state after GitLab has refused to list the managers of a runner.

    Args:
        state: what is known.
        runner_id: the runner.
        now: epoch seconds.
        is_gone: whether GitLab says that there is no such runner; a learnt id is forgotten then.
    """
    state = replace(state, runner_denied=runner_id, runner_denied_until=now + DENIED_SECONDS)
    return replace(state, runner_id="") if is_gone else state
