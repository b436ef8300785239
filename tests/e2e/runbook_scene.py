"""A fleet in which there is something to see for every command of the runbooks."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import gitlab

from tests.e2e.support import eventually
from tools.local.aws.log_patterns import TERM

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.e2e.support import Live

LOG_QUERY = re.compile(r'--log-group-name "([^"]+)"(?: --filter-pattern (\'[^\']*\'|\S+))?')
# What a function's name in a query stands for.
FUNCTIONS = ("scaler", "schedule")
METRICS = (
    ("AWS/Lambda", "ConcurrentExecutions"),
    ("GitLabRunnerFleet", "CapacityBeyondMaximum"),
    ("GitLabRunnerFleet", "GitLabErrors"),
    ("GitLabRunnerFleet", "GitLabRequests"),
)
STREAM = "runbooks"
SECRET_PARAMETER = "/runbooks/webhook-secret"


class Scene:
    """The stack, with what an operator would have been called for.

    Args:
        live: the stack.
        instance: waits for its last job, and would wait for ever.
        project: has that job.
    """

    def __init__(self, live: Live) -> None:
        self.live = live
        self.fleet = str(live.addresses["fleet"])
        self.project = live.new_project()
        self.instance = ""
        self.max_size = int(live.describe()["MaxSize"])

    def make(self, scripts: Iterable[str]) -> None:
        """Let all of it be there before the first command."""
        self.instance = self.draining()
        for group, line in lines(self.fleet, scripts):
            self.write(group, line)
        self.publish()
        self.leave_a_dead_letter()
        self.install_a_hook()
        parameter = {"Name": SECRET_PARAMETER, "Type": "SecureString", "Value": "0123456789abcdef" * 4}
        self.live.aws("ssm").put_parameter(**parameter, Overwrite=True)

    def draining(self) -> str:
        """Return an instance that is to go, with a job on it that does not end."""
        scaling = self.live.aws("autoscaling")
        job = {"duration_seconds": None, "project_id": self.project, "tag_list": self.live.addresses["runner_tags"]}
        [made] = self.live.gitlab("POST", "jobs", job)["jobs"]
        eventually(lambda: bool(self.live.jobs([made["id"]])[0]["system_id"]), "a job that runs")
        digits = self.live.jobs([made["id"]])[0]["system_id"].removeprefix("r_")
        ids = [str(each["InstanceId"]) for each in self.live.describe()["Instances"]]
        [instance] = [each for each in ids if each.endswith(digits)]
        scaling.terminate_instance_in_auto_scaling_group(InstanceId=instance, ShouldDecrementDesiredCapacity=True)
        eventually(lambda: self.states().get(instance) == "Terminating:Wait", "an instance that drains")
        return instance

    def states(self) -> dict[str, str]:
        """Return the states of the group's instances."""
        return {each["InstanceId"]: each["LifecycleState"] for each in self.live.describe()["Instances"]}

    def write(self, group: str, line: str) -> None:
        """Let a line be in a log."""
        logs = self.live.aws("logs")
        streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=STREAM)["logStreams"]
        if not streams:
            logs.create_log_stream(logGroupName=group, logStreamName=STREAM)
        event = {"message": line, "timestamp": int(time.time() * 1000)}
        logs.put_log_events(logEvents=[event], logGroupName=group, logStreamName=STREAM)

    def publish(self) -> None:
        """Let each metric have a value."""
        for namespace, name in METRICS:
            own = namespace != "AWS/Lambda"
            datum = {
                "MetricName": name,
                "Value": 1,
                "Dimensions": [{"Name": "Fleet", "Value": self.fleet}] if own else [],
            }
            self.live.aws("cloudwatch").put_metric_data(MetricData=[datum], Namespace=namespace)

    def leave_a_dead_letter(self) -> None:
        """Let a message be in the dead-letter queue."""
        address = self.live.addresses["dead_letter_queue_url"]
        message = {"MessageBody": '{"kind":"tick"}', "MessageDeduplicationId": STREAM, "MessageGroupId": "fleet"}
        self.live.aws("sqs").send_message(QueueUrl=address, **message)

    def install_a_hook(self) -> None:
        """Let the project have a webhook of its own."""
        api = gitlab.Gitlab(self.live.addresses["gitlab_url"], self.live.gitlab("GET", "info")["admin_token"])
        hook = {
            "job_events": True,
            "token": self.live.addresses["webhook_secret"],
            "url": self.live.addresses["webhook_url"],
        }
        api.projects.get(self.project, lazy=True).hooks.create(hook)

    def give_up_the_key(self) -> None:
        """Let the shared cache's key be pending deletion."""
        function = self.live.aws("lambda").get_function_configuration(FunctionName=f"{self.fleet}-credentials")
        key = function["Environment"]["Variables"]["KMS_KEY_ID"]
        self.live.aws("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=7)

    def clear(self) -> None:
        """Leave the group as it was, with no instance in it, and nothing else behind."""
        self.live.aws("ssm").delete_parameters(Names=[SECRET_PARAMETER])
        scaling = self.live.aws("autoscaling")
        scaling.resume_processes(AutoScalingGroupName=self.live.group)
        scaling.update_auto_scaling_group(AutoScalingGroupName=self.live.group, MaxSize=self.max_size)
        for instance, state in self.states().items():
            if state == "InService":
                scaling.terminate_instance_in_auto_scaling_group(
                    InstanceId=instance, ShouldDecrementDesiredCapacity=True
                )


def lines(fleet: str, scripts: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield for each query of a log its group and a line that it looks for (tests/docs: such lines are written)."""
    found = {query for script in scripts for query in LOG_QUERY.findall(script)}
    for group, pattern in sorted(found):
        term = TERM.findall(pattern.strip("'") or STREAM)[-1][1].strip('"')
        for function in FUNCTIONS:
            name = re.sub(r"\$FUNCTION|\$function", function, group.replace("$FLEET", fleet))
            yield name, f"for a test: {term}"
