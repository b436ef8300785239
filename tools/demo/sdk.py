"""Let an unmodified AWS SDK get its credentials from the vendor, as in a CI job: two variables, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.local.stack import aws_environment

if TYPE_CHECKING:
    from tools.demo.vendor import Vendor

SECONDS = 60
PROGRAM = """
import json, sys
import boto3
client = boto3.client("sts", endpoint_url=sys.argv[1], region_name=sys.argv[2])
found = {"arn": client.get_caller_identity()["Arn"], "version": boto3.__version__}
print(json.dumps({**found, "provider": boto3.DEFAULT_SESSION.get_credentials().method}))
"""


@dataclass(frozen=True)
class Identity:
    """Who an SDK turned out to be.

    Args:
        arn: by STS.
        provider: where the SDK has its credentials from, in its own words.
        version: of boto3.
    """

    arn: str
    provider: str
    version: str

    def line(self) -> str:
        """Say it in one line."""
        return f"boto3 {self.version} with a job's two variables ({self.provider}): {self.arn}"


def identity(vendor: Vendor) -> Identity:
    """Ask STS, with boto3 in a process of its own, who a job is."""
    base, ours = str(vendor.addresses["credentials_url"]).rstrip("/"), aws_environment("")
    with tempfile.TemporaryDirectory() as home:
        environment = {
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": vendor.id_token(),
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{base}/v1/credentials/{vendor.addresses['sample_grant']}",
            "HOME": home,
            **{name: ours[name] for name in ("NO_PROXY", "no_proxy")},
            "PATH": os.environ["PATH"],
        }
        ended = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(vendor.addresses["aws_endpoint"]), str(vendor.addresses["region"])],
            check=True,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            timeout=SECONDS,
        )
    return Identity(**json.loads(ended.stdout))
