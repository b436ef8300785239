"""The fleet from end to end, in the order in which a user would see it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.support import eventually, job_hook

if TYPE_CHECKING:
    from tests.e2e.support import Live

pytestmark = pytest.mark.e2e

CONTRACT = [
    "aws_endpoint",
    "region",
    "fleet",
    "autoscaling_group_name",
    "webhook_url",
    "webhook_secret",
    "webhook_signing_token",
    "gitlab_url",
    "gitlab_token",
    "runner_id",
    "runner_tags",
    "run_untagged",
    "queue_url",
    "scaler_function",
    "metric_namespace",
]


def test_every_address_that_a_client_needs_is_an_output(live: Live) -> None:
    assert [name for name in CONTRACT if name not in live.addresses] == []


def test_a_second_plan_after_an_apply_has_no_changes(live: Live) -> None:
    assert live.stack.applied is not None
    assert live.stack.applied.changes() == []


def forged(live: Live, body: bytes) -> list[tuple[str, bytes, dict[str, str], str, int]]:
    good = live.signed(body)
    signature = good["webhook-signature"]
    unsigned = {name: value for name, value in good.items() if not name.startswith("webhook-")}
    return [
        ("unsigned", body, unsigned, "POST", 401),
        ("wrong signature", body, {**good, "webhook-signature": signature[:-3] + "AA="}, "POST", 401),
        ("another body", body + b" ", good, "POST", 401),
        ("another id", body, {**good, "webhook-id": "other"}, "POST", 401),
        ("stale", body, live.signed(body, at=time.time() - 301), "POST", 401),
        ("from the future", body, live.signed(body, at=time.time() + 330), "POST", 401),
        ("timestamp that is no number", body, {**good, "webhook-timestamp": "soon"}, "POST", 401),
        ("not JSON", b"{", live.signed(b"{"), "POST", 400),
        ("no project", b'{"object_kind": "build"}', live.signed(b'{"object_kind": "build"}'), "POST", 400),
        ("not a POST", body, good, "PUT", 405),
        ("too large", b" " * (1024 * 1024 + 1), good, "POST", 413),
    ]


def test_forged_stale_and_malformed_webhooks_reach_nothing(live: Live) -> None:
    body = job_hook(live.new_project())
    queued, asked = live.aws_calls("sqs.SendMessage"), live.gitlab_requests()
    for name, content, headers, method, status in forged(live, body):
        assert (status, b"") == live.post(content, headers, method), name
    assert (queued, asked) == (live.aws_calls("sqs.SendMessage"), live.gitlab_requests())


def test_a_genuine_event_that_does_not_matter_is_answered_and_goes_nowhere(live: Live) -> None:
    body = job_hook(live.new_project(), status="created")
    queued = live.aws_calls("sqs.SendMessage")
    assert live.post(body, live.signed(body)) == (204, b"")
    assert queued == live.aws_calls("sqs.SendMessage")


def test_a_replayed_webhook_reads_its_project_once(live: Live) -> None:
    project = live.new_project()
    body = job_hook(project)
    headers = live.signed(body)
    assert [live.post(body, headers) for _ in range(3)] == [(202, b"")] * 3
    eventually(lambda: reads(live, project) >= 1, "the project is read")
    time.sleep(2)
    assert reads(live, project) == 1


def reads(live: Live, project: int) -> int:
    return int(live.gitlab("GET", "stats")["project_reads"].get(str(project), 0))


def test_the_group_grows_for_jobs_runs_them_and_shrinks_when_idle(live: Live) -> None:
    jobs = live.add_jobs(live.new_project(), 10, 1)
    eventually(lambda: live.describe()["DesiredCapacity"] == 3, "three instances of four slots for ten jobs")
    eventually(lambda: {job["status"] for job in live.jobs(jobs)} == {"success"}, "all jobs finished")
    drain(live)
    assert live.gitlab("GET", "hosts")["jobs_killed"] == 0


def drain(live: Live) -> None:
    """Let the schedule come round until no instance is left."""

    def gone() -> bool:
        live.tick()
        time.sleep(1)
        group = live.describe()
        return group["DesiredCapacity"] == 0 and not group["Instances"]

    eventually(gone, "idle instances left", 90)


def test_a_busy_instance_stays_while_an_idle_one_goes(live: Live) -> None:
    project = live.new_project()
    long = live.add_jobs(project, 1, 25)
    eventually(lambda: live.jobs(long)[0]["status"] == "running", "the long job runs")
    busy = live.describe()["Instances"][0]["InstanceId"]
    short = live.add_jobs(project, 7, 1)
    eventually(lambda: {job["status"] for job in live.jobs(short)} == {"success"}, "the short jobs finished")

    def only_the_busy_one() -> bool:
        live.tick()
        time.sleep(1)
        return [busy] == [instance["InstanceId"] for instance in live.describe()["Instances"]]

    eventually(only_the_busy_one, "the idle instance left")
    assert live.jobs(long)[0]["status"] == "running"
    eventually(lambda: live.jobs(long)[0]["status"] == "success", "the long job finished")
    drain(live)


def test_an_idle_instance_leaves_at_its_time_between_two_ticks(live: Live) -> None:
    # A tick that comes with the hook, or after the instance's three seconds, has nothing to wait for: once more, then.
    assert any(leaves_when_due(live) for _ in range(4))


def leaves_when_due(live: Live) -> bool:
    """Let an instance become idle, send one tick, and return whether it left by another that the scaler asked for."""
    jobs = live.add_jobs(live.new_project(), 1, 1)
    eventually(lambda: live.jobs(jobs)[0]["status"] == "success", "the job finished")
    time.sleep(1)
    invoked = live.aws_calls("lambda.Invoke")
    live.tick()
    deadline = time.monotonic() + 15
    while live.describe()["DesiredCapacity"] and time.monotonic() < deadline:
        time.sleep(0.2)
    left = live.describe()["DesiredCapacity"] == 0 and live.aws_calls("lambda.Invoke") >= invoked + 2
    drain(live)
    return left


# Every fault, for five minutes each, in simulated time: tests/lambda_src/scaler/test_scaler_faults.py.
FAULTS = ("5xx", "html", "unauthorized")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_gitlab_that_cannot_be_read_never_shrinks_the_group(live: Live, fault: str) -> None:
    live.aws("autoscaling").set_desired_capacity(AutoScalingGroupName=live.group, DesiredCapacity=2)
    eventually(lambda: states(live) == ["InService"] * 2, "two instances in service")
    started = time.time()
    try:
        live.gitlab("PUT", "faults", {"name": fault})
        for _ in range(4):
            live.tick()
            time.sleep(1.5)
        assert states(live) == ["InService"] * 2
        assert points(live, "PendingJobs", started) == []
    finally:
        live.gitlab("DELETE", "faults")
    drain(live)


def states(live: Live) -> list[str]:
    return sorted(instance["LifecycleState"] for instance in live.describe()["Instances"])


def points(live: Live, metric: str, since: float) -> list[Any]:
    """Return what was published of a metric since a time."""
    answer = live.aws("cloudwatch").get_metric_statistics(
        Dimensions=[{"Name": "Fleet", "Value": live.addresses["fleet"]}],
        EndTime=time.time() + 60,
        MetricName=metric,
        Namespace=live.addresses["metric_namespace"],
        Period=1,
        StartTime=since,
        Statistics=["Maximum"],
    )
    return [point for point in answer["Datapoints"] if point["Timestamp"].timestamp() > since]


def test_metrics_are_published_for_the_fleet(live: Live) -> None:
    started = time.time() - 1
    live.add_jobs(live.new_project(), 1, 1)
    eventually(lambda: bool(points(live, "PendingJobs", started)), "PendingJobs is published")
    drain(live)
