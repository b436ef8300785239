"""The server as a whole, with MiniStack in it: started as people start it, asked as clients ask."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.tools.local.aws.stack import (
    PYTHON,
    ROOT,
    Stack,
    children,
    eventually,
    permit_url,
    policy_function,
    post,
    put_alarm,
    put_metric,
    running,
)

pytestmark = pytest.mark.e2e


def test_a_python_313_function_runs_with_boto3_and_a_clean_environment(stack: Stack) -> None:
    stack.function("echo", "echo")
    url = permit_url(stack, "echo")
    status, answer = post(f"{url}/hook/a?x=1&x=2", b"\x00\xff", **{"X-Gitlab-Token": "t", "Content-Type": "a/b"})
    event, seen = answer["event"], answer["seen"]
    assert (
        status,
        event["rawPath"],
        event["rawQueryString"],
        event["headers"]["x-gitlab-token"],
        event["isBase64Encoded"],
    ) == (202, "/hook/a", "x=1&x=2", "t", True)
    assert {"AWS_ENDPOINT_URL": stack.endpoint, "AWS_PROFILE": None, "PYTHONPATH": None} == seen["env"]
    assert seen["boto3"]


def test_a_functions_workers_can_be_ended_and_start_anew(stack: Stack) -> None:
    stack.function("mortal", "echo")
    url = permit_url(stack, "mortal")
    before = post(url)[1]["seen"]["pid"]
    assert before == post(url)[1]["seen"]["pid"]
    stack.local("DELETE", "workers?function=mortal")
    assert before != post(url)[1]["seen"]["pid"]


def test_a_message_on_a_fifo_queue_starts_its_function_at_once(stack: Stack) -> None:
    queue = stack.client("sqs").create_queue(QueueName="events.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    stack.function("consumer", "consume")
    arn = "arn:aws:sqs:us-east-1:000000000000:events.fifo"
    stack.client("lambda").create_event_source_mapping(EventSourceArn=arn, FunctionName="consumer", BatchSize=10)

    def latencies() -> list[float]:
        try:
            found = stack.client("logs").filter_log_events(logGroupName="/aws/lambda/consumer", filterPattern="LATENCY")
        except ClientError:
            return []
        return [float(event["message"].split()[1]) for event in found["events"]]

    for number in range(4):
        fields = {"MessageDeduplicationId": str(number), "MessageGroupId": "g"}
        stack.client("sqs").send_message(QueueUrl=queue, MessageBody=repr(time.time()), **fields)
        eventually(lambda count=number: len(latencies()) > count)  # type: ignore[misc]
    assert max(latencies()[1:]) < 0.5


def test_an_alarm_scales_the_group_through_its_policy(stack: Stack) -> None:
    stack.group("alarmed")
    steps = [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 2}]
    arn = stack.client("autoscaling").put_scaling_policy(
        AdjustmentType="ChangeInCapacity",
        AutoScalingGroupName="alarmed",
        PolicyName="out",
        PolicyType="StepScaling",
        StepAdjustments=steps,
    )["PolicyARN"]
    put_alarm(stack, "scaling", AlarmActions=[arn])
    put_metric(stack, "scaling", "a", 4.0)
    eventually(lambda: stack.described("alarmed")["DesiredCapacity"] == 2, 3)


def test_the_custom_termination_policy_is_asked_and_obeyed(stack: Stack) -> None:
    arn = policy_function(stack, "choose", "all_of_them")
    stack.group("chosen", DesiredCapacity=2, TerminationPolicies=[arn])
    eventually(lambda: [each["LifecycleState"] for each in stack.described("chosen")["Instances"]] == ["InService"] * 2)
    stack.client("autoscaling").set_desired_capacity(AutoScalingGroupName="chosen", DesiredCapacity=0)
    eventually(lambda: stack.described("chosen")["Instances"] == [])


def test_a_termination_policy_that_takes_over_two_seconds_removes_nobody(stack: Stack) -> None:
    arn = policy_function(stack, "dawdle", "slow")
    stack.group("kept", DesiredCapacity=1, TerminationPolicies=[arn])
    eventually(lambda: [each["LifecycleState"] for each in stack.described("kept")["Instances"]] == ["InService"])
    stack.client("autoscaling").set_desired_capacity(AutoScalingGroupName="kept", DesiredCapacity=0)

    def newest() -> Any:
        activities = stack.client("autoscaling").describe_scaling_activities(AutoScalingGroupName="kept")
        return activities["Activities"][0]

    eventually(lambda: newest()["StatusCode"] == "Failed")
    assert "did not answer within 2 seconds" in newest()["StatusMessage"]
    assert len(stack.described("kept")["Instances"]) == 1


def test_a_signal_ends_the_server_its_workers_and_its_files(tmp_path: Path) -> None:
    with running(tmp_path) as stack:
        stack.function("echo", "echo")
        stack.client("lambda").invoke(FunctionName="echo", Payload=b"{}")
        workers = children(stack.process.pid)
        started = time.monotonic()
        stack.process.send_signal(signal.SIGTERM)
        assert stack.process.wait(10) == 0
    assert workers
    assert time.monotonic() - started < 5
    assert [pid for pid in workers if Path(f"/proc/{pid}").exists()] == []
    assert [path.name for path in tmp_path.iterdir()] == []


def test_the_server_ends_when_its_parent_is_gone(tmp_path: Path) -> None:
    waiting = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with (
        subprocess.Popen(waiting, stdin=subprocess.PIPE) as parent,
        running(tmp_path, "--parent-pid", str(parent.pid)) as stack,
    ):
        parent.communicate()
        assert stack.process.wait(10) == 0


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [str(PYTHON), "-m", "tools.local.aws", "--port", port]
        ended = subprocess.run(command, check=False, capture_output=True, cwd=ROOT, text=True)
    assert ended.returncode == 1
    assert f"port {port}" in ended.stderr


def test_a_termination_policy_that_auto_scaling_may_not_call_removes_nobody(stack: Stack) -> None:
    made = stack.function("private", "all_of_them", Publish=True)
    stack.group("shut", DesiredCapacity=1, TerminationPolicies=[f"{made['FunctionArn']}:1".replace(":1:1", ":1")])
    eventually(lambda: [each["LifecycleState"] for each in stack.described("shut")["Instances"]] == ["InService"])
    client = stack.client("autoscaling")
    client.set_desired_capacity(AutoScalingGroupName="shut", DesiredCapacity=0)

    def newest() -> Any:
        return client.describe_scaling_activities(AutoScalingGroupName="shut")["Activities"][0]

    eventually(lambda: newest()["StatusCode"] == "Failed")
    assert "does not allow" in newest()["StatusMessage"]
    assert len(stack.described("shut")["Instances"]) == 1
