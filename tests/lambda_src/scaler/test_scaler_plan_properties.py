"""What holds of every plan."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from scaler.capacity import Idle, Rules, Snapshot
from scaler.plan import plan


def idle(*seconds: float) -> tuple[Idle, ...]:
    return tuple(Idle(f"i-{number}", age) for number, age in enumerate(seconds))


counts = st.integers(0, 60)


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    minimum = draw(st.integers(0, 10))
    maximum = minimum + draw(st.integers(0, 30))
    in_service = draw(counts)
    ages = sorted(draw(st.lists(st.floats(0, 5000), max_size=in_service)), reverse=True)
    return Snapshot(
        pending=draw(counts),
        running=draw(counts),
        minimum=minimum,
        maximum=maximum,
        desired=draw(st.integers(minimum, maximum)),
        in_service=in_service,
        booting=draw(counts),
        terminating=draw(counts),
        idle=idle(*ages),
        unfulfilled_seconds=draw(st.floats(0, 1000)),
        unknown=draw(st.sampled_from([(), ("project 1 (why)",)])),
        upcoming=draw(counts),
        retained=draw(counts),
        buffer=draw(st.none() | counts),
        used_up=draw(st.integers(0, 3)),
        boot_failures=draw(st.integers(0, 5)),
        may_retry=draw(st.booleans()),
        silent=tuple(f"i-{number}" for number in range(draw(st.integers(0, len(ages))))),
        may_replace=draw(st.booleans()),
    )


rules_strategy = st.builds(
    Rules,
    slots=st.integers(1, 8),
    idle_seconds=st.integers(0, 3000),
    idle_buffer=st.integers(0, 5),
    max_scale_out_step=st.integers(0, 5),
    sets_capacity=st.booleans(),
)


@given(snapshots(), rules_strategy)
def test_the_plan_stays_within_the_bounds(snapshot: Snapshot, rules: Rules) -> None:
    made = plan(snapshot, rules)
    assert snapshot.minimum <= made.need <= snapshot.maximum
    assert snapshot.minimum <= made.desired <= snapshot.maximum
    assert snapshot.desired - len(made.remove) >= snapshot.minimum


@given(snapshots(), rules_strategy, st.integers(0, 30), st.integers(0, 30))
def test_more_jobs_never_mean_fewer_instances(snapshot: Snapshot, rules: Rules, pending: int, running: int) -> None:
    more = replace(snapshot, pending=snapshot.pending + pending, running=snapshot.running + running)
    less, grown = plan(snapshot, rules), plan(more, rules)
    assert grown.need >= less.need
    assert grown.desired >= less.desired
    assert grown.desired - len(grown.remove) >= less.desired - len(less.remove)


@given(snapshots(), rules_strategy)
def test_unknown_never_shrinks(snapshot: Snapshot, rules: Rules) -> None:
    made = plan(replace(snapshot, unknown=("project 1 (why)",)), rules)
    assert made.desired >= snapshot.desired
    assert (made.remove, made.replace) == ((), ())
    assert made.surplus == 0


@given(snapshots(), rules_strategy)
def test_never_more_is_asked_for_than_needed(snapshot: Snapshot, rules: Rules) -> None:
    made = plan(snapshot, rules)
    assert made.desired <= max(made.need, snapshot.desired)
    buffer = rules.idle_buffer if snapshot.buffer is None else -(-snapshot.buffer // rules.slots)
    slots = rules.slots * max(0, made.need - buffer - 1)
    jobs = snapshot.pending + snapshot.running + snapshot.used_up + snapshot.upcoming
    assert slots < jobs or made.need <= max(snapshot.minimum, buffer)


@given(snapshots(), rules_strategy, st.integers(0, 30), st.integers(0, 30))
def test_expecting_more_never_means_fewer_instances(snapshot: Snapshot, rules: Rules, soon: int, later: int) -> None:
    more = replace(snapshot, upcoming=snapshot.upcoming + soon, retained=snapshot.retained + later)
    less, grown = plan(snapshot, rules), plan(more, rules)
    assert grown.need >= less.need
    assert grown.desired >= less.desired
    assert len(grown.remove) <= len(less.remove)


@given(snapshots(), rules_strategy)
def test_while_instances_fail_to_boot_one_is_tried_at_a_time(snapshot: Snapshot, rules: Rules) -> None:
    failing = replace(snapshot, boot_failures=3)
    assert plan(failing, rules).desired <= snapshot.desired + 1
    assert plan(replace(failing, may_retry=False), rules).desired <= snapshot.desired
    assert plan(replace(failing, booting=failing.booting + 1), rules).desired <= snapshot.desired


@given(snapshots(), rules_strategy)
def test_what_stays_is_enough_and_only_idle_ones_go(snapshot: Snapshot, rules: Rules) -> None:
    made = plan(snapshot, rules)
    old_enough = {instance.id for instance in snapshot.idle if instance.seconds >= rules.idle_seconds}
    assert set(made.remove) <= old_enough
    if made.remove:
        assert snapshot.staying - len(made.remove) >= made.need


@given(snapshots(), rules_strategy)
def test_alarms_mode_changes_no_capacity_and_replaces_only_when_the_alarms_have_nothing_to_do(
    snapshot: Snapshot, rules: Rules
) -> None:
    made = plan(snapshot, replace(rules, sets_capacity=False))
    assert (made.desired, made.remove) == (snapshot.desired, ())
    if made.replace:
        assert made.replace == snapshot.silent[:1]
        assert made.need <= snapshot.desired
        assert made.surplus == 0
        assert snapshot.is_complete


@given(snapshots(), rules_strategy)
def test_one_thing_is_done_at_a_time(snapshot: Snapshot, rules: Rules) -> None:
    made = plan(snapshot, rules)
    assert sum([made.desired != snapshot.desired, bool(made.remove), bool(made.replace)]) <= 1
    assert made.replace in {(), snapshot.silent[:1]}
