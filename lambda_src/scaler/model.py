"""What the scaler knows of jobs and projects, and what it is asked for. Times are epoch seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from scaler.boot import Boots
from scaler.buffer import Bursts
from scaler.coming import NOTHING, Unfinished

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scaler.coming import Absences
    from scaler.history import History
    from scaler.pipelines import Created, Live


_NO_BOOTS = Boots()
_NO_BURSTS = Bursts()


@dataclass(frozen=True)
class Job:
    """A pending or running job as GitLab lists it.

    Attributes:
        queued_at: when it became pending.
        runner_id: the runner that took it, "" if none has or GitLab does not say.
        system_id: the runner manager that took it, "" if none has or GitLab does not say.
        name: its name, "" if GitLab does not say; as the following, only used to look ahead.
        stage: its stage's name.
        pipeline_id: its pipeline, 0 if GitLab does not say.
        started_at: when it started, 0 if it has not or GitLab does not say.
    """

    id: int
    is_running: bool
    queued_at: float
    tags: frozenset[str]
    ref: str = ""
    is_tag: bool = False
    runner_id: str = ""
    system_id: str = ""
    name: str = ""
    stage: str = ""
    pipeline_id: int = 0
    started_at: float = 0.0


@dataclass(frozen=True)
class ProtectedRefs:
    """Names and wildcards of a project's protected branches and tags; None = not known. `read_at` 0 = never read."""

    read_at: float = 0.0
    branches: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Project:
    """What is known of one project, and what is wanted of it. A time of 0 means never.

    Attributes:
        listed: the last listing of the scope named it.
        hook_first: the oldest hook that no read has answered yet.
        hook_ids: ids of the first such hooks, for the log.
        hook_last: the newest hook.
        wanted_at: since when the schedule wants it read.
        attempted_at: start of the last read, failed or not.
        failures: how many reads in a row have failed.
        failure: why the last read failed, "" if it did not.
        read_at: start of the last complete read; the facts below are of that moment.
        pending: jobs that wait for this fleet.
        oldest_pending_at: since when the longest waiting one waits.
        running: system ids of the runner managers that run its jobs, one entry a job.
        runners: ids of their runners in the same order, "" = GitLab does not say; none where the id is configured.
        unplaced: running jobs that may be this fleet's, of which GitLab does not name the runner manager.
        requests: how many HTTP requests the last complete read took.
        live: its jobs under way, if pipelines are looked ahead in.
        created: jobs of its pipelines that come later.
        created_at: when those were read.
        created_cut: pipelines of which earlier ones of them may be missing; see `scaler.pages`.
        created_cursor: where the next page of them begins, "" = with the newest.
        created_not_before: the next page is not asked for before, because that has failed.
        unfinished: jobs that have not come of pipelines that seem to have ended.
    """

    id: int
    listed: bool = False
    hook_first: float = 0.0
    hook_ids: tuple[str, ...] = ()
    hook_last: float = 0.0
    wanted_at: float = 0.0
    attempted_at: float = 0.0
    failures: int = 0
    failure: str = ""
    read_at: float = 0.0
    pending: int = 0
    oldest_pending_at: float = 0.0
    running: tuple[str, ...] = ()
    runners: tuple[str, ...] = ()
    unplaced: int = 0
    requests: int = 1
    protected: ProtectedRefs = ProtectedRefs()
    live: tuple[Live, ...] = ()
    created: tuple[Created, ...] = ()
    created_at: float = 0.0
    created_cut: tuple[int, ...] = ()
    created_cursor: str = ""
    created_not_before: float = 0.0
    unfinished: Unfinished = NOTHING

    @property
    def is_hooked(self) -> bool:
        """Whether a hook waits for an answer."""
        return self.hook_first > 0

    @property
    def is_busy(self) -> bool:
        """Whether jobs were pending or running when it was last read."""
        return bool(self.pending or self.running or self.unplaced)


# What of a project is only kept to look ahead, when there is nothing to foresee or no room.
FORGOTTEN: Mapping[str, Any] = {
    "live": (),
    "created": (),
    "created_at": 0.0,
    "created_cut": (),
    "created_cursor": "",
    "unfinished": NOTHING,
}


@dataclass(frozen=True)
class Listing:
    """The list of projects in scope: when it was last read, and the one under way, which takes several invocations.

    Attributes:
        read_at: start of the last complete listing.
        full_at: start of the last complete one without the activity filter.
        wanted_at: since when a new one is wanted, 0 = none is.
        attempted_at: when pages were last asked for.
        failures: how many attempts in a row have failed.
        failure: why the last attempt failed.
        started_at: start of the one under way, 0 = none is.
        is_full: the one under way is without the activity filter.
        sources: what is still to be listed, the first of them in part if there is a cursor.
        cursor: where to go on within the first source.
        found: project ids found so far.
        scope: the scope of the last complete one, as sources.
        under_way: the scope of the one under way, as sources.
    """

    read_at: float = 0.0
    full_at: float = 0.0
    wanted_at: float = 0.0
    attempted_at: float = 0.0
    failures: int = 0
    failure: str = ""
    started_at: float = 0.0
    is_full: bool = False
    sources: tuple[str, ...] = ()
    cursor: str = ""
    found: tuple[int, ...] = ()
    scope: tuple[str, ...] = ()
    under_way: tuple[str, ...] = ()


@dataclass(frozen=True)
class Clock:
    """An instance's idle clock.

    Attributes:
        since: when it was last seen busy, or first seen in service.
        is_busy: whether it was busy then.
        jobs: how many jobs it was last seen to run.
        taken: how many jobs it has taken at least, as far as that was seen.
    """

    since: float
    is_busy: bool
    jobs: int = 0
    taken: int = 0


@dataclass(frozen=True)
class State:
    """All that one invocation leaves to the next.

    Attributes:
        instances: idle clocks of the instances in service.
        idle: ids of the instances that may go, longest idle first, as of the last observation.
        requests: (second, number) of the GitLab requests of the last minute.
        hooks: (second, number) of the hooks of the last ten seconds.
        last_hook_at: when the newest hook was received.
        not_before: GitLab asked for silence until then.
        continue_at: when the outstanding `continue` message was sent, 0 = there is none.
        observed_at: when an invocation last looked and planned.
        is_complete: whether that observation was complete.
        desired_left: the desired capacity it left, -1 = unknown.
        unfulfilled_since: since when the group has fewer instances than desired, 0 = it has not.
        runner_id: the runner's id as learnt from its jobs, "" = unknown.
        runner_denied: the id of the runner of which GitLab has refused to list the managers ...
        runner_denied_until: ... so that they are not asked for before.
        managers_at: when they were last asked for.
        replaced_at: when an instance that takes no jobs was last replaced.
        replaced: how many were, since a job last waited for long.
        history: how long jobs of which name take.
        absences: which of them hardly ever come.
        boots: how long instances take to boot, and which of them never got into service.
        bursts: how many jobs come at once.
        created_not_before: later jobs are not asked for in any project before, because that has failed in several.
        said: conditions that last and have been said, and when they were last true.
        wake_at: when the last tick that was asked for between those of the schedule comes, 0 = none was.
        zeros_left: in how many more observations figures that have become zero are published.
        terminating: ids of the instances that are going, and since when.
    """

    projects: Mapping[int, Project] = field(default_factory=dict)
    listing: Listing = Listing()
    instances: Mapping[str, Clock] = field(default_factory=dict)
    idle: tuple[str, ...] = ()
    requests: tuple[tuple[int, int], ...] = ()
    hooks: tuple[tuple[int, int], ...] = ()
    last_hook_at: float = 0.0
    not_before: float = 0.0
    continue_at: float = 0.0
    observed_at: float = 0.0
    is_complete: bool = False
    desired_left: int = -1
    unfulfilled_since: float = 0.0
    runner_id: str = ""
    runner_denied: str = ""
    runner_denied_until: float = 0.0
    managers_at: float = 0.0
    replaced_at: float = 0.0
    replaced: int = 0
    history: History = field(default_factory=dict)
    absences: Absences = field(default_factory=dict)
    boots: Boots = _NO_BOOTS
    bursts: Bursts = _NO_BURSTS
    created_not_before: float = 0.0
    said: tuple[tuple[str, float], ...] = ()
    wake_at: float = 0.0
    zeros_left: int = 0
    terminating: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Scope:
    """Which projects count: those named, or those of the token's membership if none is."""

    projects: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    @property
    def is_membership(self) -> bool:
        """Whether the token's membership decides."""
        return not (self.projects or self.groups)


@dataclass(frozen=True)
class Stored:
    """What the table holds; version 0 = no state has been written yet."""

    state: State
    version: int
    scope: Scope


class Kind(StrEnum):
    """What a message asks for."""

    HOOK = "hook"
    TICK = "tick"
    SWEEP = "sweep"
    CONTINUE = "continue"


@dataclass(frozen=True)
class Message:
    """A message of the queue; `project_id` is 0 unless it is a hook, and its sender has logged `id`, if it has one."""

    kind: Kind
    received_at: float
    project_id: int = 0
    id: str = ""
