"""The user data of fleets that ask for different things, as Terraform renders it."""

from __future__ import annotations

import base64
import gzip
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.terraform.conftest import ROOT, Terraform

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CERTIFICATE = (ROOT / "examples/private-gitlab/ca.pem").read_text(encoding="utf-8")
# As much as people give who give everything: scripts of a screenful, user data, mirrors, checksums, every setting.
SCRIPT = "#!/bin/bash\nset -euo pipefail\n" + "".join(
    f"install -d -m 0755 /srv/cache-{n} && echo 'net.core.somaxconn={n * 37}' >>/etc/sysctl.d/90-ci.conf\n"
    for n in range(6)
)
EXTRA = "#cloud-config\nwrite_files:\n- {path: /etc/motd, content: hello}\nruncmd:\n- [touch, /etc/first]\n"
CASES: dict[str, dict[str, Any]] = {
    "docker": {},
    "shell": {
        "asg": {"executor": "shell"},
        "cache": {"enabled": True},
        "credentials": {"enabled": True},
        "runner_host": {"runners": {"output_limit": 8192}},
    },
    "legacy": {
        "cache": {
            "enabled": True, "auth": "user", "bucket": "given", "access_key_ssm_path": "/ci/access",
            "secret_key_ssm_path": "/ci/secret",
        },
        "gitlab": {
            "runner_token_ssm_path": "", "runner_registration_token_ssm_path": "/ci/registration",
            "runner_job_tags": "it's,$(reboot),`id`", "ca_certificate": CERTIFICATE, "protected_only": True,
        },
    },
    "largest": {
        "asg": {"max_jobs_per_instance": 1, "force_instance_deletion_time": 172800, "log_level": "warn"},
        "cache": {"enabled": True, "prefix": "ci/linux/large"},
        "credentials": {"enabled": True},
        "gitlab": {"runner_job_tags": ",".join(f"tag-{n}" for n in range(12)), "ca_certificate": CERTIFICATE},
        "name": "ci-of-a-rather-long-name",
        "runner_host": {
            "aws_cli": {"url": "https://mirror.example.com/aws-cli/awscli-2.31.0.zip", "sha256": "a" * 64},
            "cloudwatch_agent": {"url": "https://mirror.example.com/amazon-cloudwatch-agent.deb", "sha256": "b" * 64},
            "docker": {
                "image": "registry.example.com/ci/base:2026-11", "privileged": True, "shm_size": 268435456,
                "volumes": ["/cache", "/certs/client"], "pull_policy": ["always", "if-not-present"],
                "allowed_images": [f"registry.example.com/ci/{n}:*" for n in range(3)], "memory": "4g",
            },
            "gitlab_runner": {
                "url": "https://mirror.example.com/gitlab-runner-linux-amd64", "sha256": "c" * 64, "version": "18.11.0",
            },
            "post_install": SCRIPT, "pre_install": SCRIPT,
            "runners": {"environment": [f"VARIABLE_{n}=value-{n}" for n in range(4)], "output_limit": 65536},
            "user_data": EXTRA,
        },
    },
}  # fmt: skip


@dataclass(frozen=True)
class UserData:
    """What EC2 is given for an instance.

    Attributes:
        size: its bytes, as EC2 counts them.
        text: what cloud-init unpacks.
    """

    size: int
    text: str

    @property
    def cloud_config(self) -> dict[str, Any]:
        """Return the module's own part."""
        line = self.text.split("#cloud-config\n")[-1].split("\n")[0]
        config: dict[str, Any] = json.loads(line)
        return config

    @property
    def files(self) -> dict[str, str]:
        """Return the files that cloud-init writes, by path."""
        return {file["path"]: file["content"] for file in self.cloud_config["write_files"]}


def rendered(tree: Path, environment: Mapping[str, str]) -> dict[str, UserData]:
    """Plan every case once."""
    terraform = Terraform(tree / "tests/terraform/fixtures/user_data", environment)
    terraform.init()
    (terraform.folder / "terraform.tfvars.json").write_text(json.dumps({"cases": CASES}))
    terraform.succeed("plan", "-input=false", "-no-color", "-out=saved.tfplan", "-refresh=false")
    changes = json.loads(terraform.succeed("show", "-json", "saved.tfplan"))["resource_changes"]
    found = {c["index_of"]: c for c in map(indexed, changes) if c["address"].endswith("aws_launch_template.runner")}
    return {case: unpacked(found[case]["change"]["after"]["user_data"]) for case in CASES}


def indexed(change: dict[str, Any]) -> dict[str, Any]:
    """Add to a change of the plan the case that it belongs to."""
    case = re.match(r'module\.fleet\["([a-z]+)"\]', change["address"])
    return {**change, "index_of": case[1] if case else ""}


def unpacked(packed: str) -> UserData:
    raw = base64.b64decode(packed)
    return UserData(len(raw), gzip.decompress(raw).decode())
