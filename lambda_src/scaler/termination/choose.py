"""Choose the instances that may go. Pure: only what is known to be idle is offered."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from scaler.model import State

# What was observed longer ago may have changed: an instance that was idle then may run a job now.
MAX_AGE_SECONDS = 300.0
# Only here other instances than those suggested may go: other causes ask before they launch anything, and what is new
# and idle would go in the place of what is to be replaced.
_SCALE_IN = "SCALE_IN"


class RequestError(Exception):
    """The event is not one of an Auto Scaling group."""


@dataclass(frozen=True)
class Candidate:
    """An instance that the group may remove, with what it is counted under."""

    id: str
    place: tuple[str, str]


@dataclass(frozen=True)
class Request:
    """What the group asks for.

    Attributes:
        capacity: how many instances are to go, by availability zone and market.
        candidates: the instances that may.
        cause: why.
    """

    capacity: Mapping[tuple[str, str], int]
    candidates: tuple[Candidate, ...]
    cause: str = ""


def parse(event: Mapping[str, Any]) -> Request:
    """Return the request that the Auto Scaling group's event holds.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/lambda-custom-termination-policy.html

    Raises:
        RequestError: it holds none.
    """
    capacity: defaultdict[tuple[str, str], int] = defaultdict(int)
    try:
        for entry in event.get("CapacityToTerminate", ()):
            capacity[_place(entry)] += int(entry.get("Capacity", 0))
        candidates = tuple(Candidate(entry["InstanceId"], _place(entry)) for entry in event.get("Instances", ()))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RequestError(f"the event cannot be understood: {error!r}") from error
    return Request(dict(capacity), candidates, str(event.get("Cause", "")))


def choose(request: Request, state: State, now: float, idle_seconds: float, offered: Collection[str] = ()) -> list[str]:
    """Return the ids of instances that are known to be idle, no more than asked for.

    First those that the group suggests, by zone and market as it asks, longest idle first. When the group shrinks, what
    is left may be any other instance that has had its idle time: the group accepts those too, and it may suggest
    nothing but busy ones for as long as they run.

    Args:
        request: what the group asks for.
        state: what the scaler has left.
        now: epoch seconds.
        idle_seconds: how long an instance is idle before it may go without being suggested.
        offered: those offered since the state was left; they may be going already, so others come first.
    """
    if not state.is_complete or not 0 <= now - state.observed_at <= MAX_AGE_SECONDS:
        return []
    left = dict(request.capacity)
    chosen: list[str] = []
    candidates = {candidate.id: candidate for candidate in request.candidates}
    for candidate in (candidates[instance_id] for instance_id in state.idle if instance_id in candidates):
        if left.get(candidate.place, 0) > 0:
            left[candidate.place] -= 1
            chosen.append(candidate.id)
    others = [key for key in _due(request, state, now - idle_seconds) if key not in candidates]
    others.sort(key=lambda instance_id: instance_id in offered)
    return chosen + others[: max(0, sum(request.capacity.values()) - len(chosen))]


def _due(request: Request, state: State, idle_since: float) -> list[str]:
    """Return the instances that may go without being suggested, longest idle first."""
    if request.cause != _SCALE_IN:
        return []
    return [key for key in state.idle if key in state.instances and state.instances[key].since <= idle_since]


def _place(entry: Mapping[str, Any]) -> tuple[str, str]:
    return str(entry.get("AvailabilityZone", "")), str(entry.get("InstanceMarketOption", ""))
