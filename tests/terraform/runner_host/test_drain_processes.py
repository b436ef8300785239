"""drain.py itself, as a process among processes; times are a host's divided by some hundreds."""

from __future__ import annotations

import itertools
import math
import os
import shlex
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

from terraform.runner_host import drain
from tests.e2e.credentials_clients import aws_cli
from tests.terraform.runner_host.drain.machine import SYSTEM_ID, eventually, machine
from tests.terraform.runner_host.drain.programs import program
from tests.tools.local.aws.stack import running as running_aws
from tools.local.imds.__main__ import follow

if TYPE_CHECKING:
    from pathlib import Path

    from tests.terraform.runner_host.drain.machine import Machine
    from tests.tools.local.aws.stack import Stack

NEVER = math.inf
GROUP = {"MinSize": 0, "MaxSize": 2, "DesiredCapacity": 1}


@pytest.mark.e2e
def test_a_long_job_finishes_on_a_host_that_is_terminated(tmp_path: Path) -> None:
    with machine(tmp_path, terminating_heartbeat_seconds=4) as host:
        host.start_drain()
        job = host.new_job(7)  # three hours, divided by 1500
        began = time.monotonic()
        host.terminate()
        assert host.managers() == [SYSTEM_ID]
        eventually(lambda: host.hook.completed_at < NEVER, 30)
        ended = began + 7
        gaps = [b - a for a, b in itertools.pairwise([host.hook.opened_at, *host.hook.beats, host.hook.completed_at])]
        assert host.job(job)["status"] == "success"
        assert host.hook.completed_at - ended < 10
        assert len(host.hook.beats) >= 3
        assert max(gaps) < 4
        assert host.managers() == []
        assert host.unit.state == "inactive"


@pytest.mark.e2e
def test_a_job_ends_at_the_cap_of_a_host_that_is_terminated(tmp_path: Path) -> None:
    with machine(tmp_path, force_instance_deletion_seconds=5) as host:
        host.start_drain()
        job = host.new_job(600)
        host.terminate()
        eventually(lambda: host.hook.completed_at < NEVER, 30)
        assert 4 < host.hook.completed_at - host.hook.opened_at < 5 + 0.6 + 1
        assert host.job(job)["failure_reason"] == "runner_system_failure"
        assert host.reasons("runner_ended") == ["cap_reached"]


@pytest.mark.e2e
@pytest.mark.parametrize(("seconds", "status"), [(4, "success"), (60, "failed")], ids=["short job", "ten minutes"])
def test_a_spot_notice_leaves_a_job_two_minutes(tmp_path: Path, seconds: float, status: str) -> None:
    with machine(tmp_path, "spot", spot_seconds=9.5, abort_seconds=2) as host:  # divided by ten
        host.start_drain()
        job = host.new_job(seconds)
        began = time.monotonic()
        host.metadata.control("PUT", "state", {"spot_action": "terminate", "spot_in_seconds": 120})
        host.terminate()
        eventually(lambda: host.hook.completed_at < NEVER)
        assert host.hook.completed_at - began < 120 / 10
        assert host.managers() == []
        assert host.job(job)["status"] == status
        assert host.reasons("runner_ended") == ["jobs_done" if status == "success" else "lost_to_spot"]


@pytest.mark.e2e
def test_a_service_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    with machine(tmp_path) as host:
        host.start_drain()
        job = host.new_job(4)
        host.terminate()
        eventually(lambda: "terminating" in host.reasons("drain"))
        host.stop_drain()
        host.metadata.control("PUT", "faults", {"faults": [{"status": 503}]})  # nothing but the state file is left
        host.start_drain()
        eventually(lambda: host.hook.completed_at < NEVER)
        assert (host.job(job)["status"], host.managers()) == ("success", [])


@pytest.mark.e2e
def test_an_instance_of_the_local_aws_goes_when_its_job_has_ended(tmp_path: Path) -> None:
    """The real AWS CLI, the Auto Scaling emulator, and a metadata service that follows the instance's state."""
    with running_aws(tmp_path) as aws:
        aws.group("ci-runners", **GROUP)
        client = aws.client("autoscaling")
        hook = {"AutoScalingGroupName": "ci-runners", "LifecycleHookName": "ci-terminating", "HeartbeatTimeout": 30}
        client.put_lifecycle_hook(LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING", **hook)
        eventually(lambda: states(aws) == ["InService"])
        instance = aws.local("GET", "instances")["instances"][0]["instance_id"]
        with machine(tmp_path, terminating_heartbeat_seconds=30) as host:
            use_the_aws_cli(host, aws.endpoint)
            host.metadata.target_of = follow(aws.endpoint, instance)
            host.metadata.control("PUT", "state", {"instance_id": instance})
            host.start_drain()
            job = host.new_job(10)
            client.terminate_instance_in_auto_scaling_group(InstanceId=instance, ShouldDecrementDesiredCapacity=True)
            eventually(lambda: states(aws) == ["Terminating:Wait"])
            eventually(lambda: host.job(job)["status"] == "success", 30)
            ended = time.monotonic()
            eventually(lambda: states(aws) == [])
            assert time.monotonic() - ended < 10
            calls = aws.local("GET", "stats")
            assert calls["autoscaling.RecordLifecycleActionHeartbeat"] >= 2
            assert host.managers() == []


def states(aws: Stack) -> list[str]:
    return [each["lifecycle_state"] for each in aws.local("GET", "instances")["instances"]]


def use_the_aws_cli(host: Machine, endpoint: str) -> None:
    """Put the AWS CLI on PATH, with the credentials of the local AWS."""
    program(host.folder / "aws", f'#!/bin/sh\nexec {shlex.join(aws_cli())} "$@"\n')
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_ENDPOINT_URL": endpoint}
    host.environment.update(keys)


def test_the_real_world_of_the_service_works(tmp_path: Path) -> None:
    code, text = drain.run([sys.executable, "-c", "print('out'); import sys; sys.exit('err')"], 20)
    assert (code, text.split()) == (1, ["out", "err"])
    assert drain.run(["sleep", "60"], 0.1) == (drain.HUNG, "")
    assert drain.run([str(tmp_path / "none")], 1)[0] == drain.NO_ANSWER
    drain.replace(tmp_path / "state.json", "1")
    drain.replace(tmp_path / "state.json", "2")
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]
    assert drain.born(os.getpid()) == drain.born(os.getpid()) != drain.born(1)
    assert drain.born(2**30) == ""
    drain.kill(2**22 + 1, signal.SIGTERM)  # nobody has that id


def test_a_process_that_awaits_its_parent_is_gone() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    try:
        eventually(lambda: drain.born(child) == "")
    finally:
        os.waitpid(child, 0)
