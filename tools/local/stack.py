"""The local stack: start the AWS and the GitLab, apply examples/local, and take all of it down again."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sys
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.local import control, processes
from tools.local.terraform import Terraform, cli_config

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
AWS_PYTHON = ROOT / ".venv-aws" / "bin" / "python"
REGION = "us-east-1"
OUTPUTS = "outputs.json"
PROCESSES = "processes.json"
# What the stand-in's ready file is asked for.
STAND_IN = ("url", "token", "runner_id", "admin_token")


@dataclass(frozen=True)
class GitLab:
    """A GitLab, the projects and groups in its scope (none = membership), and the stand-in's administrator's token."""

    url: str
    token: str
    projects: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    runner_id: str = ""
    admin_token: str = ""


@dataclass(frozen=True)
class Options:
    """What a local stack is like."""

    name: str = "local"
    actuator: str = "lambda"
    gitlab: GitLab | None = None
    slots: int = 4
    max_size: int = 60
    idle_minutes: str = "0.2"
    boot_seconds: float = 10
    fleet: str = "fleet"
    runner_tags: tuple[str, ...] = ("docker", "linux")
    run_untagged: bool = True


@dataclass
class Stack:
    """A stack below build/<name>: its processes, its Terraform state and its addresses."""

    options: Options
    say: Callable[[str], None] = print
    with_parent: bool = False
    running: list[processes.Background] = field(default_factory=list)
    applied: Terraform | None = None

    @property
    def folder(self) -> Path:
        """The folder that holds everything of this stack."""
        return ROOT / "build" / self.options.name

    def up(self) -> dict[str, Any]:
        """Start what does not run yet, apply, and return the addresses; a failure leaves nothing running.

        Raises:
            TerraformError: Terraform is missing or failed.
            ProcessError: a process did not start.
        """
        environment = cli_config(ROOT / "build" / "terraform", self.say)
        self.running = [process for process in self._known() if processes.is_alive(process)]
        try:
            return self._up(environment)
        except BaseException:
            self.down()
            raise

    def _up(self, environment: dict[str, str]) -> dict[str, Any]:
        aws = str(self.serve_aws()["endpoint"])
        gitlab = self._gitlab()
        settings = self._settings(gitlab)
        terraform = self.terraform(environment, aws)
        terraform.write(ROOT / "examples" / "local", settings)
        self.say("terraform apply of examples/local …")
        outputs = terraform.apply()
        self.applied = terraform
        addresses = {**outputs, "aws_endpoint": aws, "webhook_url": f"{aws}/_url/{outputs['url_id']}/"}
        addresses |= credentials_addresses(addresses)
        if self.options.gitlab is None:
            addresses["gitlab_admin_token"] = gitlab.admin_token
            control.attach(addresses, self.options.slots)
        (self.folder / OUTPUTS).write_text(json.dumps(addresses, indent=2) + "\n", encoding="utf-8")
        return addresses

    def terraform(self, environment: dict[str, str], aws: str) -> Terraform:
        """Return the Terraform of this stack, talking to the local AWS and to nothing else."""
        kept = {name: value for name, value in environment.items() if not name.startswith("AWS_")}
        return Terraform(self.folder, {**kept, **aws_environment(aws)})

    def down(self) -> None:
        """End this stack's processes and forget its state; its logs stay."""
        for process in reversed(self.running or self._known()):
            processes.stop(process)
        self.running = []
        for name in (OUTPUTS, PROCESSES, "main.tf.json", ".terraform.lock.hcl", "aws.ready", "gitlab.ready"):
            (self.folder / name).unlink(missing_ok=True)
        for path in self.folder.glob("*.tfstate*"):
            path.unlink()
        (self.folder / ".terraform.tfstate.lock.info").unlink(missing_ok=True)
        shutil.rmtree(self.folder / ".terraform", ignore_errors=True)

    def destroy(self) -> None:
        """Destroy what was applied."""
        if self.applied is not None:
            self.applied.destroy()

    def outputs(self) -> dict[str, Any] | None:
        """Return the addresses of a stack that is up, else nothing."""
        path = self.folder / OUTPUTS
        if not path.is_file() or not all(map(processes.is_alive, self._known())):
            return None
        answer: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return answer

    def is_running(self) -> bool:
        """Tell whether a process of this stack runs, also while it is still being applied."""
        return any(map(processes.is_alive, self._known()))

    def _known(self) -> list[processes.Background]:
        return processes.load(self.folder / PROCESSES)

    def serve_aws(self) -> dict[str, object]:
        """Start the local AWS unless it runs, and return what its ready file says."""
        if not AWS_PYTHON.is_file():
            raise processes.ProcessError(f"{AWS_PYTHON} is missing: make environments builds it")
        options = ["--boot-seconds", str(self.options.boot_seconds)]
        return self._serve("aws", [str(AWS_PYTHON), "-m", "tools.local.aws", *options])

    def _gitlab(self) -> GitLab:
        if self.options.gitlab is not None:
            return self.options.gitlab
        answer = self._serve("gitlab", [sys.executable, "-m", "tools.local.gitlab"])
        url, token, runner_id, admin_token = (str(answer[name]) for name in STAND_IN)
        return GitLab(url, token, runner_id=runner_id, admin_token=admin_token)

    def _serve(self, name: str, command: list[str]) -> dict[str, object]:
        """Start a server unless it runs, and return what its ready file says."""
        ready = self.folder / f"{name}.ready"
        known = next((process for process in self.running if process.name == name), None)
        if known is None:
            ready.unlink(missing_ok=True)
            arguments = ["--port", "0", "--ready-file", str(ready)]
            arguments += ["--parent-pid", str(os.getpid())] if self.with_parent else []
            known = processes.start(name, [*command, *arguments], self.folder, server_environment())
            self.running.append(known)
            processes.save(self.folder / PROCESSES, self.running)
        return processes.wait_until_ready(known, ready)

    def _settings(self, gitlab: GitLab) -> dict[str, Any]:
        """Return the input values of examples/local; secrets are made once per stack."""
        known = self.outputs() or {}
        options = self.options
        return {
            "actuator": options.actuator,
            "gitlab_groups": gitlab.groups,
            "gitlab_projects": gitlab.projects,
            "gitlab_token": gitlab.token,
            "gitlab_url": gitlab.url,
            "max_size": options.max_size,
            "name": options.fleet,
            "run_untagged": options.run_untagged,
            "runner_id": gitlab.runner_id,
            "runner_idletime": options.idle_minutes,
            "runner_tags": options.runner_tags,
            "slots": options.slots,
            "webhook_secret": known.get("webhook_secret") or secrets.token_urlsafe(24),
            "webhook_signing_token": known.get("webhook_signing_token") or signing_token(),
        }


def credentials_addresses(addresses: dict[str, Any]) -> dict[str, str]:
    """Return where the credential vendor and the stand-in's id_tokens are, if there is a vendor."""
    if not addresses.get("credentials_url_id"):
        return {}
    return {
        "credentials_url": f"{addresses['aws_endpoint']}/_url/{addresses['credentials_url_id']}",
        "id_token_url": f"{addresses['gitlab_url']}/_control/id_token",
    }


def aws_environment(endpoint: str) -> dict[str, str]:
    """Return the environment in which SDKs and Terraform talk to the local AWS."""
    return {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": REGION,
        "AWS_SECRET_ACCESS_KEY": "test",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


def server_environment() -> dict[str, str]:
    """Return the environment of the stack's servers: ours, without what AWS settings the user has."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def signing_token() -> str:
    """Return a new webhook signing token in GitLab's form."""
    return "whsec_" + b64encode(secrets.token_bytes(32)).decode("ascii")
