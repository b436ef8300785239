"""This project's own scaler: its plan and its act, unchanged, on observations as the functions make them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scaler import buffer as bursts
from scaler import waking
from scaler.act import act
from scaler.capacity import Group, Idle, Phase, Rules, Snapshot
from scaler.foresee import retry_at
from scaler.look_ahead import Upcoming
from scaler.plan import plan
from tools.simulator.checks import ValueRangeError, not_negative
from tools.simulator.policies.knowledge import BootTimes, Foresight
from tools.simulator.policy import Timing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scaler.capacity import Plan
    from tools.simulator.fleet import Fleet

# From a job's change to the scaler's request: GitLab's hook, the queue, the observation.
WEBHOOK_SECONDS = 1.5
TICK_SECONDS = 60.0
# If not all that is idle was removed, the scaler asks itself for another turn, and is held off for a moment.
CONTINUE_SECONDS = 1.5
# From the end of the wait for an idle instance to the observation: the queue, the scaler, an answer of GitLab.
WAKE_SECONDS = 1.0
AUTO = "auto"
OFF = "off"
PIPELINE = "pipeline"


@dataclass
class GroupOf:
    """The fleet, in the words of the scaler's act."""

    fleet: Fleet

    def describe(self) -> Group:
        """Return the group's bounds and capacity; the instances are in the observation already."""
        return Group(self.fleet.minimum, self.fleet.maximum, self.fleet.desired)

    def set_desired(self, capacity: int) -> None:
        """Set the desired capacity."""
        self.fleet.set_desired(capacity)

    def terminate(self, instance_id: str) -> None:
        """Remove an instance and lower the desired capacity by one."""
        self.fleet.terminate(instance_id)

    def replace(self, instance_id: str) -> None:
        """Replace an instance that takes no jobs; no simulated runner is like that."""
        raise NotImplementedError(instance_id)


@dataclass
class Product:
    """The scaler of this project.

    Attributes:
        idle: `gitlab.runner_idletime`, in seconds.
        buffer: `scaling.idle_buffer`: a number, or `auto`.
        look_ahead: `scaling.look_ahead`: `off` or `pipeline`.
        step: `scaling.max_scale_out_step`.
        webhook: seconds from a job's change to the decision; 0 = no webhook, the schedule alone.
        needs: 1 = jobs' needs are known to the look-ahead; 0 = stage order is taken for granted.
    """

    idle: int = 300
    buffer: str = "0"
    look_ahead: str = "off"
    step: int = 0
    webhook: float = WEBHOOK_SECONDS
    needs: int = 1
    name: str = "this project"

    _clocks: dict[str, float] = field(init=False, default_factory=dict)
    _desired_left: int = field(init=False, default=-1)
    _wake_at: float = field(init=False, default=0.0)
    _unfulfilled_since: float | None = field(init=False, default=None)
    _boots: BootTimes = field(init=False, default_factory=BootTimes)
    _bursts: bursts.Bursts = field(init=False, default_factory=bursts.Bursts)
    _foresight: Foresight = field(init=False)

    def __post_init__(self) -> None:
        """Refuse settings that the module refuses, too.

        Raises:
            ValueRangeError: a setting is impossible.
        """
        not_negative({"idle": self.idle, "step": self.step, "webhook": self.webhook})
        if self.look_ahead not in {OFF, PIPELINE}:
            raise ValueRangeError(f"look_ahead={self.look_ahead}: {OFF} or {PIPELINE} is expected")
        if not (self.buffer == AUTO or str(self.buffer).isdecimal()):
            raise ValueRangeError(f"buffer={self.buffer}: a whole number or {AUTO} is expected")
        self._foresight = Foresight(sees_needs=bool(self.needs), webhook=self.webhook)
        self._boots = BootTimes(self.webhook)

    @property
    def timing(self) -> Timing:
        """Hooks and ticks, or ticks alone."""
        if self.webhook:
            return Timing(debounce=self.webhook, tick=TICK_SECONDS, sees_instances=False)
        return Timing(period=TICK_SECONDS, tick=TICK_SECONDS, sees_instances=False)

    def decide(self, fleet: Fleet) -> float | None:
        """Observe, plan and act, as one invocation of the scaler does."""
        self._follow(fleet)
        seen = self._snapshot(fleet)
        planned: Plan = plan(seen, self._rules(fleet))
        acted = act(planned, seen, GroupOf(fleet), self._desired_left)
        self._desired_left = acted.desired
        goes_on = len(acted.removed) < len(planned.remove)
        self._wake_at = waking.wake_at(self._wake_at, planned.due_seconds, fleet.now)
        if goes_on:
            return fleet.now + CONTINUE_SECONDS
        return self._wake_at + WAKE_SECONDS if self._wake_at > fleet.now else None

    def victims(self, fleet: Fleet, count: int) -> Sequence[str]:
        """The termination policy offers what the last observation showed as idle, longest idle first."""
        return [instance_id for instance_id in self._clocks if instance_id in fleet.hosts][:count]

    def _rules(self, fleet: Fleet) -> Rules:
        return Rules(
            slots=fleet.slots,
            idle_seconds=self.idle,
            idle_buffer=0 if self.buffer == AUTO else int(self.buffer),
            max_scale_out_step=self.step,
            looks_ahead=self.look_ahead == PIPELINE,
            tunes_buffer=self.buffer == AUTO,
        )

    def _follow(self, fleet: Fleet) -> None:
        """Keep the idle clocks: an instance is idle since it was first seen so, as in scaler.snapshot.follow."""
        for instance_id in sorted(fleet.touched):
            host = fleet.hosts.get(instance_id)
            if host is None or host.jobs or host.phase is not Phase.IN_SERVICE:
                self._clocks.pop(instance_id, None)
            else:
                self._clocks.setdefault(instance_id, fleet.now)
        fleet.touched.clear()
        if fleet.desired <= fleet.staying:
            self._unfulfilled_since = None
        elif self._unfulfilled_since is None:
            self._unfulfilled_since = fleet.now

    def _snapshot(self, fleet: Fleet) -> Snapshot:
        now = fleet.now
        boot_seconds = self._boots.look(fleet)
        upcoming, buffered = self._foreseen(fleet, boot_seconds)
        return Snapshot(
            pending=fleet.pending,
            running=fleet.running,
            running_elsewhere=fleet.running_elsewhere,
            oldest_pending_seconds=now - fleet.oldest_pending_at if fleet.pending else 0.0,
            minimum=fleet.minimum,
            maximum=fleet.maximum,
            desired=fleet.desired,
            in_service=fleet.in_service,
            booting=fleet.booting,
            terminating=fleet.terminating,
            idle=self._idle(fleet),
            unfulfilled_seconds=0.0 if self._unfulfilled_since is None else now - self._unfulfilled_since,
            upcoming=upcoming.soon,
            retained=upcoming.later,
            boot_seconds=boot_seconds,
            buffer=buffered,
            boot_failures=self._boots.known.failures,
            may_retry=now >= retry_at(self._boots.known),
        )

    def _foreseen(self, fleet: Fleet, boot_seconds: float) -> tuple[Upcoming, int | None]:
        """Return the jobs that are expected, and the buffer if it is learnt."""
        upcoming = Upcoming()
        if self.look_ahead == PIPELINE:
            upcoming = self._foresight.look(fleet, boot_seconds)
        fleet.ended.clear()
        if self.buffer != AUTO:
            return upcoming, None
        demand = fleet.pending + fleet.running
        self._bursts = bursts.follow(self._bursts, demand, demand + upcoming.soon, fleet.now, boot_seconds)
        return upcoming, bursts.size(self._bursts)

    def _idle(self, fleet: Fleet) -> tuple[Idle, ...]:
        """Return the idle instances, longest idle first, in the order in which they became so."""
        idle = []
        for instance_id, since in list(self._clocks.items()):
            if instance_id not in fleet.hosts:
                del self._clocks[instance_id]
            else:
                idle.append(Idle(instance_id, fleet.now - since))
        return tuple(idle)
