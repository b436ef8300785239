"""The local AWS as people start it, and short commands for asking it as clients do."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


ROOT = Path(__file__).parents[4]
PYTHON = ROOT / ".venv-aws/bin/python"
ROLE = "arn:aws:iam::000000000000:role/function"
SERVICE_ROLE = "arn:aws:iam::000000000000:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
TRUST = {
    "Statement": [{"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}],
    "Version": "2012-10-17",
}
CODE = """
import json, os, time
import boto3
def echo(event, context):
    keys = ("AWS_ENDPOINT_URL", "AWS_PROFILE", "PYTHONPATH")
    seen = {"boto3": boto3.__version__, "pid": os.getpid(), "env": {key: os.environ.get(key) for key in keys}}
    return {"statusCode": 202, "body": json.dumps({"event": event, "seen": seen})}
def door(event, context):
    return {"statusCode": 202, "body": json.dumps(context.invoked_function_arn)}
def consume(event, context):
    for record in event["Records"]:
        print("LATENCY", time.time() - float(record["body"]))
def all_of_them(event, context):
    return {"InstanceIDs": [each["InstanceId"] for each in event["Instances"]]}
def teapot(event, context):
    return {"statusCode": 418, "body": "{}"}
def embed(event, context):
    metrics = [{"Name": "Hits", "Unit": "Count"}, {"Name": "Seconds", "Unit": "Seconds"}]
    directive = {"Namespace": "Embedded", "Dimensions": [["Fleet"]], "Metrics": metrics}
    metadata = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    print(json.dumps({"_aws": metadata, "Fleet": "f", "Hits": 2, "Seconds": [0.25, 0.5]}))
def slow(event, context):
    time.sleep(3)
    return all_of_them(event, context)
"""


@dataclass(frozen=True)
class Stack:
    """A running server."""

    process: subprocess.Popen[bytes]
    endpoint: str
    folder: Path

    def client(self, service: str, *keys: str, **options: Any) -> Any:
        key, secret, token = (*(keys or ("test", "test")), None)[:3]
        return boto3.client(
            service,  # type: ignore[call-overload]
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=Config(retries={"total_max_attempts": 1}, **options),
            endpoint_url=self.endpoint,
            region_name="us-east-1",
        )

    def local(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.endpoint}/_local/{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=5) as response:
            return json.load(response)

    def function(self, name: str, handler: str, **fields: Any) -> Any:
        made = {"Handler": f"toy.{handler}", "Role": ROLE, "Runtime": "python3.13", "Code": {"ZipFile": zipped()}}
        return self.client("lambda").create_function(FunctionName=name, **made, **fields)

    def group(self, name: str, **fields: Any) -> None:
        with contextlib.suppress(ClientError):
            data = {"InstanceType": "t3.micro", "ImageId": "ami-1"}
            self.client("ec2").create_launch_template(LaunchTemplateName="runner", LaunchTemplateData=data)
        made = {"AvailabilityZones": ["us-east-1a"], "LaunchTemplate": {"LaunchTemplateName": "runner"}}
        sizes = {"MinSize": 0, "MaxSize": 5}
        self.client("autoscaling").create_auto_scaling_group(AutoScalingGroupName=name, **made, **(sizes | fields))

    def described(self, name: str) -> Any:
        groups = self.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
        return groups["AutoScalingGroups"][0]


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("toy.py", CODE)
    return buffer.getvalue()


@contextlib.contextmanager
def running(folder: Path, *options: str) -> Iterator[Stack]:
    if not PYTHON.exists():
        pytest.fail(f"{PYTHON} is missing: make it with `make test`, or run tools/venv.py as the Makefile does")
    ready = folder / "ready"
    command = [str(PYTHON), "-m", "tools.local.aws", "--port", "0", "--ready-file", str(ready), "--boot-seconds", "0.2"]
    environment = {**os.environ, "AWS_PROFILE": "none", "PYTHONPATH": "/nowhere", "TMPDIR": str(folder)}
    process = subprocess.Popen([*command, *options], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        eventually(lambda: ready.exists() or process.poll() is not None, 20)
        yield Stack(process, json.loads(ready.read_text())["endpoint"], folder)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


@contextlib.contextmanager
def enforced(stack: Stack) -> Iterator[None]:
    """Enforce IAM for a while."""
    stack.local("PUT", "settings", {"iam": True})
    try:
        yield
    finally:
        stack.local("PUT", "settings", {"iam": False})


def eventually(holds: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


def permit_url(stack: Stack, name: str, alias: str = "") -> str:
    """Make a public function URL with both permissions, and return its address on loopback."""
    client = stack.client("lambda")
    qualified = {"FunctionName": name, **({"Qualifier": alias} if alias else {})}
    made = client.create_function_url_config(AuthType="NONE", **qualified)
    public = {**qualified, "Principal": "*"}
    client.add_permission(
        Action="lambda:InvokeFunctionUrl", FunctionUrlAuthType="NONE", StatementId=f"url{alias}", **public
    )
    client.add_permission(
        Action="lambda:InvokeFunction", InvokedViaFunctionUrl=True, StatementId=f"via-url{alias}", **public
    )
    return f"{stack.endpoint}/_url/{made['FunctionUrl'].removeprefix('https://').partition('.')[0]}"


def post(url: str, body: bytes = b"", **headers: str) -> tuple[int, Any]:
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def put_alarm(stack: Stack, name: str, **fields: Any) -> None:
    rule = {"ComparisonOperator": "GreaterThanOrEqualToThreshold", "EvaluationPeriods": 1, "Period": 10}
    metric = {"MetricName": "Shortfall", "Namespace": name, "Statistic": "Maximum", "Threshold": 1.0}
    named = {"AlarmName": name, "Dimensions": [{"Name": "Fleet", "Value": "a"}], "TreatMissingData": "notBreaching"}
    stack.client("cloudwatch").put_metric_alarm(**(rule | metric | named | fields))


def put_metric(stack: Stack, namespace: str, fleet: str, value: float) -> None:
    """Put a datapoint into the period that has just ended."""
    moment = dt.datetime.fromtimestamp(time.time() // 10 * 10 - 5, tz=dt.UTC)
    dimensions = [{"Name": "Fleet", "Value": fleet}]
    datum = {"Dimensions": dimensions, "MetricName": "Shortfall", "Timestamp": moment, "Value": value}
    stack.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=[{**datum, "StorageResolution": 1}])


def sum_of(stack: Stack, namespace: str, name: str, **dimensions: str) -> float:
    """Return the sum of a metric of the last hours."""
    now = dt.datetime.fromtimestamp(time.time(), tz=dt.UTC)
    points = stack.client("cloudwatch").get_metric_statistics(
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        EndTime=now + dt.timedelta(hours=1),
        MetricName=name,
        Namespace=namespace,
        Period=60,
        StartTime=now - dt.timedelta(hours=1),
        Statistics=["Sum"],
    )["Datapoints"]
    return float(sum(point["Sum"] for point in points))


def policy_function(stack: Stack, name: str, handler: str) -> str:
    client = stack.client("lambda")
    stack.function(name, handler, Publish=True, Timeout=10)
    arn = client.create_alias(FunctionName=name, FunctionVersion="1", Name="live")["AliasArn"]
    client.add_permission(
        Action="lambda:InvokeFunction", FunctionName=name, Principal=SERVICE_ROLE, Qualifier="live", StatementId="asg"
    )
    return str(arn)


def user(stack: Stack, name: str, *statements: dict[str, Any]) -> tuple[str, str]:
    """Make an IAM user with a policy and return its key."""
    iam = stack.client("iam")
    iam.create_user(UserName=name)
    document = json.dumps({"Statement": statements, "Version": "2012-10-17"})
    iam.put_user_policy(PolicyDocument=document, PolicyName="p", UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


def denied(call: Callable[..., object], **parameters: Any) -> bool:
    try:
        call(**parameters)
    except ClientError as error:
        return "AccessDenied" in error.response["Error"]["Code"]
    return False


def children(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], check=False, capture_output=True, text=True)
    return [int(line) for line in found.stdout.split()]
