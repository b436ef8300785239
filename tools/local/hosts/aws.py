"""The calls that the simulated hosts make to the local AWS."""

from __future__ import annotations

import http.client
import json
import urllib.request
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from tools.local.hosts.model import Instance

if TYPE_CHECKING:
    from collections.abc import Mapping

API_VERSION = "2011-01-01"
LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"
TIMEOUT_SECONDS = 5.0


class AwsError(Exception):
    """The local AWS did not answer, or not as agreed."""


@dataclass
class LocalAws:
    """The Auto Scaling group as its instances see it.

    Args:
        endpoint: the address of the local AWS.
        region: the region.
        group: the Auto Scaling group's name.
    """

    endpoint: str
    region: str
    group: str
    opener: urllib.request.OpenerDirector = field(
        default_factory=lambda: urllib.request.build_opener(urllib.request.ProxyHandler({}))
    )

    def instances(self) -> list[Instance]:
        """Return the group's instances.

        Raises:
            AwsError: they could not be read whole: unknown, never none.
        """
        body = self.send(urllib.request.Request(f"{self.endpoint}/_local/instances?group={quote(self.group)}"))
        try:
            entries = json.loads(body)["instances"]
            return [Instance(str(entry["instance_id"]), str(entry["lifecycle_state"])) for entry in entries]
        except (ValueError, KeyError, TypeError) as error:
            raise AwsError(f"the list of instances is not as agreed: {error!r}") from error

    def complete(self, instance_id: str) -> None:
        """Complete the terminating lifecycle action of an instance, for every such hook of the group.

        Raises:
            AwsError: it was refused or not answered.
        """
        self.proceed(instance_id, TERMINATING)

    def enter(self, instance_id: str) -> None:
        """Complete the launching lifecycle action of an instance, for every such hook of the group.

        Raises:
            AwsError: it was refused or not answered.
        """
        self.proceed(instance_id, LAUNCHING)

    def proceed(self, instance_id: str, transition: str) -> None:
        """Complete the lifecycle actions of an instance for one transition."""
        hooks = self.hooks(transition)
        if not hooks:
            raise AwsError(f"{self.group} has no {transition} lifecycle hook")
        for hook in hooks:
            self.query(
                "CompleteLifecycleAction",
                {
                    "AutoScalingGroupName": self.group,
                    "InstanceId": instance_id,
                    "LifecycleActionResult": "CONTINUE",
                    "LifecycleHookName": hook,
                },
            )

    def hooks(self, transition: str) -> list[str]:
        """Return the names of the group's lifecycle hooks for a transition."""
        document = self.query("DescribeLifecycleHooks", {"AutoScalingGroupName": self.group})
        members = [element for element in document.iter() if element.tag.endswith("member")]
        texts = [{child.tag.rpartition("}")[2]: child.text or "" for child in member} for member in members]
        return [t["LifecycleHookName"] for t in texts if t.get("LifecycleTransition") == transition]

    def query(self, action: str, parameters: Mapping[str, str]) -> ET.Element:
        """Send one request of the Auto Scaling Query API and return the answer."""
        form = urlencode({"Action": action, "Version": API_VERSION, **parameters}).encode()
        scope = f"test/20260101/{self.region}/autoscaling/aws4_request"
        headers = {
            "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
        }
        body = self.send(urllib.request.Request(self.endpoint, form, headers))
        try:
            return ET.fromstring(body)  # noqa: S314 (our own emulator on loopback)
        except ET.ParseError as error:
            raise AwsError(f"{action} was not answered in XML: {error}") from error

    def send(self, request: urllib.request.Request) -> bytes:
        """Send a request and return the body of its answer."""
        try:
            with self.opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                body: bytes = answer.read()
                return body
        except (OSError, http.client.HTTPException) as error:  # HTTPError and URLError are OSErrors
            raise AwsError(f"{request.full_url}: {error}") from error
