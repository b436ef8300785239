from __future__ import annotations

import pytest

from tests.tools.local.hosts.support import FIRST, SECOND, MemoryRunner, instances
from tools.local.hosts import HostFleet, Instance, system_id


class Hook:
    """One of the group's lifecycle hooks."""

    def __init__(self) -> None:
        self.completed: list[str] = []
        self.works = True

    def __call__(self, instance_id: str) -> bool:
        self.completed.append(instance_id)
        return self.works


@pytest.fixture
def hook() -> Hook:
    return Hook()


@pytest.fixture
def launch_hook() -> Hook:
    return Hook()


@pytest.fixture
def fleet(runner: MemoryRunner, hook: Hook, launch_hook: Hook) -> HostFleet:
    return HostFleet(2, runner, runner, hook, launch_hook)


def test_hosts_in_service_take_jobs_up_to_their_slots(fleet: HostFleet, runner: MemoryRunner) -> None:
    runner.add(5)
    fleet.step(instances(first="InService", second="InService"))
    fleet.step(instances(first="InService", second="InService"))
    assert {system_id(FIRST): [1, 3], system_id(SECOND): [2, 4]} == runner.running()
    assert (fleet.jobs_taken, fleet.report()["instances_seen"]) == (4, 2)


@pytest.mark.parametrize("state", ["Pending", "Pending:Wait", "Terminating", "Terminating:Wait", "Standby", "Detached"])
def test_a_host_takes_jobs_only_in_service(fleet: HostFleet, runner: MemoryRunner, state: str) -> None:
    runner.add(1)
    fleet.step(instances(first=state))
    assert runner.running() == {}


def test_a_host_in_service_registers_its_manager_before_it_has_jobs(fleet: HostFleet, runner: MemoryRunner) -> None:
    fleet.step(instances(first="Pending", second="InService"))
    assert runner.met == {system_id(SECOND)}


def test_a_host_comes_into_service_once_gitlab_knows_its_manager(
    fleet: HostFleet, runner: MemoryRunner, launch_hook: Hook, hook: Hook
) -> None:
    launch_hook.works = False
    fleet.step(instances(first="Pending:Wait", second="Pending"))
    assert (runner.met, launch_hook.completed) == ({system_id(FIRST)}, [FIRST])
    launch_hook.works = True
    fleet.step(instances(first="Pending:Wait", second="Pending"))
    fleet.step(instances(first="Pending:Wait", second="Pending:Wait"))
    assert (launch_hook.completed, hook.completed) == ([FIRST, FIRST, SECOND], [])


def test_a_draining_host_takes_nothing_finishes_its_jobs_and_only_then_goes(
    fleet: HostFleet, runner: MemoryRunner, hook: Hook
) -> None:
    runner.add(2)
    fleet.step(instances(first="InService"))
    runner.add(1)
    fleet.step(instances(first="Terminating:Wait"))
    assert (hook.completed, {system_id(FIRST): [1, 2]}) == ([], runner.running())
    runner.finish(system_id(FIRST))
    fleet.step(instances(first="Terminating:Wait"))
    fleet.step(instances(first="Terminating:Wait"))
    assert hook.completed == [FIRST]
    assert runner.met == set()
    fleet.step([])
    assert (fleet.jobs_killed, runner.lost) == (0, [])


def test_a_lifecycle_action_that_could_not_be_completed_is_tried_again(fleet: HostFleet, hook: Hook) -> None:
    hook.works = False
    fleet.step(instances(first="Terminating:Wait"))
    hook.works = True
    fleet.step(instances(first="Terminating:Wait"))
    fleet.step(instances(first="Terminating:Wait"))
    assert hook.completed == [FIRST, FIRST]


@pytest.mark.parametrize(
    "afterwards",
    [[], [Instance(FIRST, "Terminated")], [Instance(FIRST, "Terminating:Proceed")]],
    ids=["missing", "terminated", "terminating"],
)
def test_an_instance_that_goes_while_it_works_kills_its_jobs_visibly(
    fleet: HostFleet, runner: MemoryRunner, afterwards: list[Instance]
) -> None:
    runner.add(2)
    fleet.step(instances(first="InService"))
    fleet.step(afterwards)
    fleet.step(afterwards)
    assert (fleet.jobs_killed, runner.lost) == (2, [1, 2])


def test_a_job_that_ended_at_the_last_moment_was_not_killed(fleet: HostFleet, runner: MemoryRunner) -> None:
    runner.add(1)
    fleet.step(instances(first="InService"))
    runner.finish(system_id(FIRST))
    fleet.step([])
    assert fleet.jobs_killed == 0


def test_a_job_that_another_took_meanwhile_does_not_count(fleet: HostFleet, runner: MemoryRunner) -> None:
    runner.add(1)
    runner.taken_by_others = {1}
    fleet.step(instances(first="InService"))
    assert fleet.jobs_taken == 0


def test_jobs_of_managers_outside_the_group_are_left_alone(fleet: HostFleet, runner: MemoryRunner) -> None:
    runner.busy["r_elsewhere000"] = [7]
    fleet.step(instances(first="InService"))
    fleet.step([])
    assert runner.lost == []


def test_the_report_names_each_host_with_its_slots_and_jobs(fleet: HostFleet, runner: MemoryRunner) -> None:
    runner.add(1)
    fleet.step(instances(first="InService"))
    assert fleet.report() == {
        "hosts": [
            {
                "instance_id": FIRST,
                "system_id": "r_aaaaaaaaaaaa",
                "lifecycle_state": "InService",
                "slots": 2,
                "running_job_ids": [1],
            }
        ],
        "instances_seen": 1,
        "jobs_taken": 1,
        "jobs_killed": 0,
    }
