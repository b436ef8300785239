"""Turn an observation into a number of instances, and say why. Pure: no clock, no service, no log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scaler.capacity import Plan

if TYPE_CHECKING:
    from scaler.capacity import Rules, Snapshot

# Capacity that was asked for and has not come for this long (no spot capacity, say) is no longer waited for.
UNFULFILLED_SECONDS = 300


def plan(snapshot: Snapshot, rules: Rules) -> Plan:
    """Decide how many instances the fleet needs and which idle ones may go.

    What is unknown can only add to the demand that is known. So an incomplete observation may raise the capacity,
    and never lowers it.

    Args:
        snapshot: what was observed.
        rules: how demand becomes instances.
    """
    wanted = instances_for(snapshot.pending + snapshot.running, rules)
    need = min(max(wanted, snapshot.minimum), snapshot.maximum)
    idle = _removable(snapshot, rules, need)
    desired = _desired(snapshot, rules, need) if rules.sets_capacity else snapshot.desired
    # One thing at a time: giving up what did not come, and removing what is idle, need one observation each.
    remove = idle if rules.sets_capacity and desired == snapshot.desired else ()
    return Plan(
        need=need,
        desired=desired,
        remove=remove,
        surplus=len(idle),
        is_capped=wanted > snapshot.maximum,
        reason=_reason(snapshot, rules, wanted, desired, len(remove)),
    )


def instances_for(jobs: int, rules: Rules) -> int:
    """Return how many instances a number of jobs takes, the buffer included."""
    return -(-jobs // rules.slots) + rules.idle_buffer


def shortfall(need: int, desired: int, staying: int) -> int:
    """Return how many instances are needed beyond those that are there or asked for."""
    return max(0, need - max(desired, staying))


def _desired(snapshot: Snapshot, rules: Rules, need: int) -> int:
    if need > snapshot.desired:
        step = rules.max_scale_out_step or need
        return min(need, snapshot.desired + step)
    gave_up = snapshot.unfulfilled_seconds >= UNFULFILLED_SECONDS
    if gave_up and snapshot.is_complete:
        return min(snapshot.desired, max(need, snapshot.staying))
    return snapshot.desired


def _removable(snapshot: Snapshot, rules: Rules, need: int) -> tuple[str, ...]:
    if not snapshot.is_complete:
        return ()
    # What the group is about to remove by itself, because less is desired than there is, is not removed twice.
    spare = min(snapshot.staying, snapshot.desired) - need
    idle = [instance.id for instance in snapshot.idle if instance.seconds >= rules.idle_seconds]
    return tuple(idle[: max(0, spare)])


def _reason(snapshot: Snapshot, rules: Rules, wanted: int, desired: int, removed: int) -> str:
    change = desired - snapshot.desired - removed
    facts = [
        f"{snapshot.pending} pending + {snapshot.running} running need {_instances(wanted)}{_buffer(rules)}",
        *_supply(snapshot),
    ]
    return "; ".join([f"{', '.join(facts)}: {_change(change)}", *_notes(snapshot, rules, wanted, desired, removed)])


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
    need = min(max(wanted, snapshot.minimum), snapshot.maximum)
    notes = [
        (wanted > snapshot.maximum, f"limited by the maximum of {snapshot.maximum}"),
        (wanted < snapshot.minimum, f"the minimum is {snapshot.minimum}"),
        (rules.sets_capacity and desired < need, f"limited to {rules.max_scale_out_step} a step"),
        (desired < snapshot.desired, f"{snapshot.desired - desired} requested did not come and are given up"),
        (removed > 0, f"{_instances(removed)} idle for {rules.idle_seconds} s or longer"),
        (not snapshot.is_complete, f"unknown, so nothing is removed: {', '.join(snapshot.unknown)}"),
        (not rules.sets_capacity, "left to the alarms"),
    ]
    return [text for holds, text in notes if holds]


def _instances(number: int) -> str:
    return f"{number} instance" if number == 1 else f"{number} instances"


def _buffer(rules: Rules) -> str:
    return f" ({rules.idle_buffer} of them as a buffer)" if rules.idle_buffer else ""


def _change(number: int) -> str:
    return f"{number:+d}" if number else "no change"
