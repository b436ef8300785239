"""What the demo asks the stack: jobs of the GitLab stand-in, instances of the local AWS."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tools.demo.watch import Instances, Jobs
from tools.local import control
from tools.local.client import client
from tools.local.stack import Options
from tools.report.panels import NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

POLL_SECONDS = 0.05
WAKE_SECONDS = 120
SWEEP_POLL_SECONDS = 0.2
FINISHED = frozenset({"success", "failed", "canceled"})


class Fleet:
    """A running stack, by its addresses."""

    def __init__(self, addresses: dict[str, Any], aws: Callable[[str], Any] | None = None) -> None:
        """Know a stack.

        Args:
            addresses: what its outputs.json holds.
            aws: returns a client of an AWS service; None = of the stack's own.
        """
        self._aws = aws or (lambda service: client(service, addresses))
        self.slots = Options.slots
        self._group = str(addresses["autoscaling_group_name"])
        self._gitlab = f"{addresses['gitlab_url']}/_control"
        self._tags = list(addresses["runner_tags"])
        self._webhook = str(addresses["webhook_url"])
        self._autoscaling = self._aws("autoscaling")
        self._schedule = str(addresses["schedule_function"])
        self._name = str(addresses["fleet"])

    def wake(self) -> int:
        """Send a request without a signature to the webhook's address, and return the status of the answer.

        GitLab gives up after ten seconds, and leaves a webhook out that has failed four times: on a busy machine the
        function's first start may take as long.
        """
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(self._webhook, b"{}", timeout=WAKE_SECONDS) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def sweep(self, seconds: float) -> None:
        """Ask the fleet to read the list of projects, as its schedule does, and wait until CloudWatch has the figures.

        Until the list is read for the first time, no observation is complete, and no figure of jobs is published.

        Raises:
            RuntimeError: the schedule function failed.
            TimeoutError: no figure came in time.
        """
        now = datetime.now(UTC)
        order = {"kind": "sweep", "scheduled_at": now.strftime("%Y-%m-%dT%H:%M:%SZ")}
        answer = self._aws("lambda").invoke(FunctionName=self._schedule, Payload=json.dumps(order))
        if answer.get("FunctionError"):
            raise RuntimeError(f"the schedule function failed: {answer['Payload'].read().decode()[:300]}")
        deadline = time.monotonic() + seconds
        while not self.has_published("PendingJobs", now):
            if time.monotonic() > deadline:
                raise TimeoutError(f"CloudWatch has no PendingJobs {seconds:.0f} s after the sweep: see aws.log")
            time.sleep(SWEEP_POLL_SECONDS)

    def has_published(self, metric: str, since: datetime) -> bool:
        """Tell whether CloudWatch has a value of the fleet's metric since a time."""
        answer = self._aws("cloudwatch").get_metric_statistics(
            Dimensions=[{"Name": "Fleet", "Value": self._name}],
            EndTime=since + timedelta(hours=1),
            MetricName=metric,
            Namespace=NAMESPACE,
            Period=60,
            StartTime=since - timedelta(minutes=1),
            Statistics=["SampleCount"],
        )
        return bool(answer["Datapoints"])

    def instances(self) -> Instances:
        """Count the group's instances by state."""
        groups = self._autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[self._group])
        group = groups["AutoScalingGroups"][0]
        states = [instance["LifecycleState"] for instance in group["Instances"]]
        return Instances(
            desired=group["DesiredCapacity"],
            booting=sum(state.startswith("Pending") for state in states),
            in_service=states.count("InService"),
            terminating=sum(state.startswith("Terminating") for state in states),
        )

    def jobs(self) -> Jobs:
        """Count the jobs by state."""
        states = [job["status"] for job in self.job_records()]
        finished = sum(state in FINISHED for state in states)
        return Jobs(states.count("pending"), states.count("running"), finished)

    def new_project(self) -> int:
        """Make a project and return its id."""
        return int(control.request("POST", f"{self._gitlab}/projects", {"count": 1})["projects"][0]["id"])

    def add_jobs(self, projects: list[int], each: int, seconds: float | None) -> list[int]:
        """Let jobs wait in each project at once, and return their ids.

        Args:
            projects: the projects.
            each: how many in each.
            seconds: how long each runs; None = until `finish` ends it.
        """
        return self._ordered([(project, each, seconds) for project in projects])

    def add_burst(self, projects: list[int], each: int, seconds: float, held: int) -> tuple[list[int], list[int]]:
        """Let jobs wait in each project at once; some go on until `finish` ends them.

        Instances take jobs in their order: those that go on are far apart in it, so that each is on another instance.

        Returns:
            The ids of all jobs, and of those that go on.
        """
        step = len(projects) // held
        places = range(0, held * step, step)
        orders: list[tuple[int, int, float | None]] = []
        for place, project in enumerate(projects):
            orders += (
                [(project, 1, None), (project, each - 1, seconds)] if place in places else [(project, each, seconds)]
            )
        jobs = self._ordered(orders)
        return jobs, [jobs[place * each] for place in places]

    def _ordered(self, orders: Iterable[tuple[int, int, float | None]]) -> list[int]:
        """Let jobs wait, by project, number and seconds (None = until somebody ends them), and return their ids."""
        jobs = [
            {"count": count, "duration_seconds": seconds, "project_id": project, "tag_list": self._tags}
            for project, count, seconds in orders
        ]
        return [int(job["id"]) for job in control.request("POST", f"{self._gitlab}/jobs", jobs)["jobs"]]

    def finish(self, jobs: list[int]) -> None:
        """End jobs that run until somebody ends them."""
        for job in jobs:
            control.request("POST", f"{self._gitlab}/jobs/{job}/finish", {"status": "success"})

    def hosts_of(self, jobs: list[int]) -> set[str]:
        """Return the system ids of the instances that run these jobs."""
        return {str(record["system_id"]) for record in self.job_records(jobs) if record["status"] == "running"}

    def hosts(self) -> set[str]:
        """Return the system ids of the group's instances: the ends of their own ids."""
        groups = self._autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[self._group])
        return {f"r_{instance['InstanceId'][-12:]}" for instance in groups["AutoScalingGroups"][0]["Instances"]}

    def jobs_killed(self) -> int:
        """Return how many jobs lost their instance."""
        return int(control.request("GET", f"{self._gitlab}/hosts")["jobs_killed"])

    def job_records(self, jobs: list[int] | None = None) -> list[dict[str, Any]]:
        """Return all jobs, or these, with the times of their states."""
        chosen = None if jobs is None else set(jobs)
        records = control.request("GET", f"{self._gitlab}/jobs")["jobs"]
        return [record for record in records if chosen is None or record["id"] in chosen]

    def deliveries(self) -> list[dict[str, Any]]:
        """Return every webhook that was sent."""
        hooks = control.request("GET", f"{self._gitlab}/webhooks")["webhooks"]
        return [delivery for hook in hooks for delivery in hook["deliveries"]]

    def of_jobs(self, jobs: list[int]) -> list[dict[str, Any]]:
        """Return the webhooks that said these jobs wait."""
        chosen = set(jobs)
        return [
            delivery
            for delivery in self.deliveries()
            if delivery["job_id"] in chosen and delivery["job_status"] == "pending"
        ]

    def first_sent(self, jobs: list[int]) -> float:
        """Return when the first webhook of these jobs was sent.

        Raises:
            LookupError: GitLab sent none, because it has disabled a webhook that failed too often.
        """
        deliveries = self.of_jobs(jobs)
        sent = [float(delivery["sent_at"]) for delivery in deliveries if delivery["sent_at"]]
        if not sent:
            failures = sorted({f"{each['status']} {each['error']}" for each in self.deliveries() if each["error"]})
            raise LookupError(f"no webhook was sent for {len(jobs)} jobs; failures so far: {'; '.join(failures)}")
        return min(sent)

    def wait_for_deliveries(self, jobs: list[int], seconds: float) -> None:
        """Wait until a webhook for each of these jobs was answered."""
        deadline = time.monotonic() + seconds
        while len(self.of_jobs(jobs)) < len(jobs):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(self.of_jobs(jobs))} of {len(jobs)} webhooks were answered in {seconds} s")
            time.sleep(POLL_SECONDS)

    def wait_for_desired(self, desired: int, seconds: float) -> float:
        """Wait until the desired capacity is at least this and return when that was, in epoch seconds."""
        deadline = time.monotonic() + seconds
        while (seen := self.instances().desired) < desired:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the desired capacity is {seen} after {seconds:.0f} s, {desired} is needed")
            time.sleep(POLL_SECONDS)
        return time.time()

    def wait_for_room(self, seconds: float) -> float:
        """Wait until the desired capacity has room for every unfinished job and return when that was."""
        deadline = time.monotonic() + seconds
        while True:
            jobs, desired = self.jobs(), self.instances().desired
            if jobs.pending + jobs.running <= desired * self.slots:
                return time.time()
            if time.monotonic() > deadline:
                waiting = f"{jobs.pending} pending and {jobs.running} running jobs"
                raise TimeoutError(f"the desired capacity is {desired} after {seconds:.0f} s, for {waiting}")
            time.sleep(POLL_SECONDS)

    def project_reads(self) -> dict[int, int]:
        """Return how often the jobs of each project were read."""
        reads = control.request("GET", f"{self._gitlab}/stats")["project_reads"]
        return {int(project): int(count) for project, count in reads.items()}

    def requests(self) -> int:
        """Return how many requests the stand-in's API has answered."""
        return int(control.request("GET", f"{self._gitlab}/stats")["requests"])

    def stop_hosts(self) -> None:
        """End the simulated hosts."""
        control.request("DELETE", f"{self._gitlab}/hosts")
