"""The credential vendor of a running stack, as runner hosts, jobs and whoever looks after it see it."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.config import Config

from tools.demo.containers import Answer
from tools.local import control
from tools.local.client import client

if TYPE_CHECKING:
    from collections.abc import Mapping

OPERATIONS = ("download", "upload")


@dataclass(frozen=True)
class Vendor:
    """The credential vendor of a running stack, as its clients and the demo see it."""

    addresses: Mapping[str, Any]

    def aws(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
        """Return a client of the local AWS."""
        config = Config(max_pool_connections=32, read_timeout=60, retries={"total_max_attempts": 1})
        return client(service, self.addresses, config)

    def environment(self) -> dict[str, str]:
        """Return the function's environment, as Terraform has set it."""
        answer = self.aws("lambda").get_function_configuration(FunctionName=self.addresses["credentials_function"])
        variables: dict[str, str] = answer["Environment"]["Variables"]
        return variables

    def runner_grant(self) -> str:
        """Return the name of the grant for the runner hosts' cache."""
        variables = self.environment()
        document = self.aws("s3").get_object(Bucket=variables["GRANTS_BUCKET"], Key=variables["GRANTS_KEY"])
        grants = json.load(document["Body"])["grants"]
        return str(next(name for name, grant in grants.items() if grant.get("kind") == "s3_cache"))

    def new_object(self) -> str:
        """Return a key in the fleet's cache that nobody has asked for yet."""
        return f"{self.environment()['CACHE_PREFIX'].strip('/')}/project/42/{time.time_ns()}/cache.zip"

    def host_events(self) -> list[dict[str, Any]]:
        """Return what a job's runner host asks: a download and an upload of one new object."""
        name, key = self.runner_grant(), self.new_object()
        parameters = [{"object": key, "operation": operation} for operation in OPERATIONS]
        return [{"version": 1, "grant": name, "parameters": each} for each in parameters]

    def invoke(self, client: Any, event: Mapping[str, Any]) -> Answer:  # noqa: ANN401 - a boto3 client
        """Ask at door 2, as a runner host does."""
        started = time.perf_counter()
        answer = client.invoke(
            FunctionName=self.addresses["credentials_function"], Payload=json.dumps(event), Qualifier="hosts"
        )
        document = json.loads(answer["Payload"].read())
        key = str(document.get("AccessKeyId", ""))
        return Answer(bool(key), key, time.perf_counter() - started, "" if key else str(document))

    def id_token(self, **claims: object) -> str:
        """Return an id_token that the sample grant is for, with some claims of its own."""
        wanted = {"aud": self.environment()["AUDIENCE"], **self.addresses["sample_claims"], **claims}
        answer = control.request("POST", self.addresses["id_token_url"], wanted)
        return str(answer["id_token"])

    def request(self, token: str, grant: str | None = None) -> tuple[int, dict[str, Any]]:
        """Ask at door 1, as a job does; return the status and the document."""
        base = str(self.addresses["credentials_url"]).rstrip("/")
        address = f"{base}/v1/credentials/{grant or self.addresses['sample_grant']}"
        asked = urllib.request.Request(address, headers={"Authorization": token})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(asked, timeout=30) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read() or b"{}")

    def get(self, token: str) -> Answer:
        """Ask at door 1 and return how it was answered."""
        started = time.perf_counter()
        status, document = self.request(token)
        key = str(document.get("AccessKeyId", ""))
        return Answer(bool(key), key, time.perf_counter() - started, "" if key else f"{status}: {document}")

    def containers(self, count: int) -> None:
        """Let the next calls start new containers, at most so many."""
        control.request("PUT", f"{self.addresses['aws_endpoint']}/_local/settings", {"lambda_workers": count})
        name = self.addresses["credentials_function"]
        control.request("DELETE", f"{self.addresses['aws_endpoint']}/_local/workers?function={name}")

    def sts_calls(self) -> int:
        """Return how many sessions STS was asked for."""
        calls = control.request("GET", f"{self.addresses['aws_endpoint']}/_local/stats")
        return sum(count for name, count in calls.items() if name.startswith("sts.AssumeRole"))

    def log_lines(self, since: float) -> list[str]:
        """Return what the function has logged since a time, in epoch seconds."""
        pages = (
            self.aws("logs")
            .get_paginator("filter_log_events")
            .paginate(logGroupName=f"/aws/lambda/{self.addresses['credentials_function']}", startTime=int(since * 1000))
        )
        return [str(event["message"]) for page in pages for event in page["events"]]
