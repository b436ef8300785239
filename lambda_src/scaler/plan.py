"""Turn an observation into a number of instances, and say why. Pure: no clock, no service, no log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scaler.capacity import Plan
from scaler.waking import due_seconds

if TYPE_CHECKING:
    from scaler.capacity import Idle, Rules, Snapshot

# Capacity that was asked for and has not come for this long (no spot capacity, say) is no longer waited for.
UNFULFILLED_SECONDS = 300
# When so many instances in a row have not reached service, more of them would only cost money.
MAX_BOOT_FAILURES = 3


def plan(snapshot: Snapshot, rules: Rules) -> Plan:
    """Decide how many instances the fleet needs and which idle ones may go.

    What is unknown can only add to the demand that is known. So an incomplete observation may raise the capacity,
    and never lowers it.

    Args:
        snapshot: what was observed.
        rules: how demand becomes instances.
    """
    wanted = _wanted(snapshot, rules, snapshot.upcoming)
    need = _within(snapshot, wanted)
    spare = _spare(snapshot, rules, need)
    idle = tuple(instance.id for instance in spare if instance.seconds >= rules.idle_seconds)
    desired = _desired(snapshot, rules, need) if rules.sets_capacity else snapshot.desired
    # One thing at a time: giving up what did not come, and removing what is idle, need one observation each.
    remove = idle if rules.sets_capacity and desired == snapshot.desired else ()
    replaced = _replaced(snapshot, rules, need, changes=desired != snapshot.desired or bool(idle))
    return Plan(
        need=need,
        desired=desired,
        remove=remove,
        surplus=len(idle),
        is_capped=wanted > snapshot.maximum,
        reason="; ".join([_reason(snapshot, rules, wanted, desired, len(remove)), *_why(snapshot, replaced)]),
        replace=replaced,
        due_seconds=due_seconds(rules.idle_seconds - instance.seconds for instance in spare if rules.sets_capacity),
    )


def instances_for(jobs: int, rules: Rules) -> int:
    """Return how many instances a number of jobs takes."""
    return -(-jobs // rules.slots)


def shortfall(need: int, desired: int, staying: int) -> int:
    """Return how many instances are needed beyond those that are there or asked for."""
    return max(0, need - max(desired, staying))


def is_held(snapshot: Snapshot) -> bool:
    """Return whether so many instances in a row have failed to boot that more are only tried one by one."""
    return snapshot.boot_failures >= MAX_BOOT_FAILURES


def _wanted(snapshot: Snapshot, rules: Rules, upcoming: int) -> int:
    jobs = snapshot.pending + snapshot.running + snapshot.used_up + upcoming
    return instances_for(jobs, rules) + _buffer(snapshot, rules)


def _buffer(snapshot: Snapshot, rules: Rules) -> int:
    return rules.idle_buffer if snapshot.buffer is None else instances_for(snapshot.buffer, rules)


def _within(snapshot: Snapshot, wanted: int) -> int:
    return min(max(wanted, snapshot.minimum), snapshot.maximum)


def _desired(snapshot: Snapshot, rules: Rules, need: int) -> int:
    if need > snapshot.desired:
        step = rules.max_scale_out_step or need
        return min(need, snapshot.desired + step, *_held_at(snapshot))
    gave_up = snapshot.unfulfilled_seconds >= UNFULFILLED_SECONDS
    if gave_up and snapshot.is_complete:
        return min(snapshot.desired, max(need, snapshot.staying))
    return snapshot.desired


def _held_at(snapshot: Snapshot) -> tuple[int, ...]:
    """Return a bound on the desired capacity while instances fail to boot: one that tries, and none while it does."""
    if not is_held(snapshot):
        return ()
    tries = snapshot.may_retry and not snapshot.booting and snapshot.desired <= snapshot.staying
    return (snapshot.desired + tries,)


def _spare(snapshot: Snapshot, rules: Rules, need: int) -> tuple[Idle, ...]:
    """Return the idle instances that are more than needed, longest idle first."""
    if not snapshot.is_complete:
        return ()
    # What the group is about to remove by itself, because less is desired than there is, is not removed twice.
    kept = max(need, _within(snapshot, _wanted(snapshot, rules, snapshot.retained)))
    spare = min(snapshot.staying, snapshot.desired) - kept
    return snapshot.idle[: max(0, spare)]


def _replaced(snapshot: Snapshot, rules: Rules, need: int, *, changes: bool) -> tuple[str, ...]:
    """Return the instance to replace, if the capacity does not change; what the alarms are about to do counts."""
    grows = need > snapshot.desired and not rules.sets_capacity
    if changes or grows or not (snapshot.is_complete and snapshot.may_replace):
        return ()
    return snapshot.silent[:1]


def _why(snapshot: Snapshot, replaced: tuple[str, ...]) -> list[str]:
    """Return why an instance is replaced."""
    others = f", like {len(snapshot.silent)} of {snapshot.in_service}" if snapshot.is_doubtful else ""
    waits = f"while a job waits for {snapshot.oldest_pending_seconds:.0f} s"
    return [f"{key} is replaced: its runner manager does not ask for jobs{others}, {waits}" for key in replaced]


def _reason(snapshot: Snapshot, rules: Rules, wanted: int, desired: int, removed: int) -> str:
    change = desired - snapshot.desired - removed
    facts = [
        f"{_demand(snapshot)} need {_instances(wanted)}{_reserve(snapshot, rules)}",
        *_supply(snapshot),
    ]
    return "; ".join([f"{', '.join(facts)}: {_change(change)}", *_notes(snapshot, rules, wanted, desired, removed)])


def _demand(snapshot: Snapshot) -> str:
    used_up = f" + {snapshot.used_up} used up" if snapshot.used_up else ""
    expected = f" + {snapshot.upcoming} expected within {snapshot.boot_seconds:.0f} s" if snapshot.upcoming else ""
    return f"{snapshot.pending} pending + {snapshot.running} running{used_up}{expected}"


def _supply(snapshot: Snapshot) -> list[str]:
    requested = snapshot.desired - snapshot.staying
    others = [
        (requested, "requested"),
        (snapshot.terminating, "terminating"),
        (snapshot.standby, "on standby"),
        (snapshot.warm, "warm"),
    ]
    return [
        f"{snapshot.in_service} in service",
        f"{snapshot.booting} booting",
        *(f"{number} {what}" for number, what in others if number > 0),
    ]


def _notes(snapshot: Snapshot, rules: Rules, wanted: int, desired: int, removed: int) -> list[str]:
    need = _within(snapshot, wanted)
    held = is_held(snapshot) and rules.sets_capacity and need > snapshot.desired
    notes = [
        (wanted > snapshot.maximum, f"limited by the maximum of {snapshot.maximum}"),
        (wanted < snapshot.minimum, f"the minimum is {snapshot.minimum}"),
        (held, f"held because {snapshot.boot_failures} instances in a row never reached service"),
        (rules.sets_capacity and desired < need and not held, f"limited to {rules.max_scale_out_step} a step"),
        (desired < snapshot.desired, f"{snapshot.desired - desired} requested did not come and are given up"),
        (removed > 0, f"{_instances(removed)} idle for {rules.idle_seconds} s or longer"),
        (not snapshot.is_complete, f"unknown, so nothing is removed: {', '.join(snapshot.unknown)}"),
        (not rules.sets_capacity, "the capacity is left to the alarms"),
    ]
    return [text for holds, text in notes if holds]


def _instances(number: int) -> str:
    return f"{number} instance" if number == 1 else f"{number} instances"


def _reserve(snapshot: Snapshot, rules: Rules) -> str:
    buffer = _buffer(snapshot, rules)
    return f" ({buffer} of them as a buffer)" if buffer else ""


def _change(number: int) -> str:
    return f"{number:+d}" if number else "no change"
