"""A fleet in an account: its names, and clients of AWS."""

from __future__ import annotations

import functools
import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tools.smoke.model import NotTriedError, SmokeError

if TYPE_CHECKING:
    from collections.abc import Callable

NAMESPACE = "GitLabRunnerFleet"
REQUIRED = ("scaler", "schedule", "termination")
FUNCTIONS = (*REQUIRED, "webhook", "credentials")
URL_SECONDS = 15
REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]+")


@dataclass(frozen=True)
class Fleet:
    """A fleet, and how to look at it.

    Args:
        name: The module's input `name`.
        client: Makes a client of a service.
        endpoint: The local AWS's address; "" = AWS.
        clock: Epoch seconds.
        sleep: Waits that many seconds.
    """

    name: str
    client: Callable[[str], Any]
    endpoint: str = ""
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep

    @property
    def is_local(self) -> bool:
        """Whether this is the local AWS, which cannot answer everything."""
        return self.endpoint != ""

    def function(self, part: str) -> str:
        """Return the name of one of the fleet's functions."""
        return f"{self.name}-{part}"

    def settings(self, part: str) -> Any:  # noqa: ANN401 - boto3's
        """Return a function's configuration.

        Raises:
            NotTriedError: this fleet was made without it.
        """
        lambdas = self.client("lambda")
        try:
            return lambdas.get_function_configuration(FunctionName=self.function(part))
        except lambdas.exceptions.ResourceNotFoundException:
            if part in REQUIRED:
                raise
            raise NotTriedError(f"this fleet has no function {self.function(part)}") from None

    def parts(self) -> list[str]:
        """Return which functions there are; the required ones must be."""
        found = list(REQUIRED)
        for part in FUNCTIONS[len(REQUIRED) :]:
            try:
                self.settings(part)
            except NotTriedError:
                continue
            found.append(part)
        return found

    def statements(self, part: str, alias: str = "") -> list[dict[str, Any]]:
        """Return the statements of a function's or an alias's policy; none if it has no policy."""
        lambdas = self.client("lambda")
        resource = ":".join(["function", self.function(part), *([alias] if alias else [])])
        qualifier = {"Qualifier": alias} if alias else {}
        try:
            policy = lambdas.get_policy(FunctionName=self.function(part), **qualifier)["Policy"]
        except lambdas.exceptions.ResourceNotFoundException:
            return []
        # The local AWS answers with the aliases' statements when it is asked for the function's own.
        return [entry for entry in json.loads(policy)["Statement"] if entry["Resource"].endswith(f":{resource}")]

    def group(self) -> dict[str, Any]:
        """Return the Auto Scaling group.

        Raises:
            SmokeError: there is none.
        """
        name = f"{self.name}-runners"
        scaling = self.client("autoscaling")
        groups = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])
        if not groups["AutoScalingGroups"]:
            region = scaling.meta.region_name
            raise SmokeError(
                f"there is no Auto Scaling group {name} in {region}: are FLEET={self.name}, REGION={region} and the "
                "account right?"
            )
        group: dict[str, Any] = groups["AutoScalingGroups"][0]
        return group

    def address(self, url: str, path: str) -> str:
        """Return where a function URL's path answers; locally one address serves all of them."""
        if not self.is_local:
            return url.rstrip("/") + path
        identity = (urllib.parse.urlsplit(url).hostname or "").split(".")[0]
        return f"{self.endpoint}/_url/{identity}{path}"


def status_of(method: str, url: str) -> int:
    """Return the status of an unsigned request.

    Raises:
        OSError: nothing answers.
    """
    body = b"{}" if method == "POST" else None
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=URL_SECONDS) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def connect(name: str, region: str | None, endpoint: str) -> Fleet:
    """Return a fleet of the account that the environment's credentials belong to.

    Args:
        name: The fleet's name.
        region: Its region; None = the environment's.
        endpoint: Address of the local AWS; "" = AWS.

    Raises:
        SmokeError: there are no credentials, or no region, or no such fleet.
    """
    if region and not REGION.fullmatch(region):
        raise SmokeError(f"REGION={region} is no region of AWS, such as eu-west-1")
    config = Config(retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=10, read_timeout=30)
    make: Callable[..., Any] = boto3.client
    keys = {"endpoint_url": endpoint, "aws_access_key_id": "test", "aws_secret_access_key": "test"} if endpoint else {}
    fleet = Fleet(name, functools.cache(lambda service: make(service, region, config=config, **keys)), endpoint)
    try:
        fleet.group()
    except (BotoCoreError, ClientError) as error:
        raise SmokeError(f"{error}: set AWS_PROFILE or other credentials, and REGION=…") from error
    return fleet
