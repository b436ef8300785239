"""Observe, plan, act: what one invocation does, in order.

Faults of others end up in its outcome and in the log, not in an exception: the next message heals.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from scaler import budget, intake, metrics, schedule, silent
from scaler.act import Acted, act
from scaler.call import Call
from scaler.errors import ConflictError, DeniedError, GroupError, PublishError, ReadError, SendError, StateError
from scaler.foresee import follow_bursts, foresee, learn
from scaler.lasting import lasting
from scaler.model import Kind, Scope, State, Stored
from scaler.observe import Observer
from scaler.outcome import Outcome
from scaler.plan import plan as make_plan
from scaler.scope import Reach
from scaler.snapshot import follow, snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scaler.capacity import Group, Plan, Snapshot
    from scaler.model import Message
    from scaler.observe import GitLab
    from scaler.schedule import Pick
    from scaler.services import Configuration, Services
    from scaler.silent import Manager

log = logging.getLogger(__name__)

# GitLab's answers are waited for no longer than this, so that hooks are not kept waiting.
READ_SECONDS = 10.0
# Of the function's time, what acting and saving may take.
RESERVED_SECONDS = 5.0
# A continued invocation waits for what may be read soon; a hook that arrives meanwhile waits, too.
MAX_SLEEP_SECONDS = 1.0
# A full batch of hooks this old shows that more of them are waiting: they are noted first and answered together ...
BEHIND_SECONDS = 2.0
FULL_BATCH = 10
# ... but not when the last observation is older than this.
MAX_BLIND_SECONDS = 3.0
_RUNNER_DENIED_SECONDS = 3600.0


@dataclass(frozen=True)
class _Turn:
    """What one invocation works with; `trouble` says why the state is not to be relied upon, "" if it is."""

    messages: Sequence[Message]
    seconds: float
    started_at: float
    stored: Stored
    limits: intake.Limits
    trouble: str = ""

    @property
    def kinds(self) -> frozenset[Kind]:
        return frozenset(message.kind for message in self.messages)

    @property
    def hooks_only(self) -> bool:
        return self.kinds == {Kind.HOOK}

    @property
    def is_behind(self) -> bool:
        """Whether more hooks are waiting than one batch holds, so that this one is not worth an observation."""
        newest = max(message.received_at for message in self.messages)
        blind = self.started_at - self.stored.state.observed_at
        full = self.hooks_only and len(self.messages) >= FULL_BATCH
        return full and self.started_at - newest > BEHIND_SECONDS and blind < MAX_BLIND_SECONDS


@dataclass(frozen=True)
class _Seen:
    """An observation and the plan made from it."""

    state: State
    snapshot: Snapshot
    plan: Plan


@dataclass
class Scaler:
    """Answers batches of messages.

    Args:
        services: what it needs of the world.
        configuration: how the fleet is set up.
    """

    services: Services
    configuration: Configuration
    _last: Stored = field(default_factory=lambda: Stored(State(), 0, Scope()), init=False)

    def handle(self, messages: Sequence[Message], seconds: float) -> Outcome:
        """Observe what the messages ask for, plan, and act.

        Args:
            messages: a batch of the queue.
            seconds: how long the invocation may take.
        """
        if not messages:
            return Outcome.NOTHING_TO_DO
        turn = self._begin(messages, seconds)
        group = self._look(turn)
        if turn.kinds == {Kind.TICK} and group and not intake.is_active(turn.stored.state, group):
            return Outcome.NOTHING_TO_DO
        noted = intake.note(turn.stored.state, messages, group, turn.limits, turn.started_at)
        pick = schedule.pick(noted, turn.limits, turn.started_at, hooks_only=turn.hooks_only)
        if turn.is_behind:
            return self._defer(turn, noted, 0.0)
        if pick.is_empty and not turn.kinds & {Kind.TICK, Kind.SWEEP}:
            return self._defer(turn, noted, pick.wait_seconds)
        return self._observe(turn, noted, pick)

    def _begin(self, messages: Sequence[Message], seconds: float) -> _Turn:
        started_at = self.services.clock()
        trouble = ""
        try:
            self._last = self.services.table.load()
        except StateError as error:
            # What this container remembers may be old: good enough to scale out, never to scale in.
            log.warning("the state is unknown: %s", error)
            trouble = f"the state ({error})"
        own = self.configuration
        reach = Reach(self._last.scope, own.activity_seconds, own.narrow)
        limits = intake.Limits(reach, own.requests_per_minute, own.rules.idle_seconds)
        return _Turn(messages, seconds, started_at, self._last, limits, trouble)

    def _look(self, turn: _Turn) -> Group | None:
        """Return the group if a tick has to know whether there is anything to do."""
        if Kind.TICK not in turn.kinds:
            return None
        try:
            return self.services.group.describe()
        except GroupError as error:
            log.warning("the group cannot be looked at: %s", error)
            return None

    def _defer(self, turn: _Turn, noted: State, wait_seconds: float) -> Outcome:
        """Only note what the messages want, because nothing of it may be read now."""
        if turn.kinds == {Kind.CONTINUE} and wait_seconds <= schedule.MAX_WAIT_SECONDS:
            # No read after the sleep: only the next batch shows whether more hooks have come meanwhile.
            self.services.sleep(min(wait_seconds, MAX_SLEEP_SECONDS))
        return self._leave(turn, noted, wait_seconds) or Outcome.NOTED

    def _observe(self, turn: _Turn, noted: State, pick: Pick) -> Outcome:
        seconds = min(READ_SECONDS, max(0.0, turn.seconds - RESERVED_SECONDS))
        left = budget.budget(noted.requests, turn.limits.requests_per_minute, turn.started_at)
        call = Call(left.allowed, turn.started_at + seconds, self.services.clock, noted.not_before)
        gitlab = self.services.connect(call)
        own = self.configuration
        services, looks = self.services, own.rules.looks_ahead
        observer = Observer(gitlab, own.runner, turn.limits.reach, services.clock, services.gather, looks)
        # Looking ahead takes what sweeps would leave.
        hints = max(0, left.for_sweeps - sum(noted.projects[key].requests for key in pick.projects))
        state = observer.observe(noted, pick, seconds, hints)
        try:
            seen = self._ask_runner(turn, self._see(turn, state), gitlab)
        except GroupError as error:
            log.warning("%s: %s", error.outcome, error)
            return self._end(turn, state, call, metrics.of_nothing(), error.outcome, only_hooks=turn.hooks_only)
        acted = act(seen.plan, seen.snapshot, self.services.group, seen.state.desired_left)
        _tell(seen, acted)
        figures = (
            *metrics.of_instances(seen.snapshot),
            *metrics.of_jobs(seen.snapshot, seen.plan, acted, own.rules),
            *metrics.of_trouble(seen.snapshot, own.rules),
        )
        observed = self._observed(seen, acted)
        goes_on = bool(acted.removed) and len(seen.plan.remove) > len(acted.removed)
        if goes_on:
            # More idle instances are to go than one invocation removes: the next one comes as soon as it may.
            observed = intake.want_oldest(observed, turn.limits, services.clock())
        only_hooks = turn.hooks_only and not goes_on
        return self._end(turn, observed, call, figures, acted.outcome, only_hooks=only_hooks)

    def _see(self, turn: _Turn, state: State, managers: Sequence[Manager] = (), unknown: str = "") -> _Seen:
        """Look at the group, last, so that what is planned is acted upon at once."""
        group = self.services.group.describe()
        now = self.services.clock()
        busy = {manager.system_id for manager in managers if manager.is_busy}
        state = learn(follow(state, group, turn.started_at, busy), group, now)
        seen = snapshot(state, group, turn.limits, now)
        seen = replace(seen, unknown=(*seen.unknown, *filter(None, (turn.trouble, unknown))))
        seen = foresee(seen, state, self.configuration.rules, now)
        seen = silent.judge(seen, managers, group, state, now)
        return _Seen(state, seen, make_plan(seen, self.configuration.rules))

    def _ask_runner(self, turn: _Turn, seen: _Seen, gitlab: GitLab) -> _Seen:
        """Before an instance goes, ask for the runner's managers, too: it may have taken a job a moment ago."""
        now = self.services.clock()
        own = self.configuration
        replaces = own.rules.sets_capacity and silent.is_worth_asking(seen.snapshot, seen.state, now)
        asks = seen.plan.surplus or replaces
        if not (asks and own.runner.id and now >= seen.state.runner_denied_until):
            return seen
        state = replace(seen.state, managers_at=now)
        try:
            return self._see(turn, state, managers=gitlab.managers())
        except DeniedError as error:
            log.warning("the runner's managers cannot be listed, so the projects' lists decide: %s", error)
            return replace(seen, state=replace(state, runner_denied_until=now + _RUNNER_DENIED_SECONDS))
        except ReadError as error:
            if not seen.plan.surplus:
                return replace(seen, state=state)
            return self._see(turn, state, unknown=f"the runner's managers ({error})")

    def _observed(self, seen: _Seen, acted: Acted) -> State:
        now = self.services.clock()
        state = silent.noted(seen.state, seen.snapshot, now, replaced=acted.outcome is Outcome.REPLACED)
        return replace(
            follow_bursts(state, seen.snapshot, now),
            observed_at=now,
            is_complete=seen.snapshot.is_complete,
            idle=tuple(instance.id for instance in seen.snapshot.idle),
            desired_left=acted.desired if self.configuration.rules.sets_capacity else -1,
            told=lasting(seen.snapshot, acted),
        )

    def _end(
        self,
        turn: _Turn,
        state: State,
        call: Call,
        figures: Sequence[metrics.Figure],
        outcome: Outcome,
        *,
        only_hooks: bool,
    ) -> Outcome:
        """Save and publish what was observed, and ask for the rest."""
        now = self.services.clock()
        requests = state.requests
        for at in call.times:
            requests = budget.add(requests, at, 1, budget.WINDOW_SECONDS)
        state = replace(state, requests=requests, not_before=max(state.not_before, call.not_before))
        more = schedule.pick(state, turn.limits, now, hooks_only=only_hooks)
        failed = self._leave(turn, state, more.wait_seconds if more.is_empty else 0.0)
        effort = metrics.Effort(now - turn.started_at, len(call.times), call.failures)
        try:
            self.services.publish((*figures, *metrics.of_effort(effort)))
        except PublishError as error:
            log.warning("metrics are missing: %s", error)
        return failed or outcome

    def _leave(self, turn: _Turn, state: State, wait_seconds: float) -> Outcome | None:
        """Save the state and, if more can be read soon, ask for another turn; return what went wrong, if anything."""
        now = self.services.clock()
        asks = schedule.asks_to_continue(state, wait_seconds, now)
        if asks:
            state = replace(state, continue_at=now)
        self._last = replace(turn.stored, state=state)
        if turn.trouble:
            # Without the version that the table holds, nothing can be written.
            return None
        try:
            self._save(turn, state)
        except ConflictError as error:
            log.warning("what was observed is dropped: %s", error)
            return Outcome.STATE_CONFLICT
        if asks:
            self._ask(f"continue-{turn.stored.version + 1}-{int(now * 1000)}")
        return None

    def _save(self, turn: _Turn, state: State) -> None:
        if state == turn.stored.state:
            return
        try:
            self.services.table.save(state, turn.stored.version)
        except ConflictError:
            raise
        except StateError as error:
            log.warning("what was observed is not saved: %s", error)

    def _ask(self, deduplication_id: str) -> None:
        try:
            self.services.continue_later(deduplication_id)
        except SendError as error:
            log.warning("the rest is left to the next tick: %s", error)


def _tell(seen: _Seen, acted: Acted) -> None:
    """Log the decision as one sentence."""
    level = logging.WARNING if acted.problem or not seen.snapshot.is_complete else logging.INFO
    sentence = f"{acted.outcome}: {seen.plan.reason}"
    if acted.problem:
        sentence += f"; {acted.problem}"
    if acted.outcome is Outcome.AT_MAXIMUM and seen.state.told:
        level = logging.DEBUG
    log.log(level, "%s", sentence, extra={"outcome": acted.outcome, "desired": acted.desired, "need": seen.plan.need})
    for words in lasting(seen.snapshot, acted):
        if words not in seen.state.told:
            log.warning("%s", words)
