"""Observe, plan, act: what one invocation does, in order.

Faults of others end up in its outcome and in the log, not in an exception: the next message heals.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from scaler import budget, identity, intake, lasting, metrics, schedule, silent, stuck, waking
from scaler.act import Acted, act
from scaler.call import Call
from scaler.errors import DeniedError, GoneError, GroupError, ReadError, StateError, WakeError
from scaler.foresee import follow_bursts, foresee, learn
from scaler.leave import leave
from scaler.model import Kind, Scope, State, Stored
from scaler.observe import Observer
from scaler.outcome import Outcome
from scaler.plan import plan as make_plan
from scaler.publish import Publisher
from scaler.scope import Reach
from scaler.snapshot import follow, snapshot
from scaler.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scaler.capacity import Group, Plan, Snapshot
    from scaler.leave import Ending
    from scaler.model import Message
    from scaler.observe import GitLab, Source
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
    _no_wake_before: float = field(default=0.0, init=False)
    _publisher: Publisher = field(init=False)

    def __post_init__(self) -> None:
        """Start with nothing published."""
        self._publisher = Publisher(self.services.publish)

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

    def _begin(self, messages: Sequence[Message], seconds: float) -> Turn:
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
        return Turn(messages, seconds, started_at, self._last, limits, trouble)

    def _look(self, turn: Turn) -> Group | None:
        """Return the group if a tick has to know whether there is anything to do."""
        if Kind.TICK not in turn.kinds:
            return None
        try:
            return self.services.group.describe()
        except GroupError as error:
            log.warning("the group cannot be looked at: %s", error)
            return None

    def _defer(self, turn: Turn, noted: State, wait_seconds: float) -> Outcome:
        """Only note what the messages want, because nothing of it may be read now."""
        if turn.kinds == {Kind.CONTINUE} and wait_seconds <= schedule.MAX_WAIT_SECONDS:
            # No read after the sleep: only the next batch shows whether more hooks have come meanwhile.
            self.services.sleep(min(wait_seconds, MAX_SLEEP_SECONDS))
        if Kind.HOOK in turn.kinds:
            log.info("noted: what these webhooks ask for is answered already, or together with others later")
        return self._leave(turn, noted, wait_seconds).failed or Outcome.NOTED

    def _observe(self, turn: Turn, noted: State, pick: Pick) -> Outcome:
        """Read what was picked, look at the group, and act."""
        seconds = min(READ_SECONDS, max(0.0, turn.seconds - RESERVED_SECONDS))
        left = budget.budget(noted.requests, turn.limits.requests_per_minute, turn.started_at)
        call = Call(left.allowed, turn.started_at + seconds, self.services.clock, noted.not_before)
        gitlab = self.services.connect(call)
        # Looking ahead takes what sweeps would leave.
        hints = max(0, left.for_sweeps - sum(noted.projects[key].requests for key in pick.projects))
        state = self._observer(turn, noted, gitlab).observe(noted, pick, seconds, hints)
        try:
            seen = self._ask_runner(turn, self._see(turn, state), gitlab)
        except GroupError as error:
            log.warning("%s: %s", error.outcome, error)
            return self._end(turn, state, call, metrics.of_nothing(), error.outcome, only_hooks=turn.hooks_only)
        return self._act(turn, noted, seen, call)

    def _observer(self, turn: Turn, noted: State, gitlab: Source) -> Observer:
        own = self.configuration
        return Observer(
            gitlab,
            own.runner,
            turn.limits.reach,
            self.services.clock,
            self.services.gather,
            looks_ahead=own.rules.looks_ahead,
            learnt_id=noted.runner_id,
        )

    def _act(self, turn: Turn, noted: State, seen: _Seen, call: Call) -> Outcome:
        """Do what is planned, tell of it, and leave what is known to the next invocation."""
        services = self.services
        acted = act(seen.plan, seen.snapshot, services.group, seen.state.desired_left)
        hooks = intake.answered(noted, seen.state)
        _tell(seen, acted, (*(message.id for message in turn.messages), *hooks.ids))
        self._tell_of_stuck(seen.state)
        figures = (
            *metrics.of_fleet(seen.snapshot, seen.plan, acted, self.configuration.rules),
            *metrics.of_reaction(hooks, services.clock()),
        )
        observed, per_minute = self._observed(seen, acted), turn.limits.requests_per_minute
        observed = waking.noted(observed, seen.plan.due_seconds, services.clock(), call.left, per_minute)
        goes_on = bool(acted.removed) and len(seen.plan.remove) > len(acted.removed)
        if goes_on:
            # More idle instances are to go than one invocation removes: the next one comes as soon as it may.
            observed = intake.want_oldest(observed, turn.limits, services.clock())
        only_hooks = turn.hooks_only and not goes_on
        return self._end(turn, observed, call, figures, acted.outcome, only_hooks=only_hooks)

    def _see(self, turn: Turn, state: State, managers: Sequence[Manager] = (), unknown: str = "") -> _Seen:
        """Look at the group, last, so that what is planned is acted upon at once."""
        group = self.services.group.describe()
        now = self.services.clock()
        busy = {manager.system_id for manager in managers if manager.is_busy}
        state = learn(state, group, self.configuration.rules, now)
        state = identity.learn(follow(state, group, turn.started_at, busy), group)
        state = replace(state, terminating=stuck.follow(dict(state.terminating), group, now))
        seen = snapshot(state, group, turn.limits, now)
        seen = replace(seen, unknown=(*seen.unknown, *filter(None, (turn.trouble, unknown))))
        seen = foresee(seen, state, self.configuration.rules, now)
        # Where the runner's id was learnt, the fleet may have others.
        seen = silent.judge(seen, managers, group, state, now, lists_all=bool(self.configuration.runner.id))
        return _Seen(state, seen, make_plan(seen, self.configuration.rules))

    def _ask_runner(self, turn: Turn, seen: _Seen, gitlab: GitLab) -> _Seen:
        """Before an instance goes, ask for the runner's managers, too: it may have taken a job a moment ago."""
        now = self.services.clock()
        runner_id = identity.known(self.configuration.runner, seen.state)
        asks = seen.plan.surplus or silent.is_worth_asking(seen.snapshot, seen.state, now)
        if not (asks and identity.may_ask(seen.state, runner_id, now)):
            return seen
        state = replace(seen.state, managers_at=now)
        try:
            return self._see(turn, state, managers=gitlab.managers(runner_id))
        except DeniedError as error:
            # Nobody has asked for it where the id was learnt.
            level = logging.WARNING if self.configuration.runner.id else logging.INFO
            log.log(level, "the runner's managers cannot be listed, so the projects' lists decide: %s", error)
            state = identity.refused(state, runner_id, now, is_gone=isinstance(error, GoneError))
            return replace(seen, state=state)
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
            said=lasting.say(state.said, seen.snapshot, seen.plan, now),
        )

    def _end(
        self,
        turn: Turn,
        state: State,
        call: Call,
        figures: Sequence[metrics.Figure],
        outcome: Outcome,
        *,
        only_hooks: bool,
    ) -> Outcome:
        """Save and publish what was observed, and ask for the rest."""
        now = self.services.clock()
        figures = (
            *figures,
            *metrics.of_effort(metrics.Effort(now - turn.started_at, len(call.times), call.failures)),
        )
        zeros_left = metrics.zeros_left(figures, state.zeros_left, has_arrived=self._publisher.has_arrived)
        shown = metrics.shown(figures, state.zeros_left, zeros_left)
        requests = state.requests
        for at in call.times:
            requests = budget.add(requests, at, 1, budget.WINDOW_SECONDS)
        not_before = max(state.not_before, call.not_before)
        state = replace(state, requests=requests, not_before=not_before, zeros_left=zeros_left)
        more = schedule.pick(state, turn.limits, now, hooks_only=only_hooks)
        ending = self._leave(turn, state, more.wait_seconds if more.is_empty else 0.0)
        self._publisher.publish(shown, now)
        if ending.is_saved and waking.is_new(turn.stored.state, state, now):
            self._ask_to_wake(state.wake_at)
        return ending.failed or outcome

    def _tell_of_stuck(self, state: State) -> None:
        """Name the instances that do not get to their end; the words are counted (terraform/metric_filters.tf).

        That is an error, because an alarm must not depend on the log level.
        """
        seconds = self.configuration.drain_seconds
        if found := stuck.stuck(dict(state.terminating), seconds, self.services.clock()):
            log.error("terminating for too long, more than %.0f s: %s", seconds, ", ".join(found))

    def _ask_to_wake(self, at: float) -> None:
        """Ask for a tick when an idle instance is due; if that fails, the schedule's next one does."""
        now = self.services.clock()
        # A longer pause comes from a clock that was ahead.
        if 0 < self._no_wake_before - now <= waking.FAILED_SECONDS:
            return
        try:
            self.services.wake(min(max(0.0, at - now), waking.MAX_SECONDS))
        except WakeError as error:
            self._no_wake_before = self.services.clock() + waking.FAILED_SECONDS
            log.warning("idle instances leave with the schedule's ticks, up to a minute late: %s", error)

    def _leave(self, turn: Turn, state: State, wait_seconds: float) -> Ending:
        ending = leave(self.services, turn, state, wait_seconds)
        self._last = ending.stored
        return ending


def _tell(seen: _Seen, acted: Acted, ids: Sequence[str]) -> None:
    """Log the decision as one sentence, on the way of each hook that it answers."""
    is_news = acted.problem or lasting.new(lasting.causes(seen.snapshot), seen.state.said)
    level = logging.WARNING if is_news else logging.INFO
    sentence = f"{acted.outcome}: {seen.plan.reason}"
    if acted.problem:
        sentence += f"; {acted.problem}"
    begun = lasting.new(lasting.lasting(seen.snapshot, seen.plan), seen.state.said)
    if acted.outcome is Outcome.AT_MAXIMUM and not begun:
        level = logging.DEBUG
    about: dict[str, object] = {"outcome": acted.outcome, "desired": acted.desired, "need": seen.plan.need}
    if known := list(dict.fromkeys(filter(None, ids))):
        about["correlation_id"] = known
    log.log(level, "%s", sentence, extra=about)
    for words in begun:
        log.warning("%s", words)
