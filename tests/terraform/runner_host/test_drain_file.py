"""The files as they are put on a host: what they need, what they refuse, what the units say."""

from __future__ import annotations

import ast
import configparser
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from terraform.runner_host import drain
from tests.terraform.runner_host.drain.unit import SETTINGS
from tests.terraform.runner_host.drain.world import host

FOLDER = Path(__file__).parents[3] / "terraform" / "runner_host"
SCRIPT = FOLDER / "drain.py"
FLEET = {
    "version": 1,
    "fleet": "ci",
    "region": "eu-west-1",
    "autoscaling_group": "ci-runners",
    "launching_hook": "ci-launching",
    "terminating_hook": "ci-terminating",
    "terminating_heartbeat_seconds": 600,
    "force_instance_deletion_seconds": 600,
    "max_jobs_per_instance": 0,
    "slots": 1,
    "executor": "docker",
    "log_group": "/ci/runner",
    "runner_unit": "gitlab-runner.service",
    "enter_unit": "gitlab-runner-fleet-enter.service",
    "runner_config": "/etc/gitlab-runner/config.toml",
    "runner_binary": "/usr/local/bin/gitlab-runner",
    "metrics_address": "127.0.0.1:9252",
}
# Of the standard library, what Python 3.7 does not have yet, or has no longer in 3.14.
TOO_NEW = {"tomllib", "zoneinfo", "graphlib", "removeprefix", "removesuffix", "batched", "pairwise", "readlink", "UTC"}
GONE = {"distutils", "imp", "asyncore", "utcnow", "utcfromtimestamp"}


def found(version: str) -> str | None:
    """Return a Python that works, from PATH or from pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    installed = [str(path) for path in sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}"))]
    for python in [*installed, f"python{version}"]:
        with contextlib.suppress(OSError):
            if subprocess.run([python, "--version"], check=False, capture_output=True, timeout=20).returncode == 0:
                return python
    return None


def unit(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string((FOLDER / name).read_text())
    return parser


def test_the_syntax_is_that_of_python_3_7() -> None:
    ast.parse(SCRIPT.read_text(), feature_version=(3, 7))


def test_only_the_standard_library_of_python_3_7_is_used() -> None:
    tree = ast.parse(SCRIPT.read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)} | imported
    assert names & (TOO_NEW | GONE) == set()


def test_a_round_that_hangs_ends_the_process() -> None:
    assert "signal.alarm(ROUND_SECONDS)" in SCRIPT.read_text()


def test_the_annotations_are_never_evaluated() -> None:
    assert "from __future__ import annotations" in SCRIPT.read_text()


@pytest.mark.parametrize("version", ["3.7", "3.8", "3.13"])
def test_it_starts_with_other_versions_of_python(version: str, tmp_path: Path) -> None:
    python = found(version)
    if python is None:
        pytest.skip(f"Python {version} is not installed: have it on PATH or in pyenv to run this test")
    (tmp_path / "fleet.json").write_text("{}")
    command = [python, "-I", str(SCRIPT), str(tmp_path / "fleet.json")]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=20)
    assert ended.returncode == 1
    assert ended.stderr.startswith("drain.py FLEET_JSON: ")
    assert "'fleet'" in ended.stderr


def test_what_bootstrap_writes_is_understood() -> None:
    settings = drain.read_settings(json.dumps(FLEET))
    assert settings.runner_binary == "/usr/local/bin/gitlab-runner"
    assert settings.cap_seconds == 600


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"region": None}, "region cannot be None", id="null"),
        pytest.param({"fleet": 5}, "fleet cannot be 5", id="a number for a name"),
        pytest.param(
            {"force_instance_deletion_seconds": "600"}, "force_instance_deletion_seconds cannot be '600'", id="text"
        ),
        pytest.param(
            {"force_instance_deletion_seconds": -1}, "force_instance_deletion_seconds cannot be -1", id="negative"
        ),
    ],
)
def test_a_configuration_that_cannot_be_used_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(drain.SettingsError, match=re.escape(message)):
        drain.read_settings(json.dumps({**FLEET, **change}))


@pytest.mark.parametrize(
    "name", ["fleet", "region", "autoscaling_group", "terminating_hook", "runner_unit", "enter_unit"]
)
def test_a_key_that_is_missing_is_named(name: str) -> None:
    with pytest.raises(drain.SettingsError, match=name):
        drain.read_settings(json.dumps({key: value for key, value in FLEET.items() if key != name}))


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", '"x"'])
def test_what_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(drain.SettingsError, match=r"."):
        drain.read_settings(text)


@pytest.mark.parametrize(
    ("force", "heartbeat", "cap"),
    [
        pytest.param(600, 600, 600, id="the default"),
        pytest.param(30, 30, 30, id="the shortest"),
        pytest.param(7200, 600, 7200, id="twelve heartbeats"),
        pytest.param(172800, 7200, 48 * 3600 - 60, id="two days"),
        pytest.param(172800, 30, 100 * 30 - 60, id="more than a hundred heartbeats"),
    ],
)
def test_the_cap_may_exceed_a_heartbeat_but_not_the_hook(force: int, heartbeat: int, cap: int) -> None:
    given = {"force_instance_deletion_seconds": force, "terminating_heartbeat_seconds": heartbeat}
    assert drain.read_settings(json.dumps({**FLEET, **given})).cap_seconds == cap


def test_several_commands_fit_between_two_heartbeats() -> None:
    assert SETTINGS.patience_seconds * 2 + drain.SYSTEMCTL_SECONDS <= SETTINGS.terminating_heartbeat_seconds


def test_no_output_of_unregister_reaches_the_log() -> None:
    each = host()
    world = each.world()

    def run(command: list[str], seconds: float) -> tuple[int, str]:
        return (0, "failed with glrt-canary") if "unregister" in command else world.run(command, seconds)

    each.terminate(each.now)
    each.serve(120, drain.Drain(each.settings, drain.World(**{**vars(world), "run": run})))
    assert each.reasons("unregister")[0] == "failed"
    assert "canary" not in json.dumps(each.lines)


def test_the_service_is_always_restarted() -> None:
    service = unit("drain.service")["Service"]
    assert (service["Restart"], unit("drain.service")["Install"]["WantedBy"]) == ("always", "multi-user.target")
    assert float(service["RestartSec"]) * 5 > 10  # systemd gives up after five starts in ten seconds
    slowest_round = 6 * drain.IMDS_SECONDS + 6 * drain.SYSTEMCTL_SECONDS + 2 * drain.Settings.command_seconds
    assert slowest_round < 0.5 * drain.ROUND_SECONDS  # after which an alarm ends it


def test_stopping_the_runner_lets_its_jobs_finish_however_long_they_take() -> None:
    runner = unit("gitlab-runner.conf")["Service"]
    # 0 is infinity in every version of systemd; only gitlab-runner is signalled, not its jobs.
    assert (runner["KillSignal"], runner["TimeoutStopSec"], runner["KillMode"]) == ("SIGQUIT", "0", "mixed")


def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is missing: it comes with systemd")
    service = (FOLDER / "drain.service").read_text().replace("/usr/bin/python3", sys.executable)
    (tmp_path / "gitlab-runner-drain.service").write_text(service)
    (tmp_path / "gitlab-runner.service").write_text("[Service]\nExecStart=/bin/true\nRestart=always\n")
    (tmp_path / "gitlab-runner.service.d").mkdir()
    shutil.copy(FOLDER / "gitlab-runner.conf", tmp_path / "gitlab-runner.service.d" / "10-drain.conf")
    command = ["systemd-analyze", "verify", "gitlab-runner-drain.service", "gitlab-runner.service"]
    environment = {"PATH": "/usr/bin:/bin", "SYSTEMD_UNIT_PATH": f"{tmp_path}:/lib/systemd/system"}
    ended = subprocess.run(
        command, check=False, capture_output=True, cwd=tmp_path, env=environment, text=True, timeout=60
    )
    about_ours = [line for line in ended.stderr.splitlines() if str(tmp_path) in line or "gitlab-runner" in line]
    assert about_ours == []
