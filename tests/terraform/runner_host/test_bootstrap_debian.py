"""The bootstrap in a Debian system: the real apt, the real cloud-init, everything where it will be."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.terraform.runner_host.bootstrap_host import AWS, RECORDER, RUNNER, hosting
from tests.terraform.runner_host.bootstrap_user_data import CASES, EXTRA
from tests.terraform.runner_host.debian_root import inside, missing, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.terraform.runner_host.bootstrap_host import Host
    from tests.terraform.runner_host.bootstrap_user_data import UserData

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(missing() != "", reason=missing() or "there is a root")]

# No daemons run in the root: systemd is a stand-in, and once it has started Docker there is one that answers.
SYSTEMCTL = """
case "$*" in
  *docker.service) printf '#!/bin/sh\\necho 20.10.24\\n' >/usr/local/bin/docker; chmod 755 /usr/local/bin/docker ;;
esac
"""
LOADER = """
import importlib.util, json, sys
from cloudinit import mergers
merger = mergers.construct(mergers.string_extract_mergers(sys.argv[1]))
theirs, ours = (json.load(open(name)) for name in ("/theirs", "/ours"))
print(json.dumps(merger.merge(theirs, ours)))
"""


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    with unpacked() as folder:
        yield folder


@pytest.fixture
def host(root: Path, tmp_path: Path) -> Iterator[Host]:
    """The root as a host: what is outside of it is recorded, what is in it is real."""
    with hosting(tmp_path) as made:
        made.root = root
        made.settings(LOG_AGENT="false")
        for name, behaviour in {"aws": AWS, "systemctl": SYSTEMCTL}.items():
            made.write(f"usr/local/bin/{name}", RECORDER, 0o755)
            made.write(f"host/behaviour/{name}", behaviour)
        for path in (tmp_path / "root").rglob("*"):
            if path.is_file() and path.name not in {"os-release", "bootstrap.env"}:
                made.write(str(path.relative_to(tmp_path / "root")), path.read_text(), path.stat().st_mode & 0o777)
        made.write("host/parameters/ci/runner-token", "glrt-CANARY-of-the-runner\n")
        made.answers.files["/gitlab-runner"] = f"#!/bin/bash\n{RUNNER}".encode()
        yield made


def boot(host: Host, root: Path, command: str) -> str:
    """Run the bootstrap in the root and return what it printed."""
    script = "/opt/gitlab-runner-fleet/bootstrap.sh"
    environment = {"HOST": "/host", "RUNNER_FLEET_IMDS": host.address, "RUNNER_FLEET_PAUSE": "0.1"}
    answer = inside(root, "bash", script, command, **environment)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def test_a_plain_and_then_a_baked_image_come_into_service(host: Host, root: Path) -> None:
    plain, baked = boot(host, root, "install"), boot(host, root, "install")
    entered = boot(host, root, "enter")
    print(f"plain image:\n{plain}baked image:\n{baked}{entered}")  # noqa: T201 - the figures, shown with pytest -s
    assert re.search(r"step=packages seconds=\S+ ok: installed docker.io", plain)
    assert re.search(r"step=packages seconds=\S+ ok: nothing is missing", baked)
    assert "launching hook completed: CONTINUE" in entered
    assert inside(root, "dpkg", "-s", "docker.io").stdout.count("Status: install ok installed") == 1
    assert 'token = "glrt-CANARY-of-the-runner"' in host.read("etc/gitlab-runner/config.toml")


def test_jobs_of_the_shell_executor_get_a_user(host: Host, root: Path) -> None:
    host.settings(LOG_AGENT="false", EXECUTOR="shell")
    inside(root, "bash", "/opt/gitlab-runner-fleet/bootstrap.sh", "step", "engine")
    assert inside(root, "id", "-un", "gitlab-runner").stdout == "gitlab-runner\n"


@pytest.mark.parametrize("case", CASES)
def test_cloud_init_accepts_the_user_data(user_data: Mapping[str, UserData], root: Path, case: str) -> None:
    text = f"#cloud-config\n{json.dumps(user_data[case].cloud_config)}"
    (root / "user-data").write_text(text, encoding="utf-8")
    answer = inside(root, "cloud-init", "schema", "--config-file", "/user-data")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "Valid cloud-config" in answer.stdout


def test_cloud_init_refuses_what_is_wrong(root: Path) -> None:
    (root / "user-data").write_text('#cloud-config\n{"runcmd": 7}\n', encoding="utf-8")
    assert inside(root, "cloud-init", "schema", "--config-file", "/user-data").returncode != 0


def test_cloud_init_adds_ours_to_user_data_of_ones_own(user_data: Mapping[str, UserData], root: Path) -> None:
    ours = user_data["largest"].cloud_config
    theirs = {"write_files": [{"path": "/etc/motd", "content": "hello"}], "runcmd": [["touch", "/etc/first"]]}
    assert "path: /etc/motd" in EXTRA
    how = re.search(r"^Merge-Type: (.*)$", user_data["largest"].text, re.MULTILINE)
    assert how is not None
    for name, config in {"theirs": theirs, "ours": ours}.items():
        (root / name).write_text(json.dumps(config), encoding="utf-8")
    answer = inside(root, "python3", "-c", LOADER, how[1])
    assert answer.returncode == 0, answer.stderr
    merged = json.loads(answer.stdout)
    assert merged["write_files"] == theirs["write_files"] + ours["write_files"]
    assert merged["runcmd"] == theirs["runcmd"] + ours["runcmd"]
