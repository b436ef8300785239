"""Carry a plan out on the Auto Scaling group, and name what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from scaler.errors import GroupError
from scaler.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from scaler.capacity import Group, Plan, Snapshot

# Removals in one invocation; the rest goes with the next tick.
MAX_REMOVALS = 20


class AutoScaling(Protocol):
    """What is asked of the Auto Scaling group; every method raises GroupError when it fails."""

    def describe(self) -> Group:
        """Return the group as it is now."""
        ...

    def set_desired(self, capacity: int) -> None:
        """Set the desired capacity."""
        ...

    def terminate(self, instance_id: str) -> None:
        """Remove an instance and lower the desired capacity by one."""
        ...

    def replace(self, instance_id: str) -> None:
        """Remove an instance and keep the desired capacity, so that the group launches another one."""
        ...


@dataclass(frozen=True)
class Acted:
    """What was done.

    Attributes:
        outcome: its name.
        desired: the desired capacity afterwards.
        removed: ids of the instances that were removed.
        problem: what went wrong, in words; "" if nothing did.
    """

    outcome: Outcome
    desired: int
    removed: tuple[str, ...] = ()
    problem: str = ""


def act(plan: Plan, snapshot: Snapshot, group: AutoScaling, desired_left: int) -> Acted:
    """Set the capacity and remove idle instances as planned.

    Args:
        plan: what to do.
        snapshot: what the plan was made from.
        group: the Auto Scaling group.
        desired_left: the desired capacity that the last invocation left, -1 = unknown.
    """
    if plan.desired != snapshot.desired:
        return _set(plan, snapshot, group)
    if plan.remove:
        return _remove(plan, snapshot, group)
    if plan.replace:
        return _replace(plan, snapshot, group)
    return Acted(_nothing(plan, snapshot, desired_left), snapshot.desired)


def _set(plan: Plan, snapshot: Snapshot, group: AutoScaling) -> Acted:
    try:
        group.set_desired(plan.desired)
    except GroupError as error:
        return Acted(error.outcome, snapshot.desired, problem=str(error))
    outcome = Outcome.SCALED_OUT if plan.desired > snapshot.desired else Outcome.SCALED_IN
    return Acted(outcome, plan.desired)


def _remove(plan: Plan, snapshot: Snapshot, group: AutoScaling) -> Acted:
    removed, problems = _each(plan.remove[:MAX_REMOVALS], group.terminate)
    outcome = Outcome.SCALED_IN if removed else problems[0].outcome
    return Acted(outcome, snapshot.desired - len(removed), removed, _words(problems))


def _replace(plan: Plan, snapshot: Snapshot, group: AutoScaling) -> Acted:
    replaced, problems = _each(plan.replace, group.replace)
    outcome = Outcome.REPLACED if replaced else problems[0].outcome
    return Acted(outcome, snapshot.desired, problem=_words(problems))


def _each(ids: Iterable[str], do: Callable[[str], None]) -> tuple[tuple[str, ...], list[GroupError]]:
    """Do something with each instance; return those with which it worked, and what went wrong with others."""
    done: list[str] = []
    problems: list[GroupError] = []
    for instance_id in ids:
        try:
            do(instance_id)
        except GroupError as error:
            problems.append(error)
            # One that is gone says nothing about the others; anything else would only be repeated.
            if error.outcome is not Outcome.INSTANCE_GONE:
                break
        else:
            done.append(instance_id)
    return tuple(done), problems


def _words(problems: Iterable[GroupError]) -> str:
    return "; ".join(map(str, problems))


def _nothing(plan: Plan, snapshot: Snapshot, desired_left: int) -> Outcome:
    if not snapshot.is_complete:
        return Outcome.UNKNOWN_KEPT
    if plan.is_capped:
        return Outcome.AT_MAXIMUM
    if desired_left not in {-1, snapshot.desired}:
        return Outcome.DESIRED_CHANGED_MEANWHILE
    return Outcome.UNCHANGED
