"""What the simulator knows of instances, runners and jobs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Instance:
    """An instance as the Auto Scaling group lists it."""

    instance_id: str
    lifecycle_state: str


@dataclass(frozen=True)
class RunnerRules:
    """Which jobs a runner takes."""

    tags: frozenset[str]
    run_untagged: bool
    protected_only: bool = False


@dataclass(frozen=True)
class PendingJob:
    """A job that waits for a runner."""

    id: int
    tags: frozenset[str]
    protected: bool


@dataclass(frozen=True)
class Host:
    """A host that may take jobs."""

    instance_id: str
    free_slots: int


def system_id(instance_id: str) -> str:
    """Return the runner system id of an instance: r_ and the last 12 hex digits of the instance id."""
    return f"r_{instance_id[-12:]}"
