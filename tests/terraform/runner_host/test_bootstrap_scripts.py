"""The scripts as such, and how gitlab-runner is started."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.terraform.runner_host.bootstrap_host import INSTANCE_ID, RUNNER, SCRIPTS, Host, hosting

ROOT = SCRIPTS.parents[1]
PROGRAMS = (
    "terraform/runner_host/bootstrap.sh",
    "terraform/runner_host/cache-credentials",
    "examples/custom-image/bake.sh",
)
TELL = RUNNER + 'printf "%s|%s" "$*" "${AWS_CONFIG_FILE-none}" >"$HOST/ran"\n'


@pytest.mark.parametrize("program", PROGRAMS)
def test_shellcheck_finds_nothing(program: str) -> None:
    shellcheck = Path(sys.executable).parent / "shellcheck"
    answer = subprocess.run(
        [str(shellcheck), "-x", "-P", str(ROOT), program], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert (answer.returncode, answer.stdout) == (0, "")


def test_the_oldest_bash_of_the_supported_systems_knows_every_construct() -> None:
    # 4.2, in Amazon Linux 2: no ${x@Q}, no EPOCHREALTIME, no local -n, no wait -n, no mapfile -d.
    newer = re.compile(r"\$\{\w+@|EPOCH(REALTIME|SECONDS)|(local|declare) -n|wait -n|mapfile -d|inherit_errexit")
    scripts = [path for path in SCRIPTS.iterdir() if path.suffix in {"", ".sh"}]
    assert len(scripts) == 5
    assert [path.name for path in scripts if newer.search(path.read_text(encoding="utf-8"))] == []


def ran(host: Host, **settings: str) -> str:
    host.settings(**settings)
    host.stand_in("gitlab-runner", TELL)
    (host.root / "run/gitlab-runner-fleet").mkdir(parents=True)
    host.write("run/gitlab-runner-fleet/identity.env", f"INSTANCE_ID={INSTANCE_ID}\n")
    assert host.boot("run").returncode == 0
    return (host.folder / "ran").read_text().replace(str(host.root), "")


def test_gitlab_runner_takes_the_place_of_the_script(tmp_path: Path) -> None:
    with hosting(tmp_path) as host:
        assert ran(host) == "run --config /etc/gitlab-runner/config.toml --service gitlab-runner|none"


def test_jobs_in_a_shell_are_not_roots(tmp_path: Path) -> None:
    expected = "--service gitlab-runner --user gitlab-runner --working-directory /home/gitlab-runner|none"
    with hosting(tmp_path) as host:
        assert ran(host, EXECUTOR="shell").endswith(expected)


def test_only_with_vended_credentials_gitlab_runner_has_their_profile(tmp_path: Path) -> None:
    with hosting(tmp_path) as host:
        assert ran(host, CACHE_AUTH="vended").endswith("|/etc/gitlab-runner-fleet/aws-config")


def test_a_number_of_jobs_is_counted_by_gitlab_runner_itself(tmp_path: Path) -> None:
    with hosting(tmp_path) as host:
        found = ran(host, MAX_JOBS="3")
    assert found == f"run-single --config /etc/gitlab-runner/config.toml --runner ci-{INSTANCE_ID} --max-builds 3|none"
