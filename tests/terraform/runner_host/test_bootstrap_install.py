"""The installation, on every operating system, against recorded package managers."""

from __future__ import annotations

import hashlib
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.terraform.runner_host.bootstrap_host import SCRIPTS, Host, hosting

if TYPE_CHECKING:
    from pathlib import Path

APT = "apt-get -qq -o DPkg::Lock::Timeout=120"
SYSTEMS = [
    pytest.param("amzn 2023", ["dnf -y -q install docker amazon-cloudwatch-agent"], id="amazon-linux-2023"),
    pytest.param(
        "amzn 2",
        ["amazon-linux-extras enable docker", "yum -y -q install docker amazon-cloudwatch-agent"],
        id="amazon-linux-2",
    ),
    pytest.param("rhel 9.4", ["dnf -y -q install podman", "rpm -U"], id="rhel-9"),
    *(
        pytest.param(
            system, [f"{APT} update", f"{APT} -y install --no-install-recommends docker.io", "dpkg -i"], id=name
        )
        for system, name in [
            ("debian 11", "debian-11"),
            ("debian 12", "debian-12"),
            ("ubuntu 22.04", "ubuntu-22.04"),
            ("ubuntu 24.04", "ubuntu-24.04"),
        ]
    ),
]
MANAGERS = ("amazon-linux-extras", "apt-get", "dnf", "dpkg", "rpm", "yum")


def managed(host: Host) -> list[str]:
    return [call for call in host.calls() if call.startswith(MANAGERS)]


@pytest.mark.parametrize(("system", "expected"), SYSTEMS)
def test_each_system_gets_what_its_image_lacks(tmp_path: Path, system: str, expected: list[str]) -> None:
    with hosting(tmp_path, system=system) as host:
        answer = host.boot("install")
        calls = managed(host)
    assert answer.returncode == 0, answer.stdout
    assert len(calls) == len(expected)
    assert all(call.startswith(start) for call, start in zip(sorted(calls), sorted(expected), strict=True)), calls
    assert (host.root / "usr/local/bin/gitlab-runner").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("system", [system.values[0] for system in SYSTEMS])
def test_a_baked_image_installs_nothing(tmp_path: Path, system: str) -> None:
    with hosting(tmp_path, has=("aws", "docker", "gitlab-runner", "git"), system=system) as host:
        control = host.write("opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl", "#!/bin/sh\n", 0o755)
        answer = host.boot("install")
    assert control.exists()
    assert answer.returncode == 0, answer.stdout
    assert managed(host) == []
    assert not (host.root / "usr/local/bin/gitlab-runner").exists()


def test_the_shell_executor_gets_git_and_a_user_instead_of_an_engine(tmp_path: Path) -> None:
    with hosting(tmp_path) as host:
        host.settings(EXECUTOR="shell", LOG_AGENT="false")
        assert host.boot("install").returncode == 0
    assert f"{APT} -y install --no-install-recommends git" in managed(host)
    assert host.calls("useradd") == ["useradd --create-home --shell /bin/bash gitlab-runner"]
    assert host.calls("docker") == []


def test_an_images_own_podman_is_used(tmp_path: Path) -> None:
    with hosting(tmp_path, has=("aws", "podman")) as host:
        host.settings(LOG_AGENT="false")
        assert host.boot("install").returncode == 0
    assert managed(host) == []
    assert "systemctl enable --now podman.socket" in host.calls()


def test_each_step_is_one_line_with_its_time_also_in_the_log_group(tmp_path: Path) -> None:
    with hosting(tmp_path) as host:
        host.boot("install")
        logged = host.logged()
    steps = [line.split()[1] for line in logged if "step=" in line]
    expected = [
        "aws-cli",
        "engine",
        "gitlab-runner",
        "identity",
        "log-agent",
        "packages",
        "post-install",
        "pre-install",
        "services",
    ]
    assert sorted(steps) == [f"step={name}" for name in expected]
    assert all(" seconds=" in line and " ok: " in line for line in logged if "step=" in line)


def test_a_failed_step_gives_the_instance_up_and_says_why_in_the_log_group(tmp_path: Path) -> None:
    with hosting(tmp_path) as host:
        host.stand_in("apt-get", "echo 'E: Unable to fetch some archives' >&2; exit 100")
        answer = host.boot("install")
    assert answer.returncode == 1
    assert host.completed() == ["ABANDON"]
    assert any("step=packages" in line and "Unable to fetch some archives" in line for line in host.logged())
    assert any("boot failed: steps failed: packages" in line for line in host.logged())
    assert host.calls("systemctl --no-block start") == []


@pytest.mark.parametrize("script", ["pre-install", "post-install"])
def test_a_hook_of_the_user_runs_and_its_failure_counts(tmp_path: Path, script: str) -> None:
    with hosting(tmp_path) as host:
        host.write(f"etc/gitlab-runner-fleet/{script}", '#!/bin/bash\ntouch "$HOST/hooked"\nexit 3\n', 0o700)
        assert host.boot("install").returncode == 1
    assert (host.folder / "hooked").exists()
    assert host.completed() == ["ABANDON"]


def test_a_binary_with_another_checksum_is_not_installed(tmp_path: Path) -> None:
    with hosting(tmp_path) as host:
        host.settings(RUNNER_SHA256="0" * 64)
        assert host.boot("install").returncode == 1
    assert not (host.root / "usr/local/bin/gitlab-runner").exists()
    assert any("has not the checksum" in line for line in host.logged())


def test_a_binary_with_the_right_checksum_is(tmp_path: Path) -> None:
    with hosting(tmp_path) as host:
        host.settings(RUNNER_SHA256=hashlib.sha256(host.answers.files["/gitlab-runner"]).hexdigest())
        assert host.boot("install").returncode == 0
    assert (host.root / "usr/local/bin/gitlab-runner").exists()


def test_a_version_that_was_asked_for_replaces_the_images(tmp_path: Path) -> None:
    with hosting(tmp_path, has=("aws", "gitlab-runner")) as host:
        host.settings(RUNNER_ANY_VERSION="false", RUNNER_VERSION="18.12.0")
        assert host.boot("install").returncode == 0
    assert (host.root / "usr/local/bin/gitlab-runner").exists()


def test_the_published_checksum_is_the_releases(tmp_path: Path) -> None:
    sums = f"{'a' * 64} *binaries/gitlab-runner-linux-arm64\n{'b' * 64} *binaries/gitlab-runner-linux-amd64\n"
    with hosting(tmp_path) as host:
        host.answers.files["/release.sha256"] = sums.encode()
        printed = published(host, "binaries/gitlab-runner-linux-amd64")
        missing = published(host, "binaries/gitlab-runner-linux-s390x")
    assert printed.stdout.strip() == "b" * 64
    assert missing.returncode != 0


def published(host: Host, name: str) -> subprocess.CompletedProcess[str]:
    _, environment = host.command("")
    text = f'. {SCRIPTS}/host.sh; . {SCRIPTS}/packages.sh; mkdir -p "$scratch"; published_sum {host.address} {name}'
    return subprocess.run(
        ["bash", "-c", text], env=environment, check=False, capture_output=True, text=True, timeout=20
    )


def test_an_unknown_system_that_lacks_something_is_named(tmp_path: Path) -> None:
    with hosting(tmp_path, system="alpine 3.20") as host:
        assert host.boot("install").returncode == 1
    assert any("alpine 3.20 is not known" in line for line in host.logged())
    assert host.completed() == ["ABANDON"]


def test_an_instance_without_a_usable_identity_stops(tmp_path: Path) -> None:
    with hosting(tmp_path) as host:
        command, environment = host.command("bootstrap.sh", "install")
        environment["RUNNER_FLEET_IMDS"] = host.address + "/nothing"
        answer = subprocess.run(command, env=environment, check=False, capture_output=True, text=True, timeout=60)
    assert answer.returncode == 1
    assert "identity cannot be read" in answer.stdout


def test_an_image_that_the_example_bakes_leaves_nothing_to_install(tmp_path: Path) -> None:
    bake = SCRIPTS.parents[1] / "examples/custom-image/bake.sh"
    with hosting(tmp_path, system="amzn 2023") as host:
        settings = host.read("etc/gitlab-runner-fleet/bootstrap.env")
        _, environment = host.command("")
        given = {"AWS_REGION": "eu-west-1", "RUNNER_VERSION": "18.11.0", "RUNNER_URL": f"{host.address}/gitlab-runner"}
        command = ["bash", str(bake), str(host.root / "opt/gitlab-runner-fleet")]
        subprocess.run(command, env=environment | given, check=True, capture_output=True, timeout=60)
        installed = managed(host)
        assert not (host.root / "etc/gitlab-runner").exists()
        host.write("etc/gitlab-runner-fleet/bootstrap.env", settings)
        assert host.boot("install").returncode == 0
    assert installed == ["dnf -y -q install docker amazon-cloudwatch-agent"]
    assert managed(host) == installed
