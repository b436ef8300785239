"""Put what is known of jobs and instances together into one observation. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from scaler import scope
from scaler.capacity import Idle, Phase, Snapshot
from scaler.intake import known_seconds
from scaler.model import Clock

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from scaler.capacity import Group
    from scaler.intake import Limits
    from scaler.model import Project, State

# How many projects a sentence names before it only counts them.
_NAMED = 3
# While there are instances somebody looks each minute. After a longer gap nobody knows who worked in it.
MAX_GAP_SECONDS = 180.0


def follow(state: State, group: Group, started_at: float, busy: Collection[str] = ()) -> State:
    """Keep the idle clocks of the instances in service, and since when the group has been short of instances.

    Args:
        state: what is known, this invocation's reads included.
        group: the group as it is now.
        started_at: when the invocation started, before its first read.
        busy: system ids that are known to be busy from elsewhere.
    """
    named = Counter(system_id for p in state.projects.values() for system_id in p.running)
    named |= Counter(dict.fromkeys(busy, 1))
    has_gap = bool(state.observed_at) and started_at - state.observed_at > MAX_GAP_SECONDS
    clocks = {
        instance.id: _tick(state.instances.get(instance.id), started_at, named[instance.system_id], has_gap=has_gap)
        for instance in group.instances
        if instance.phase is Phase.IN_SERVICE
    }
    short = group.desired > group.count(Phase.BOOTING, Phase.IN_SERVICE)
    since = (state.unfulfilled_since or started_at) if short else 0.0
    return replace(state, instances=clocks, unfulfilled_since=since)


def _tick(clock: Clock | None, now: float, jobs: int, *, has_gap: bool) -> Clock:
    before = clock or Clock(now, is_busy=False)
    since = now if jobs or before.is_busy or has_gap else before.since
    # Jobs that come and go between two looks are not seen: it has taken this many at least.
    return Clock(since, jobs > 0, jobs, before.taken + max(0, jobs - before.jobs))


def snapshot(state: State, group: Group, limits: Limits, now: float) -> Snapshot:
    """Return the observation that the plan is made from.

    Args:
        state: what is known, with idle clocks.
        group: the group as it is now.
        limits: what belongs to the fleet, and how often it is read.
        now: epoch seconds.
    """
    projects = tuple(state.projects.values())
    phases = {instance.system_id: instance.phase for instance in group.instances}
    running = Counter(phases[system_id] for p in projects for system_id in p.running if system_id in phases)
    staying = running[Phase.BOOTING] + running[Phase.IN_SERVICE]
    return Snapshot(
        pending=sum(p.pending for p in projects),
        running=staying,
        running_elsewhere=running.total() - staying,
        oldest_pending_seconds=max((now - p.oldest_pending_at for p in projects if p.pending), default=0.0),
        minimum=group.minimum,
        maximum=group.maximum,
        desired=group.desired,
        in_service=group.count(Phase.IN_SERVICE),
        booting=group.count(Phase.BOOTING),
        terminating=group.count(Phase.TERMINATING),
        standby=group.count(Phase.STANDBY),
        warm=group.count(Phase.WARM),
        idle=_idle(state, group, limits, now),
        unfulfilled_seconds=now - state.unfulfilled_since if state.unfulfilled_since else 0.0,
        unknown=tuple(unknown(state, limits, now)),
        project_ages={p.id: now - p.read_at for p in projects if p.read_at},
    )


def unknown(state: State, limits: Limits, now: float) -> Iterable[str]:
    """Yield what could not be read and why; nothing, if the observation is complete."""
    listing = state.listing
    if not scope.is_current(listing, limits.reach.scope):
        yield f"the list of projects ({listing.failure or 'not read yet'})"
    too_old = now - known_seconds(state, limits.requests_per_minute)
    reasons: dict[str, list[int]] = {}
    for project in _in_scope(state, limits, now):
        if reason := _why_unknown(project, too_old):
            reasons.setdefault(reason, []).append(project.id)
    for reason, ids in reasons.items():
        yield f"{_projects(ids)} ({reason})"


def _why_unknown(project: Project, too_old: float) -> str:
    if project.failure:
        return project.failure
    if not project.read_at:
        return "not read yet"
    if project.read_at < too_old:
        return "not read for too long"
    if project.unplaced:
        return "GitLab does not say which instance runs its jobs"
    return ""


def _projects(ids: list[int]) -> str:
    if len(ids) <= _NAMED:
        return f"project{'s' * (len(ids) > 1)} {', '.join(map(str, ids))}"
    return f"{len(ids)} projects such as {', '.join(map(str, ids[:_NAMED]))}"


def _idle(state: State, group: Group, limits: Limits, now: float) -> tuple[Idle, ...]:
    """Return the instances that may go: unprotected, and idle in every read of a project that counts."""
    oldest_read = min((p.read_at for p in _in_scope(state, limits, now)), default=now)
    unprotected = {i.id for i in group.instances if i.phase is Phase.IN_SERVICE and not i.is_protected}
    clocks = {key: clock for key, clock in state.instances.items() if key in unprotected and not clock.is_busy}
    idle = [Idle(key, now - clock.since) for key, clock in clocks.items() if clock.since <= oldest_read]
    return tuple(sorted(idle, key=lambda instance: (-instance.seconds, instance.id)))


def _in_scope(state: State, limits: Limits, now: float) -> Iterable[Project]:
    return (p for p in state.projects.values() if scope.counts(p, limits.reach, now))
