"""An in-memory world for the scaler: a clock, a queue, a GitLab, a group, a table. Nothing here waits for real."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from scaler import codec
from scaler.capacity import Group, Instance, Phase, Rules
from scaler.errors import ConflictError, GroupError, PublishError, SendError, StateError, WakeError
from scaler.matching import Runner
from scaler.model import Job, Kind, Message, Scope, State, Stored
from scaler.outcome import Outcome
from scaler.scale import Scaler
from scaler.services import Configuration, Services
from tests.lambda_src.scaler.fake_gitlab import FakeGitLab

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from scaler.call import Call
    from scaler.metrics import Figure
    from scaler.observe import Answer, Source


START = 1_800_000_000.0


RUNNER = Runner(frozenset({"linux", "docker"}), run_untagged=True)


RULES = Rules(slots=1, idle_seconds=600)


class FakeClock:
    """A clock that moves when it is told to, or when somebody sleeps."""

    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def instance_id(number: int) -> str:
    return f"i-{number:017x}"


def system_id(number: int) -> str:
    return f"r_{instance_id(number)[-12:]}"


def pending(number: int, queued_at: float = START, tags: Iterable[str] = ()) -> Job:
    return Job(number, is_running=False, queued_at=queued_at, tags=frozenset(tags))


def running(number: int, on: str, runner_id: str = "5") -> Job:
    return Job(number, is_running=True, queued_at=START, tags=frozenset(), runner_id=runner_id, system_id=on)


@dataclass
class FakeGroup:
    """An Auto Scaling group that launches and removes at once what it is asked to."""

    minimum: int = 0
    maximum: int = 10
    desired: int = 0
    instances: dict[str, Instance] = field(default_factory=dict)
    error: GroupError | None = None
    exists: bool = True
    launches: bool = True
    history: list[int] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    describes: int = 0
    _number: int = 0

    def describe(self) -> Group:
        self.describes += 1
        if not self.exists:
            raise GroupError("the group does not exist", Outcome.GROUP_MISSING)
        return Group(self.minimum, self.maximum, self.desired, tuple(self.instances.values()))

    def set_desired(self, capacity: int) -> None:
        self._fail()
        if not self.minimum <= capacity <= self.maximum:
            raise GroupError("out of bounds", Outcome.DESIRED_CHANGED_MEANWHILE)
        self.desired = capacity
        self.history.append(capacity)
        self.launch()

    def terminate(self, instance_id: str) -> None:
        self._fail()
        if instance_id not in self.instances:
            raise GroupError("instance id not found", Outcome.INSTANCE_GONE)
        self.change(instance_id, Phase.TERMINATING)
        self.desired -= 1
        self.removed.append(instance_id)

    def replace(self, instance_id: str) -> None:
        self._fail()
        self.change(instance_id, Phase.TERMINATING)
        self.replaced.append(instance_id)
        self.launch()

    def launch(self) -> None:
        """Start what is missing, if there is capacity."""
        while self.launches and sum(i.is_staying for i in self.instances.values()) < self.desired:
            self._number += 1
            new = Instance(instance_id(self._number), Phase.BOOTING)
            self.instances[new.id] = new

    def boot(self) -> None:
        """Bring everything that boots into service."""
        for instance in list(self.instances.values()):
            if instance.phase is Phase.BOOTING:
                self.change(instance.id, Phase.IN_SERVICE)

    def change(self, instance_id: str, phase: Phase) -> None:
        self.instances[instance_id] = replace(self.instances[instance_id], phase=phase)

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error


@dataclass
class FakeTable:
    """The state table; the state is encoded as in DynamoDB unless that would take too long."""

    scope: Scope = field(default_factory=Scope)
    version: int = 0
    data: bytes = field(default_factory=lambda: codec.encode(State()))
    state: State | None = None
    encodes: bool = True
    unreachable: bool = False
    unwritable: bool = False
    conflicts: bool = False
    saves: int = 0

    def load(self) -> Stored:
        if self.unreachable:
            raise StateError("the table cannot be read")
        state = codec.decode(self.data) if self.encodes or self.state is None else self.state
        return Stored(state, self.version, self.scope)

    def save(self, state: State, version: int) -> None:
        if self.unwritable:
            raise StateError("the table cannot be written")
        if self.conflicts or version != self.version:
            raise ConflictError("another writer has changed the state meanwhile")
        self.version += 1
        self.saves += 1
        self.state = state
        if self.encodes:
            self.data = codec.encode(state)


@dataclass
class World:
    """Everything around a scaler, and the loop that Lambda runs: the queue in batches of ten."""

    rules: Rules = RULES
    runner: Runner = RUNNER
    requests_per_minute: int = 300
    activity_seconds: float = 4 * 3600
    clock: FakeClock = field(default_factory=FakeClock)
    group: FakeGroup = field(default_factory=FakeGroup)
    table: FakeTable = field(default_factory=FakeTable)
    queue: deque[Message] = field(default_factory=deque)
    published: list[dict[str, float]] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    cannot_send: bool = False
    cannot_publish: bool = False
    cannot_wake: bool = False
    seconds_per_turn: float = 0.0
    deduplication_ids: list[str] = field(default_factory=list)
    wakes: list[float] = field(default_factory=list)
    connect: Callable[[Call], Source] | None = None

    def __post_init__(self) -> None:
        self.gitlab = FakeGitLab(self.clock)
        services = Services(
            table=self.table,
            group=self.group,
            connect=self.connect or self.gitlab.connect,
            publish=self._publish,
            continue_later=self._continue,
            wake=self._wake,
            clock=self.clock,
            sleep=self.clock.sleep,
            gather=one_by_one,
        )
        configuration = Configuration(self.rules, self.runner, self.requests_per_minute, self.activity_seconds)
        self.scaler = Scaler(services, configuration)

    def hook(self, project_id: int, at: float | None = None, key: str = "") -> None:
        self.queue.append(Message(Kind.HOOK, self.clock.now if at is None else at, project_id, key))

    def tick(self) -> None:
        self.queue.append(Message(Kind.TICK, self.clock.now))

    def sweep(self) -> None:
        self.queue.append(Message(Kind.SWEEP, self.clock.now))

    def turn(self) -> Outcome:
        """Handle one batch."""
        batch = [self.queue.popleft() for _ in range(min(10, len(self.queue)))]
        self.clock.sleep(self.seconds_per_turn)
        outcome = self.scaler.handle(batch, 30.0)
        self.outcomes.append(outcome)
        return outcome

    def settle(self, turns: int = 100) -> Outcome:
        """Handle batches until the queue is empty; return the last outcome."""
        outcome = Outcome.NOTHING_TO_DO
        for _ in range(turns):
            if not self.queue:
                break
            outcome = self.turn()
        return outcome

    def minute(self, *, sweeps: bool = True) -> Outcome:
        """Let a minute pass, and the schedule come."""
        self.clock.sleep(60)
        self.tick()
        if sweeps:
            self.sweep()
        return self.settle()

    @property
    def state(self) -> State:
        return self.table.load().state

    @property
    def figures(self) -> Mapping[str, float]:
        return self.published[-1]

    def _publish(self, figures: Sequence[Figure]) -> None:
        if self.cannot_publish:
            raise PublishError("throttled")
        self.published.append({figure.name: figure.value for figure in figures})

    def _continue(self, deduplication_id: str) -> None:
        if self.cannot_send:
            raise SendError("throttled")
        self.deduplication_ids.append(deduplication_id)
        self.queue.append(Message(Kind.CONTINUE, self.clock.now))

    def _wake(self, seconds: float) -> None:
        if self.cannot_wake:
            raise WakeError("not authorized")
        self.wakes.append(self.clock.now + seconds)


def one_by_one(tasks: Sequence[Callable[[], Answer]], seconds: float) -> Sequence[Answer | None]:
    """Run tasks one after the other: what threads do, in an order that can be relied upon."""
    return [task() for task in tasks]
