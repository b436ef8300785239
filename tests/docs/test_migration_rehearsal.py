"""The steps of docs/migration.md, rehearsed: two groups of the local AWS, one GitLab, and a clock that tests turn."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from tests.tools.local.aws.fakes import LAUNCHING, TERMINATING, World
from tests.tools.local.gitlab.support import Client
from tools.local.gitlab import GitLab
from tools.local.gitlab.board import RunnerBoard
from tools.local.hosts import HostFleet, Instance

STEP_SECONDS = 5
# Longer than an old instance may go on with its jobs once it is told to go.
LONG_JOB_SECONDS = 1500.0
OLD_LIMIT_SECONDS = 600


@dataclass
class Fleet:
    """A group, its runner in GitLab, and the hosts in between."""

    group: str
    runner_id: int
    hosts: HostFleet


@dataclass
class Rehearsal:
    """An account and a GitLab in which jobs keep coming."""

    world: World = field(default_factory=World)
    submitted: int = 0

    def __post_init__(self) -> None:
        self.client = Client()
        self.client.gitlab = GitLab(clock=self.world.clock.now)
        self.project = self.client.project()
        self.fleets: list[Fleet] = []

    def add(self, name: str, size: int, limit_seconds: int) -> Fleet:
        """Make a fleet as Terraform does: a group with hooks, and a runner of its own."""
        runner_id = self.client.control("POST", "runners", {"token": f"glrt-{name}"})["id"]
        board = RunnerBoard(self.client.gitlab, runner_id)
        enter, drain = partial(self.complete, name, "enter"), partial(self.complete, name, "drain")
        self.world.create(group=name, maximum=10)
        for hook, transition in (("enter", LAUNCHING), ("drain", TERMINATING)):
            self.world.hook(transition, hook, group=name, HeartbeatTimeout=limit_seconds)
        self.world.desire(size, group=name)
        self.fleets.append(Fleet(name, runner_id, HostFleet(1, board, board, drain, enter)))
        return self.fleets[-1]

    def pause(self, fleet: Fleet) -> None:
        self.client.control("PUT", f"runners/{fleet.runner_id}", {"paused": True})

    def complete(self, group: str, hook: str, instance_id: str) -> bool:
        named = {"InstanceId": instance_id, "LifecycleActionResult": "CONTINUE", "LifecycleHookName": hook}
        self.world.call("CompleteLifecycleAction", group, **named)
        return True

    def listed(self, fleet: Fleet) -> list[Instance]:
        return [Instance(each.instance_id, str(each.state)) for _, each in self.world.scaling.instances(fleet.group)]

    def run(self, seconds: float, every: float = 30, duration: float = 60.0) -> None:
        """Let time pass; a job comes every few seconds."""
        for elapsed in range(0, int(seconds), STEP_SECONDS):
            if every and elapsed % every == 0:
                self.submitted += 1
                self.client.jobs(self.project, duration_seconds=duration)
            self.world.wait(STEP_SECONDS)
            self.fleets.reverse()  # nobody is always the first to ask
            for fleet in self.fleets:
                fleet.hosts.step(self.listed(fleet))

    def running_on(self, fleet: Fleet) -> int:
        return sum(map(len, RunnerBoard(self.client.gitlab, fleet.runner_id).running().values()))

    def shrink(self, fleet: Fleet) -> None:
        """Step 7: the old fleet's size is 0."""
        self.world.call("UpdateAutoScalingGroup", fleet.group, DesiredCapacity=0, MaxSize=0, MinSize=0)

    def lost(self) -> int:
        """Return how many jobs did not succeed."""
        self.client.gitlab.world.life.advance()
        return sum(job.status != "success" for job in self.client.gitlab.world.store.jobs.values())


def until_both_serve() -> tuple[Rehearsal, Fleet, Fleet]:
    """Steps 1 to 4: a long job runs on the old fleet while the new one comes."""
    account = Rehearsal()
    old = account.add("old", 4, OLD_LIMIT_SECONDS)
    account.run(120, every=0)
    account.run(60, every=30, duration=LONG_JOB_SECONDS)
    account.run(300)
    new = account.add("new", 4, OLD_LIMIT_SECONDS)
    account.run(300)
    assert old.hosts.jobs_taken
    assert new.hosts.jobs_taken
    return account, old, new


def test_jobs_move_from_one_fleet_to_another_without_a_lost_one() -> None:
    account, old, new = until_both_serve()
    account.pause(old)
    taken = old.hosts.jobs_taken
    while account.running_on(old):
        account.run(60)
    account.shrink(old)
    account.run(60)
    assert account.listed(old) == []
    account.run(300, every=0)
    assert taken == old.hosts.jobs_taken
    assert (account.lost(), old.hosts.jobs_killed, new.hosts.jobs_killed) == (0, 0, 0)
    assert account.submitted == old.hosts.jobs_taken + new.hosts.jobs_taken


def test_an_old_fleet_that_goes_before_its_jobs_have_ended_loses_them() -> None:
    account, old, _ = until_both_serve()
    account.pause(old)
    account.shrink(old)
    account.run(OLD_LIMIT_SECONDS + 60)
    account.run(300, every=0)
    assert account.lost() == old.hosts.jobs_killed > 0
