"""Run Terraform with an aws provider that can be had: from a named mirror, the registry, or a mirror on this disk."""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import subprocess
import threading
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PROVIDER = "registry.terraform.io/hashicorp/aws"
REGISTRY = "https://registry.terraform.io/.well-known/terraform.json"
REGISTRY_SECONDS = 4
SEARCH_SECONDS = 60
SMALLEST_BYTES = 20_000_000
INTERRUPT_SECONDS = 60
MINIMUM = (1, 9)
# The aws provider's schema is hundreds of megabytes of objects that stay: collecting garbage less often halves the
# processor time of Terraform and of the provider. The limit is for each process, and for a laptop of 8 GB.
GO_SETTINGS = {"GOGC": "400", "GOMEMLIMIT": "1GiB"}
WAY_OUT = "see developer.hashicorp.com/terraform/install"
RUNNING: set[subprocess.Popen[str]] = set()
"""The commands that run, in whatever thread."""


class TerraformError(Exception):
    """Terraform is missing, has no provider to use, or failed; the message says which and what to do."""


@dataclass(frozen=True)
class ProviderSource:
    """Where the aws provider comes from: a mirror's folder, or the registry when there is none."""

    mirror: Path | None
    reason: str


def executable() -> str:
    """Return Terraform's path.

    Raises:
        TerraformError: it is not on PATH, or too old.
    """
    found = shutil.which("terraform")
    if found is None:
        raise TerraformError(f"Terraform is not on PATH: {WAY_OUT}")
    answer = subprocess.run([found, "version", "-json"], check=False, capture_output=True, text=True)
    if answer.returncode != 0:
        raise TerraformError(f"{found} does not run: {answer.stderr.strip()}")
    version = str(json.loads(answer.stdout)["terraform_version"])
    if tuple(int(part) for part in version.split("-", maxsplit=1)[0].split(".")[:2]) < MINIMUM:
        raise TerraformError(f"Terraform {version} is too old, 1.9 or newer is needed: {WAY_OUT}")
    return found


def provider_source(
    environment: Mapping[str, str],
    registry_answers: Callable[[], bool],
    search: Callable[[], Path | None],
) -> ProviderSource:
    """Choose the provider's source: TF_PLUGIN_MIRROR, else the registry, else a mirror found on the disk.

    Raises:
        TerraformError: there is none, or TF_PLUGIN_MIRROR does not hold the provider for this platform.
    """
    named = environment.get("TF_PLUGIN_MIRROR", "")
    if named:
        if not holds_provider(Path(named)):
            raise TerraformError(
                f"TF_PLUGIN_MIRROR={named} has no {PROVIDER} for {platform_name()}: "
                "it must name the folder above registry.terraform.io (terraform providers mirror makes one)"
            )
        return ProviderSource(Path(named), "the mirror that TF_PLUGIN_MIRROR names")
    if registry_answers():
        return ProviderSource(None, "the Terraform registry")
    found = search()
    if found is None:
        raise TerraformError(
            "the Terraform registry does not answer and no mirror of the aws provider was found on this disk: "
            "go online, or set TF_PLUGIN_MIRROR to a folder made by terraform providers mirror"
        )
    return ProviderSource(found, "a mirror on this disk, the Terraform registry did not answer")


def registry_answers() -> bool:
    """Tell whether the registry answers within a few seconds, a slow name server included."""
    answered = threading.Event()

    def ask() -> None:
        try:
            with urllib.request.urlopen(REGISTRY, timeout=REGISTRY_SECONDS) as response:
                json.load(response)
        except (OSError, ValueError):
            return
        answered.set()

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(REGISTRY_SECONDS + 1)
    return answered.is_set()


def search_disk(remembered: Path) -> Path | None:
    """Find a mirror of the provider on this disk, bounded in depth and time; the answer is remembered in a file."""
    if remembered.is_file():
        known = Path(remembered.read_text(encoding="utf-8"))
        if holds_provider(known):
            return known
    for root in (str(Path.home()), "/"):
        for found in find_providers(root):
            mirror = found.parents[2]
            if holds_provider(mirror):
                remembered.write_text(str(mirror), encoding="utf-8")
                return mirror
    return None


def find_providers(root: str) -> list[Path]:
    """Return the folders below root that may hold the aws provider; what find has not seen in time is left out."""
    options = ["-maxdepth", "9", "-type", "d", "-path", f"*/{PROVIDER}", "-prune", "-print"]
    with subprocess.Popen(
        ["find", root, "-xdev", *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        timer = threading.Timer(SEARCH_SECONDS, process.kill)
        timer.start()
        lines = process.communicate()[0].splitlines()
        timer.cancel()
    # A working directory's own copy has the layout of a mirror, too, but goes with its project.
    return sorted(map(Path, lines), key=lambda path: path.parents[2].name == "providers")


def holds_provider(mirror: Path) -> bool:
    """Tell whether a mirror has the provider, 5.100 or newer, for this platform, unpacked or as a zip."""
    provider = mirror / PROVIDER
    if not provider.is_dir():
        return False
    unpacked = [
        path for path in provider.glob(f"*/{platform_name()}/terraform-provider-aws*") if os.access(path, os.X_OK)
    ]
    packed = list(provider.glob(f"terraform-provider-aws_*_{platform_name()}.zip"))
    versions = [path.parents[1].name for path in unpacked if is_whole(path)]
    versions += [path.name.split("_")[1] for path in packed if is_whole(path)]
    return any(is_new_enough(version) for version in versions)


def is_whole(path: Path) -> bool:
    """Tell whether a file can be the provider, which has hundreds of megabytes, and not an empty shell of it."""
    return path.stat().st_size >= SMALLEST_BYTES


def is_new_enough(version: str) -> bool:
    """Tell whether a provider version is 5.100 or newer, as the module asks."""
    parts = version.split(".")
    return all(part.isdigit() for part in parts[:2]) and tuple(map(int, parts[:2])) >= (5, 100)


def platform_name() -> str:
    """Return this platform as Terraform writes it, such as linux_amd64."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine().lower(), platform.machine().lower())
    return f"{platform.system().lower()}_{machine}"


def cli_config(build: Path, say: Callable[[str], None] = print) -> dict[str, str]:
    """Write Terraform's CLI config below a build folder and return the environment that uses it.

    Every inherited TF_* variable is left out: one may name a file that does not exist. GOGC and GOMEMLIMIT are kept.

    Raises:
        TerraformError: Terraform or a provider is missing.
    """
    executable()
    build.mkdir(parents=True, exist_ok=True)
    source = provider_source(os.environ, registry_answers, lambda: search_disk(build / "provider-mirror"))
    where = f" ({source.mirror})" if source.mirror else ""
    say(f"Terraform: the aws provider comes from {source.reason}{where}")
    config = build / "terraform.rc"
    config.write_text(config_text(source, build / "provider-cache"), encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    return {
        **GO_SETTINGS,
        **kept,
        "TF_CLI_CONFIG_FILE": str(config),
        "TF_IN_AUTOMATION": "1",
        "CHECKPOINT_DISABLE": "1",
    }


def config_text(source: ProviderSource, cache: Path) -> str:
    """Return the CLI config for a source; what the registry gives is kept in a cache folder."""
    if source.mirror is None:
        cache.mkdir(parents=True, exist_ok=True)
        return f"plugin_cache_dir = {json.dumps(str(cache))}\nplugin_cache_may_break_dependency_lock_file = true\n"
    return (
        "provider_installation {\n  filesystem_mirror {\n"
        f"    path    = {json.dumps(str(source.mirror))}\n"
        f'    include = ["{PROVIDER}"]\n'
        "  }\n}\n"
    )


@dataclass(frozen=True)
class Terraform:
    """A root module of our own in a folder, which calls another module; nothing is written anywhere else."""

    folder: Path
    environment: Mapping[str, str]

    def write(self, module: Path, settings: Mapping[str, object]) -> None:
        """Write the root module: one call of a module with these inputs, all its outputs in one."""
        call = {"source": os.path.relpath(module, self.folder), **settings}
        root = {"module": {"stack": call}, "output": {"all": {"value": "${module.stack}", "sensitive": True}}}
        path = self.folder / "main.tf.json"
        path.write_text(json.dumps(root, indent=2), encoding="utf-8")
        path.chmod(0o600)

    def apply(self) -> dict[str, Any]:
        """Initialise and apply; return the module's outputs."""
        self.run("init", "-input=false", "-no-color")
        self.run("apply", "-auto-approve", "-input=false", "-no-color")
        answer: dict[str, Any] = json.loads(self.run("output", "-json", "all"))
        return answer

    def changes(self) -> list[str]:
        """Plan again and return the addresses of resources that would change, with their actions."""
        plan = self.folder / "again.tfplan"
        self.run("plan", "-input=false", "-no-color", f"-out={plan}")
        shown = json.loads(self.run("show", "-json", str(plan)))
        return [
            f"{entry['address']}: {entry['change']['actions']}"
            for entry in shown.get("resource_changes", [])
            if entry["change"]["actions"] not in (["no-op"], ["read"])
        ]

    def destroy(self) -> None:
        """Destroy everything that was applied."""
        self.run("destroy", "-auto-approve", "-input=false", "-no-color")

    def run(self, command: str, *arguments: str) -> str:
        """Run one command to its end and return what it printed; its output is kept in terraform.log.

        Raises:
            TerraformError: it failed; the message has its last words.
        """
        with subprocess.Popen(
            [executable(), command, *arguments],
            cwd=self.folder,
            env=dict(self.environment),
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            RUNNING.add(process)
            try:
                printed, complaints = process.communicate()
            except BaseException:
                process.send_signal(signal.SIGINT)
                process.wait(INTERRUPT_SECONDS)
                raise
            finally:
                RUNNING.discard(process)
        if command not in ("output", "show"):
            with (self.folder / "terraform.log").open("a", encoding="utf-8") as log:
                log.write(printed + complaints)
        if process.returncode != 0:
            words = "\n".join((printed + complaints).strip().splitlines()[-25:])
            raise TerraformError(f"terraform {command} failed (whole log: {self.folder / 'terraform.log'}):\n{words}")
        return printed


def interrupt_all() -> None:
    """Interrupt every command that runs: those of other threads notice nothing of an exception in this one."""
    for process in list(RUNNING):
        process.send_signal(signal.SIGINT)
